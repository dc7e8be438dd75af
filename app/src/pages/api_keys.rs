//! API keys: which there are, a new one, and an end to one.

mod create;
mod created;
mod expiry;
mod filters;
mod revoke;
mod table;

use domain::{
    api_keys::{ApiKey, CreatedApiKey, Status},
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use self::{create::CreateSheet, created::CreatedDialog, filters::Filters, revoke::RevokeDialog, table::KeysTable};
use crate::{
    addresses::{Page, Query},
    api,
    components::{AsyncView, Button, EmptyState, Icon, Look, PageHead, Skeleton},
    state::{load, use_address, use_go, use_organization, watch},
};

/// The name in the address that opens the form for a new key: `?new=key`.
const NEW: &str = "new";

#[component]
pub fn ApiKeys() -> impl IntoView {
    let organization = use_organization();
    let go = use_go();
    let query = use_address(Query::parse);
    let path = StoredValue::new(Page::ApiKeys.path(&organization.slug()));
    let slug = organization.slug();
    let keys = load(move || api::api_keys::List { organization: slug.clone() });
    let created = RwSignal::new(None::<CreatedApiKey>);
    let revoking = RwSignal::new(None::<ApiKey>);

    let may_create = organization.may(Permission::ManageApiKeys);
    let creating = RwSignal::new(false);
    watch(move || creating.set(may_create && query.with(|query| query.text(NEW).is_some())));
    let address = move |new: Option<&str>| path.with_value(|path| query.get_untracked().with(NEW, new).on(path));
    let open_form = move || go.to(address(Some("key")));
    let close_form = move || {
        if query.with_untracked(|query| query.text(NEW).is_some()) {
            go.replace(address(None));
        }
    };

    let description = move || {
        let whose = match organization.reach(Permission::ViewApiKeys) {
            Some(Reach::Own) => "Your own keys.",
            _ => "All keys of the organization.",
        };
        view! { {whose} " A secret is shown once, when it is made. " {move || keys.with(|keys| keys.map(|keys| summary(keys)))} }
    };
    view! {
        <PageHead title=Page::ApiKeys.label() description>
            {may_create
                .then(|| view! { <Button look=Look::Primary icon=Icon::Plus on_press=open_form>"Create key"</Button> })}
        </PageHead>
        <AsyncView answer=keys skeleton=|| view! { <div class="card"><Skeleton lines=6/></div> } let:keys>
            {move || {
                if keys.with(Vec::is_empty) {
                    view! { <NoKeys may_create on_create=open_form/> }.into_any()
                } else {
                    view! {
                        <Filters query path/>
                        <KeysTable keys query on_revoke=move |key: ApiKey| revoking.set(Some(key))/>
                    }
                        .into_any()
                }
            }}
        </AsyncView>
        <CreateSheet
            open=creating
            on_close=close_form
            on_created=move |key: CreatedApiKey| {
                keys.refresh();
                creating.set(false);
                created.set(Some(key));
            }
        />
        <CreatedDialog created/>
        <RevokeDialog revoking on_revoked=move || keys.refresh()/>
    }
}

/// `7 active, 1 rotating`
fn summary(keys: &[ApiKey]) -> String {
    let count = |status: Status| {
        let count = keys.iter().filter(|key| key.status == status).count();
        (count > 0).then(|| format!("{count} {}", status.name()))
    };
    let counts: Vec<_> = [Status::Active, Status::Rotating].into_iter().filter_map(count).collect();
    if counts.is_empty() { String::new() } else { format!("{}.", counts.join(", ")) }
}

#[component]
fn NoKeys(may_create: bool, #[prop(into)] on_create: Callback<()>) -> impl IntoView {
    view! {
        <div class="card">
            <EmptyState icon=Icon::Key title="No keys yet">
                <p>
                    "A key lets a program call models through this gateway. It says which project the calls belong to,
                    which models it may use, and until when; every call is counted and priced under it."
                </p>
                {may_create
                    .then(|| {
                        view! { <Button look=Look::Primary icon=Icon::Plus on_press=on_create>"Create the first key"</Button> }
                    })}
            </EmptyState>
        </div>
    }
}
