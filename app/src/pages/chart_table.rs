//! The table behind a chart, whose code is loaded when one is first opened.

use leptos::{html, prelude::*};

use crate::{
    addresses::CodePart,
    components::chart::{ChartData, ChartValues},
    layout::LazyPart,
    lean::When,
};

/// The chart, for the table's code.
#[derive(Clone, Copy)]
struct TableContext {
    data: Memo<ChartData>,
    label: Signal<String>,
}

/// A line that unfolds a chart's values as a table named `label`.
#[component]
pub(super) fn ChartTable(data: Memo<ChartData>, #[prop(into)] label: Signal<String>) -> impl IntoView {
    provide_context(TableContext { data, label });
    let details = NodeRef::<html::Details>::new();
    let open = RwSignal::new(false);
    let on_toggle = move |_| open.set(details.get_untracked().is_some_and(|details| details.open()));
    view! {
        <details class="chart-table" node_ref=details on:toggle=on_toggle>
            <summary>"Show as a table"</summary>
            <When when=move || open.get()><LazyPart part=CodePart::ChartTable wanted=true/></When>
        </details>
    }
}

/// The table, for the [`TableContext`] in the context.
#[component]
pub fn ChartTableContent() -> impl IntoView {
    let TableContext { data, label } = expect_context();
    view! { <ChartValues data label/> }
}
