//! What is the same for tables of all types, and so is compiled only once.

use leptos::{ev, prelude::*};

use super::{
    Sort,
    column::{Head, Place},
};
use crate::{
    components::{CollectAny, Icon, IconView, kit::dialog::closest},
    state::{Go, use_go},
};

/// A row as it is shown.
pub(super) struct Row {
    /// One for each column.
    pub(super) cells: Vec<AnyView>,
    /// Where it leads.
    pub(super) href: Option<Box<dyn Fn() -> String + Send>>,
    /// Whether it is the one that is open.
    pub(super) open: Option<Box<dyn Fn() -> bool + Send>>,
}

pub(super) fn table(
    caption: String,
    heads: Vec<(Head, Option<ViewFn>)>,
    rows: Box<dyn Fn() -> Vec<Row> + Send>,
    sort: Option<Sort>,
    foot: Option<ViewFn>,
) -> impl IntoView {
    let go = use_go();
    let headers = heads.iter().map(|(head, control)| header(*head, control.as_ref(), sort)).collect_any();
    let heads: Vec<Head> = heads.into_iter().map(|(head, _)| head).collect();
    // In a table that is shown as cards, browsers forget what its parts are: the roles say it again.
    view! {
        <table class="data-table" role="table">
            <caption class="visually-hidden">{caption}</caption>
            <thead role="rowgroup">
                <tr role="row">{headers}</tr>
            </thead>
            <tbody role="rowgroup">{move || rows().into_iter().map(|shown| row(&heads, shown, go)).collect_any()}</tbody>
            {foot.map(|foot| view! { <tfoot role="rowgroup">{foot.run()}</tfoot> }.into_any())}
        </table>
    }
}

fn row(heads: &[Head], row: Row, go: Go) -> AnyView {
    let Row { cells, href, open } = row;
    let leads = href.is_some();
    let pressed = move |event: ev::MouseEvent| {
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
            class:leads=leads
            aria-current=move || open.as_ref().and_then(|open| open().then_some("true"))
            on:click=pressed
        >
            {cells}
        </tr>
    }
    .into_any()
}

fn cell(head: Head, content: AnyView) -> AnyView {
    let class = match head.place {
        Place::Title => "at-title",
        Place::Value => "at-value",
        Place::Detail => "at-detail",
        Place::Act => "at-act",
        Place::Choice => "at-choice",
        Place::Hidden => "at-hidden",
    };
    view! {
        <td role="cell" class=class class:numeric=head.numeric class:spare=head.spare data-label=head.header>
            {content}
        </td>
    }
    .into_any()
}

/// A column's header; a button where rows can be sorted by it.
fn header(head: Head, control: Option<&ViewFn>, sort: Option<Sort>) -> AnyView {
    let Head { header: name, numeric, spare, .. } = head;
    if let Some(control) = control {
        return view! { <th role="columnheader" scope="col" class="at-choice">{control.run()}</th> }.into_any();
    }
    let Some(sort) = sort.filter(|_| head.sortable) else {
        let name = if head.place == Place::Act {
            view! { <span class="visually-hidden">{name}</span> }.into_any()
        } else {
            name.into_any()
        };
        return view! { <th role="columnheader" scope="col" class:numeric=numeric class:spare=spare>{name}</th> }
            .into_any();
    };
    view! {
        <th role="columnheader" scope="col" class:numeric=numeric class:spare=spare aria-sort=move || sort.direction(name)>
            <button type="button" on:click=move |_| sort.by(name, numeric)>
                {name} <IconView icon=Icon::ArrowDown/>
            </button>
        </th>
    }
    .into_any()
}
