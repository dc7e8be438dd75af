//! The list of keys, a page at a time.

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
    bulk::BulkBar, empty::Empty, filters::Filters, pager::Pager, selection::KeySelection, statuses::Statuses,
    table::KeysTable,
};
use super::{
    actions::{CreateFormAddress, KeyActions},
    dialogs::Dialogs,
    refresh::{follow_uses, refresh_when_due},
};
use crate::{
    addresses::{KeysAddress, Page},
    api,
    components::{AsyncView, Button, ButtonStyle, Icon, PageHead, Skeleton, ZoneNote},
    pages::{
        export::Export,
        usage::{plural, with_organization},
    },
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
    let form = may_create.then(|| CreateFormAddress {
        is_open: Memo::new(move |_| address.with(|address| address.creating)),
        leave: Callback::new(move |()| go.replace(with_form(false))),
    });
    let actions = KeyActions::new(keys, form, || {});
    let create = move || go.to(with_form(true));
    let export_facts = Signal::derive(move || {
        let total = keys.with(|page| page.map(|page| page.total));
        total.map(|total| vec![("Rows", plural(total, "key"))]).unwrap_or_default()
    });

    let scope = match organization.reach(Permission::ViewApiKeys) {
        Some(Reach::Own) => "Keys you created. ",
        _ => "All keys in this organization. ",
    };
    view! {
        <PageHead
            title=Page::ApiKeys.label()
            description=move || view! { {scope} "Secrets are shown only once." }
            live=true
            secondary=move || view! {
                <Export href=Signal::derive(move || export(&organization.slug(), &address.get())) facts=export_facts/>
            }
        >
            {may_create
                .then(|| view! { <Button style=ButtonStyle::Primary icon=Icon::Plus on_press=create>"Create key"</Button> })}
        </PageHead>
        <div class="keys">
            <AsyncView answer=keys skeleton=|| view! { <div class="card"><Skeleton lines=8/></div> } let:page>
                <Keys page address actions may_create on_create=create/>
            </AsyncView>
        </div>
        <Dialogs actions/>
    }
}

/// A page of keys with its filters.
#[component]
fn Keys(
    page: ReadSignal<KeyPage>,
    address: Memo<KeysAddress>,
    actions: KeyActions,
    may_create: bool,
    #[prop(into)] on_create: Callback<()>,
) -> impl IntoView {
    let selection = KeySelection::new(page, address);
    let has_no_keys = Memo::new(move |_| page.with(|page| !page.has_keys));
    let is_page_empty = Memo::new(move |_| page.with(|page| page.keys.is_empty()));
    move || {
        if has_no_keys.get() {
            return view! { <Empty address page may_create on_create/> }.into_any();
        }
        view! {
            <div class="keys-bar">
                <Statuses page address/>
                <Filters address/>
            </div>
            {move || {
                if is_page_empty.get() {
                    view! { <Empty address page may_create on_create/> }.into_any()
                } else {
                    view! {
                        <section class="card table-card">
                            <KeysTable page address actions selection/>
                            <Pager page address/>
                        </section>
                        <ZoneNote/>
                        <BulkBar selection actions/>
                    }
                        .into_any()
                }
            }}
        }
        .into_any()
    }
}

/// The address of all pages as CSV.
fn export(organization: &str, address: &KeysAddress) -> String {
    with_organization(organization, address.narrowed(|_| {}).to_query()).append_to("/api/api_keys/export.csv")
}
