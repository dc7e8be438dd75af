//! The table of calls, of whose rows only those around the window are in the document.

use std::sync::Arc;

use domain::{
    calls::{Call, LogColumn, Outcome},
    ids::CallId,
};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    CallsHref,
    call_list::CallList,
    cells::{layout, time, value},
    columns::ColumnChoice,
    row_window::RowWindow,
};
use crate::{
    addresses::LogsAddress,
    components::closest,
    lean::{CollectAny, KeyedRow, keyed_rows},
    state::use_go,
};

/// Beginning of the ids of links that open calls.
const LINK_ID_PREFIX: &str = "open-";

/// Id of the link that opens a call; the focus returns to it.
pub(super) fn link_id(call: CallId) -> String {
    format!("{LINK_ID_PREFIX}{call}")
}

/// The call whose link has the focus.
pub(super) fn focused_call() -> Option<CallId> {
    document().active_element()?.id().strip_prefix(LINK_ID_PREFIX)?.parse().ok()
}

/// Gives the focus to the link of a call, now or once its row is in the document.
pub(super) fn focus_call(call: CallId) {
    if !try_to_focus(call) {
        request_animation_frame(move || {
            try_to_focus(call);
        });
    }
}

/// Gives the focus to the link of a call; returns whether it is in the document.
fn try_to_focus(call: CallId) -> bool {
    let link = document().get_element_by_id(&link_id(call));
    let link = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok());
    link.is_some_and(|link| link.focus().is_ok())
}

/// Calls in rows of one height each, newest first. Screen readers are told the place of each row in the whole list.
#[component]
pub(super) fn CallTable(
    list: CallList,
    window: RowWindow,
    columns: ColumnChoice,
    address: Memo<LogsAddress>,
    zone: Memo<String>,
    href: CallsHref,
) -> impl IntoView {
    let go = use_go();
    let on_click = move |event: ev::MouseEvent| {
        let Some(row) = closest(&event, "tr[aria-rowindex]") else { return };
        let is_interactive = closest(&event, "a, button").is_some();
        let is_selecting =
            leptos::prelude::window().get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed());
        if is_interactive || is_selecting {
            return;
        }
        let link = row.query_selector("a").ok().flatten();
        if let Some(href) = link.and_then(|link| link.get_attribute("href")) {
            go.to(href);
        }
    };
    // The header is a row too. Where there may be more calls, their number isn't known (ARIA, `aria-rowcount`).
    let row_count = move || if list.has_more() { "-1".to_owned() } else { (list.len() + 1).to_string() };
    let before = move || space(window.range(list.len()).0);
    let after = move || space(list.len() - window.range(list.len()).1);
    let rows = move || {
        // Other columns or another zone make other rows.
        let look = Arc::new(RowLook { columns: columns.shown(), is_chosen: columns.is_chosen(), zone: zone.get() });
        let context = RowContext { list, address, href };
        let visible = Memo::new(move |_| {
            let (from, to) = window.range(list.len());
            list.calls(from, to)
        });
        keyed_rows(move || {
            let keyed = |call: Call| {
                let look = Arc::clone(&look);
                KeyedRow::new(call.id.uuid().as_u128(), move || row(context, &look, &call))
            };
            visible.get().into_iter().map(keyed).collect::<Vec<_>>()
        })
    };
    view! {
        <div class="table-scroll">
            <table class="log-table" role="table" aria-rowcount=row_count>
                <caption class="visually-hidden">"Calls, newest first"</caption>
                <thead role="rowgroup">
                    <tr role="row" aria-rowindex="1">
                        <th role="columnheader" scope="col" class="time at-below-aside">"Time"</th>
                        {move || {
                            let is_chosen = columns.is_chosen();
                            columns.shown().into_iter().map(|column| header(column, is_chosen)).collect_any()
                        }}
                    </tr>
                </thead>
                <tbody role="rowgroup" node_ref=window.body() on:click=on_click>
                    <tr class="row-space" aria-hidden="true" style:block-size=before></tr>
                    {rows}
                    <tr class="row-space" aria-hidden="true" style:block-size=after></tr>
                </tbody>
            </table>
        </div>
    }
}

/// The height of rows that aren't in the document, as the stylesheet knows it.
fn space(rows: usize) -> String {
    format!("calc({rows} * var(--log-row))")
}

/// What is the same for all rows, and replaces them if it changes.
struct RowLook {
    columns: Vec<LogColumn>,
    is_chosen: bool,
    zone: String,
}

/// What a row follows while it is in the document.
#[derive(Clone, Copy)]
struct RowContext {
    list: CallList,
    address: Memo<LogsAddress>,
    href: CallsHref,
}

fn row(RowContext { list, address, href }: RowContext, look: &RowLook, call: &Call) -> AnyView {
    let id = call.id;
    let outcome = match call.outcome {
        Outcome::Succeeded => "",
        Outcome::Failed | Outcome::Interrupted => "failed",
        Outcome::Refused => "rejected",
    };
    // The other filters may change while the row stays.
    let link = move || href.run((LogsAddress { call: Some(id), ..address.get() },));
    let index = move || list.position(id).map(|index| (index + 2).to_string());
    let is_open = move || address.with(|address| address.call == Some(id));
    let cells = look.columns.iter().map(|column| cell(*column, look.is_chosen, call)).collect_any();
    view! {
        <tr
            role="row"
            class=outcome
            aria-rowindex=index
            aria-current=move || is_open().then_some("true")
        >
            <td role="cell" class="time at-below-aside">
                <a class="call-time" id=link_id(id) href=link>{time(call.started_at, look.zone.clone())}</a>
            </td>
            {cells}
        </tr>
    }
    .into_any()
}

fn cell(column: LogColumn, is_chosen: bool, call: &Call) -> AnyView {
    view! { <td role="cell" class=classes(column, is_chosen)>{value(column, call)}</td> }.into_any()
}

fn header(column: LogColumn, is_chosen: bool) -> AnyView {
    view! { <th role="columnheader" scope="col" class=classes(column, is_chosen)>{column.label()}</th> }.into_any()
}

/// The classes of a column's cells. Columns that the member chose give way to none: the table scrolls instead.
fn classes(column: LogColumn, is_chosen: bool) -> String {
    let layout = layout(column);
    if is_chosen { layout.class.to_owned() } else { format!("{} {}", layout.class, layout.room) }
}
