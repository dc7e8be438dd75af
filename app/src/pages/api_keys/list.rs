//! All keys, a page at a time.

mod bulk;
mod empty;
mod filters;
mod pager;
mod selection;
mod statuses;
mod table;

use domain::{
    api_keys::KeyPage,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use self::{
    bulk::BulkBar, empty::Empty, filters::Filters, pager::Pager, selection::Selection, statuses::Statuses,
    table::KeysTable,
};
use super::{
    actions::{Deeds, Dialogs, FormAddress},
    key::{follow_uses, refresh_when_due},
};
use crate::{
    addresses::{KeysAddress, Page},
    api,
    components::{AsyncView, Button, Export, Icon, LiveSign, Look, PageHead, Skeleton},
    pages::usage::with_organization,
    state::{load, use_address, use_go, use_organization},
};

#[component]
pub(super) fn KeyList() -> impl IntoView {
    let organization = use_organization();
    let address = use_address(KeysAddress::parse);
    let query = Memo::new(move |_| address.with(|address| address.query.clone()));
    let keys = load(move || api::api_keys::List { organization: organization.slug(), query: query.get() });
    follow_uses(move || keys.refresh());
    refresh_when_due(
        move || keys.with(|page| page.map(|page| page.keys.clone()).unwrap_or_default()),
        move || keys.refresh(),
    );

    let may_create = organization.may(Permission::ManageApiKeys);
    let go = use_go();
    let with_form =
        move |creating: bool| KeysAddress { creating, ..address.get_untracked() }.href(&organization.slug());
    let form = may_create.then(|| FormAddress {
        is_open: Memo::new(move |_| address.with(|address| address.creating)),
        leave: Callback::new(move |()| go.replace(with_form(false))),
    });
    let deeds = Deeds::about(keys, form, || {});
    let create = move || go.to(with_form(true));

    let whose = match organization.reach(Permission::ViewApiKeys) {
        Some(Reach::Own) => "Your own keys. ",
        _ => "All keys of the organization. ",
    };
    view! {
        <PageHead
            title=Page::ApiKeys.label()
            description=move || view! { {whose} "A secret is shown once, when it is made." }
        >
            <LiveSign/>
            <Export href=Signal::derive(move || export(&organization.slug(), &address.get()))/>
            {may_create
                .then(|| view! { <Button look=Look::Primary icon=Icon::Plus on_press=create>"Create key"</Button> })}
        </PageHead>
        <div class="keys">
            <AsyncView answer=keys skeleton=|| view! { <div class="card"><Skeleton lines=8/></div> } let:page>
                <Keys page address deeds may_create on_create=create/>
            </AsyncView>
        </div>
        <Dialogs deeds/>
    }
}

/// A page of keys, and what narrows it.
#[component]
fn Keys(
    page: ReadSignal<KeyPage>,
    address: Memo<KeysAddress>,
    deeds: Deeds,
    may_create: bool,
    #[prop(into)] on_create: Callback<()>,
) -> impl IntoView {
    let selection = Selection::new(page, address);
    let none_at_all = Memo::new(move |_| page.with(|page| page.statuses.is_empty()));
    let none = Memo::new(move |_| page.with(|page| page.keys.is_empty()));
    move || {
        if none_at_all.get() {
            return view! { <Empty address page may_create on_create/> }.into_any();
        }
        view! {
            <Statuses page address/>
            <Filters address/>
            {move || {
                if none.get() {
                    view! { <Empty address page may_create on_create/> }.into_any()
                } else {
                    view! {
                        <section class="card table-card">
                            <KeysTable page address deeds selection/>
                            <Pager page address/>
                        </section>
                        <BulkBar selection deeds/>
                    }
                        .into_any()
                }
            }}
        }
        .into_any()
    }
}

/// Where the same comes as CSV: all pages of it.
fn export(organization: &str, address: &KeysAddress) -> String {
    with_organization(organization, address.narrowed(|_| {}).to_query()).on("/api/api_keys/export.csv")
}
