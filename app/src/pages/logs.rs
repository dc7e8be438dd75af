//! The logs page: every call, one by one.

mod activity;
mod attempts;
mod bodies;
mod body_view;
mod call_content;
mod call_link;
mod call_list;
mod call_page;
mod call_panel;
mod call_search;
mod call_table;
mod controls;
mod conversation;
mod cost;
mod delete_bodies;
mod facts;
mod following;
mod load_more;
mod open_call;
mod outcome;
mod rejection;
mod replay;
mod summary;
mod timing;

use domain::{
    permissions::{Permission, Reach},
    usage::Filter,
};
use leptos::{html, prelude::*};

pub(super) use self::outcome::{StatusBadge, cost_text, duration_text};
use self::{
    activity::Activity,
    call_list::CallList,
    call_panel::CallPanel,
    call_table::CallTable,
    controls::{Controls, describe_range},
    delete_bodies::DeleteBodies,
    following::{FollowedList, NewCalls},
    load_more::{LoadMore, not_kept},
};
pub(crate) use self::{call_content::CallContent, call_page::CallPage};
use super::{export::Export, usage::with_organization};
use crate::{
    addresses::{LogsAddress, Page},
    components::{Awaited, EmptyState, Icon, PageHead, Skeleton, zone_name},
    lean::When,
    state::{use_address, use_live, use_organization, use_zone},
};

/// The page's address with other calls, or with another call open.
pub(super) type CallsHref = Callback<(LogsAddress,), String>;

/// The calls of a time range, newest first, with one of them open in a panel.
#[component]
pub fn Logs() -> impl IntoView {
    let organization = use_organization();
    let address = use_address(LogsAddress::parse);
    let href = Callback::new(move |(address,): (LogsAddress,)| address.href(&organization.slug()));
    let file = Signal::derive(move || export(&organization.slug(), &address.get()));
    let facts = Signal::derive(move || export_facts(&address.get(), organization.time_zone()));
    view! {
        <PageHead
            title="Logs"
            description=|| "All API calls, newest first"
            live=true
            secondary=move || view! { <DeleteBodies address/> <Export href=file facts/> }
        />
        <Calls address href/>
    }
}

/// The calls that `address` asks for and their controls, on a page whose other addresses `href` makes.
#[component]
pub(super) fn Calls(
    address: Memo<LogsAddress>,
    href: CallsHref,
    /// Whether the page is that of one key and lists only its calls.
    #[prop(optional)]
    of_key: bool,
    /// Whether more calls can come: a key that was revoked makes none.
    #[prop(default = true.into(), into)]
    can_grow: Signal<bool>,
) -> impl IntoView {
    let zone = use_zone();
    let list = CallList::new(address);
    use_live().follow(move || list.check_for_new());
    let top = NodeRef::<html::Div>::new();
    let is_open = Memo::new(move |_| address.with(|address| address.call.is_some()));
    let followed = FollowedList::new(list, top, is_open);

    let is_empty = move || list.calls().with(Vec::is_empty);
    view! {
        <div class="logs">
            <Controls address href of_key/>
            <Activity address href/>
            <div class="call-list" node_ref=top>
                <NewCalls followed/>
                <Awaited progress=list.progress() skeleton=|| view! { <Skeleton lines=12/> }>
                    <When when=move || !is_empty() fallback=move || view! { <NoCalls list address href of_key can_grow/> }>
                        <section class="card table-card">
                            <CallTable list address zone href/>
                            <LoadMore list/>
                        </section>
                    </When>
                </Awaited>
            </div>
            <CallPanel list address zone href/>
        </div>
    }
}

/// The page's content without any calls, with links to wider selections.
#[component]
fn NoCalls(
    list: CallList,
    address: Memo<LogsAddress>,
    href: CallsHref,
    of_key: bool,
    can_grow: Signal<bool>,
) -> impl IntoView {
    let organization = use_organization();
    let zone = use_zone();
    let may_create = organization.may(Permission::ManageApiKeys);
    let sees_all = organization.reach(Permission::ViewLogs).is_some_and(Reach::is_organization_wide);
    let is_bounded =
        move || address.with(|address| address.range.is_some() || address.from.is_some() || address.to.is_some());
    let is_filtered = move || {
        address.with(|address| chosen_filter(&address.filter, of_key) != Filter::default() || address.outcome.is_some())
    };
    let any_time = move || href.run((address.get().with_range(None),));
    let unfiltered = move || href.run((LogsAddress { filter: Filter::default(), outcome: None, ..address.get() },));
    let is_narrowed = Memo::new(move |_| is_bounded() || is_filtered());
    let content = move || {
        let narrowed = is_narrowed.get();
        let text = if narrowed {
            "No calls match the time range and filters."
        } else if list.kept_since().is_some() {
            "There are no calls in the time for which they are stored."
        } else if of_key {
            "This key hasn't been used."
        } else if sees_all {
            "No calls yet."
        } else {
            "No calls yet in the projects assigned to you."
        };
        view! {
            <EmptyState icon=Icon::List title=if narrowed { "No matching calls" } else { "No calls yet" }>
                <p>
                    {text}
                    <When when=move || can_grow.get()>" New calls will appear here automatically."</When>
                </p>
                {move || not_kept(list, zone).map(|text| view! { <p>{text}</p> }.into_any())}
                <p class="acts">
                    <When when=is_bounded><a class="button" href=any_time>"Any time"</a></When>
                    <When when=is_filtered><a class="button" href=unfiltered>"Clear filters"</a></When>
                    <When when=move || !is_narrowed.get() && !of_key && may_create>
                        <a class="button primary" href=Page::ApiKeys.path(&organization.slug())>"API keys"</a>
                    </When>
                </p>
            </EmptyState>
        }
    };
    view! { <div class="card">{content}</div> }
}

/// The filter that the user chose: without the key on that key's own page.
fn chosen_filter(filter: &Filter, of_key: bool) -> Filter {
    Filter { api_key: filter.api_key.filter(|_| !of_key), ..filter.clone() }
}

/// What the file of the calls holds.
pub(super) fn export_facts(address: &LogsAddress, organization_zone: String) -> Vec<(&'static str, String)> {
    let zone = address.time_zone.clone().unwrap_or(organization_zone);
    vec![
        ("Time range", describe_range(address, &zone)),
        ("Time zone", zone_name(&zone)),
        ("Rows", "One for each call that matches the filters".to_owned()),
    ]
}

/// The address of the calls as CSV.
pub(super) fn export(organization: &str, address: &LogsAddress) -> String {
    let address = LogsAddress { call: None, ..address.clone() };
    with_organization(organization, address.to_query()).append_to("/api/calls/export.csv")
}
