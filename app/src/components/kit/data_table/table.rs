//! The part of tables that is independent of the rows' type, and so is compiled only once.

use leptos::{ev, prelude::*};

use super::{
    column::{CardPosition, ColumnHead},
    sort::Sort,
};
use crate::{
    components::{Icon, IconView, kit::dialog::closest},
    lean::CollectAny,
    state::{Go, use_go},
};

/// A rendered row.
pub(super) struct TableRow {
    /// Cells, one for each column.
    pub(super) cells: Vec<AnyView>,
    /// Address that the row links to.
    pub(super) href: Option<Box<dyn Fn() -> String + Send>>,
    /// Whether the row is open.
    pub(super) open: Option<Box<dyn Fn() -> bool + Send>>,
}

pub(super) fn table(
    caption: String,
    heads: Vec<(ColumnHead, Option<ViewFn>)>,
    rows: Box<dyn Fn() -> Vec<TableRow> + Send>,
    sort: Option<Sort>,
    foot: Option<ViewFn>,
) -> impl IntoView {
    let go = use_go();
    let headers = heads.iter().map(|(head, control)| header(*head, control.as_ref(), sort)).collect_any();
    let heads: Vec<ColumnHead> = heads.into_iter().map(|(head, _)| head).collect();
    // Browsers drop the semantics of a table that is shown as cards: the roles restore them. Arrow keys scroll from any
    // link or button of a row, so what is scrolled needs no focus of its own.
    view! {
        <div class="table-scroll">
            <table class="data-table" role="table">
                <caption class="visually-hidden">{caption}</caption>
                <thead role="rowgroup">
                    <tr role="row">{headers}</tr>
                </thead>
                <tbody role="rowgroup">
                    {move || rows().into_iter().map(|table_row| row(&heads, table_row, go)).collect_any()}
                </tbody>
                {foot.map(|foot| view! { <tfoot role="rowgroup">{foot.run()}</tfoot> }.into_any())}
            </table>
        </div>
    }
}

fn row(heads: &[ColumnHead], row: TableRow, go: Go) -> AnyView {
    let TableRow { cells, href, open } = row;
    let has_href = href.is_some();
    let on_click = move |event: ev::MouseEvent| {
        let Some(href) = &href else { return };
        let interactive = closest(&event, "a, button, input, select, label, [popover]").is_some();
        let selecting = window().get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed());
        if !interactive && !selecting {
            go.to(href());
        }
    };
    let cells = heads.iter().zip(cells).map(|(head, content)| cell(*head, content)).collect_any();
    view! {
        <tr
            role="row"
            class:clickable=has_href
            aria-current=move || open.as_ref().and_then(|open| open().then_some("true"))
            on:click=on_click
        >
            {cells}
        </tr>
    }
    .into_any()
}

fn cell(head: ColumnHead, content: AnyView) -> AnyView {
    view! { <td role="cell" class=head.classes() data-label=head.header>{content}</td> }.into_any()
}

/// A column's header; a button where rows can be sorted by it.
fn header(head: ColumnHead, control: Option<&ViewFn>, sort: Option<Sort>) -> AnyView {
    let (name, numeric) = (head.header, head.numeric);
    let sort = sort.filter(|_| head.sortable);
    let content = match (control, sort) {
        (Some(control), _) => control.run(),
        (None, Some(sort)) => view! {
            <button type="button" on:click=move |_| sort.toggle(name, numeric)>
                {name} <IconView icon=Icon::ArrowDown/>
            </button>
        }
        .into_any(),
        (None, None) if head.position == CardPosition::Action => {
            view! { <span class="visually-hidden">{name}</span> }.into_any()
        }
        (None, None) => name.into_any(),
    };
    let direction = move || sort.and_then(|sort| sort.direction(name));
    view! { <th role="columnheader" scope="col" class=head.classes() aria-sort=direction>{content}</th> }.into_any()
}
