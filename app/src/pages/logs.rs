//! The logs page: every call, one by one.

mod activity;
mod bodies;
mod call_list;
mod call_panel;
mod call_search;
mod call_table;
mod controls;
mod cost;
mod facts;
mod following;
mod load_more;
mod outcome;
mod rejection;
mod summary;
mod timing;

use domain::usage::Filter;
use leptos::{html, prelude::*};

pub(super) use self::outcome::{StatusBadge, cost_text, duration_text};
use self::{
    activity::Activity,
    call_list::CallList,
    call_panel::CallPanel,
    call_table::CallTable,
    controls::Controls,
    following::{FollowedList, NewCalls},
    load_more::{LoadMore, not_kept},
};
use super::usage::with_organization;
use crate::{
    addresses::{LogsAddress, Page},
    components::{Awaited, EmptyState, Export, Icon, PageHead, Skeleton},
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
    view! {
        <PageHead
            title="Logs"
            description=|| "All API calls, newest first"
            live=true
            secondary=move || view! { <Export href=file/> }
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
                    <When when=move || !is_empty() fallback=move || view! { <NoCalls list address href of_key/> }>
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
fn NoCalls(list: CallList, address: Memo<LogsAddress>, href: CallsHref, of_key: bool) -> impl IntoView {
    let organization = use_organization();
    let is_bounded =
        move || address.with(|address| address.range.is_some() || address.from.is_some() || address.to.is_some());
    let is_filtered = move || {
        address.with(|address| chosen_filter(&address.filter, of_key) != Filter::default() || address.outcome.is_some())
    };
    let any_time = move || href.run((address.get().with_range(None),));
    let unfiltered = move || href.run((LogsAddress { filter: Filter::default(), outcome: None, ..address.get() },));
    let is_narrowed = Memo::new(move |_| is_bounded() || is_filtered());
    let content = move || {
        let (title, text) = match (is_narrowed.get(), of_key) {
            (true, _) => ("No matching calls", "No calls match the time range and filters above."),
            (false, true) => ("No calls yet", "This key hasn't been used."),
            (false, false) => ("No calls yet", "New calls will appear here automatically."),
        };
        view! {
            <EmptyState icon=Icon::List title>
                <p>{text}</p>
                {move || not_kept(list, organization).map(|text| view! { <p>{text}</p> }.into_any())}
                <p class="acts">
                    <When when=is_bounded><a class="button" href=any_time>"Any time"</a></When>
                    <When when=is_filtered><a class="button" href=unfiltered>"Clear filters"</a></When>
                    <When when=move || !is_narrowed.get() && !of_key>
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

/// The address of the calls as CSV.
pub(super) fn export(organization: &str, address: &LogsAddress) -> String {
    let address = LogsAddress { call: None, ..address.clone() };
    with_organization(organization, address.to_query()).append_to("/api/calls/export.csv")
}
