//! The logs page: every call, one by one.

mod activity;
mod activity_text;
mod attempts;
mod bar_range;
mod bodies;
mod body_view;
mod call_content;
mod call_link;
mod call_list;
mod call_page;
mod call_panel;
mod call_search;
mod call_suggestions;
mod call_table;
mod cells;
mod column_dialog;
mod columns;
mod controls;
mod conversation;
mod cost;
mod delete_bodies;
mod facets;
mod facts;
mod following;
mod keys;
mod list_end;
mod names;
mod narrowing;
mod no_calls;
mod open_call;
mod outcome;
mod places;
mod rejection;
mod replay;
mod row_window;
mod search_draft;
mod summary;
mod timing;

use domain::saved_views::ViewedPage;
use leptos::{html, prelude::*};

pub(super) use self::outcome::{StatusBadge, cost_text, duration_text};
use self::{
    activity::Activity,
    call_list::CallList,
    call_panel::CallPanel,
    call_table::CallTable,
    columns::{ColumnChoice, ColumnsButton},
    controls::{Controls, describe_range},
    delete_bodies::DeleteBodies,
    following::{FollowedList, NewCalls},
    list_end::ListEnd,
    no_calls::NoCalls,
    row_window::RowWindow,
};
pub(crate) use self::{
    call_content::CallContent, call_page::CallPage, call_suggestions::SuggestedTerms, column_dialog::LogColumnsDialog,
    conversation::CallConversation, delete_bodies::BodyDeletionDialog, replay::ReplayCode,
};
use super::{export::Export, saved_views::SavedViews, usage::with_organization};
use crate::{
    addresses::LogsAddress,
    components::{Awaited, PageHead, Skeleton, zone_name},
    lean::{When, watch},
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
    // The call that is open isn't part of a view.
    let view_query = Signal::derive(move || {
        let address = LogsAddress { call: None, ..address.get() };
        address.to_query().append_to("")
    });
    view! {
        <PageHead
            title="Logs"
            description=|| "All API calls, newest first"
            live=true
            secondary=move || view! {
                <SavedViews page=ViewedPage::Logs query=view_query/>
                <DeleteBodies address/>
                <Export href=file facts/>
            }
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
    let window = RowWindow::new(list);
    let columns = ColumnChoice::new();
    use_live().follow(move || list.check_for_new());
    let top = NodeRef::<html::Div>::new();
    let is_open = Memo::new(move |_| address.with(|address| address.call.is_some()));
    let followed = FollowedList::new(list, top, is_open);
    watch(move || {
        // Another list is shown from its top.
        if list.generation() > 1
            && let Some(top) = top.get_untracked().filter(|top| top.get_bounding_client_rect().top() < 0.0)
        {
            top.scroll_into_view();
        }
    });

    let is_empty = move || list.len() == 0;
    view! {
        <div class="logs">
            <Controls address href of_key/>
            <Activity address href/>
            <div class="call-list" node_ref=top>
                <NewCalls followed/>
                <Awaited progress=list.progress() skeleton=|| view! { <Skeleton lines=12/> }>
                    <When when=move || !is_empty() fallback=move || view! { <NoCalls list address href of_key can_grow/> }>
                        <section class="card table-card log-card">
                            <ColumnsButton columns/>
                            <CallTable list window columns address zone href/>
                            <ListEnd list address href/>
                        </section>
                    </When>
                </Awaited>
            </div>
            <CallPanel list window address zone href/>
        </div>
    }
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
