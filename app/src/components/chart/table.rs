use leptos::prelude::*;

use super::data::{ChartData, ChartSeries};
use crate::{
    components::Name,
    lean::{CollectAny, When},
};

/// Number of rows up to which the table isn't scrolled: a month of days.
const MAX_WHOLE_ROWS: usize = 31;

/// The chart's values as a table, rendered once it is opened.
#[component]
pub(super) fn ChartTable(data: Memo<ChartData>, label: Signal<String>) -> impl IntoView {
    let details = NodeRef::<leptos::html::Details>::new();
    let open = RwSignal::new(false);
    let on_toggle = move |_| {
        open.set(details.get_untracked().is_some_and(|details| details.open()));
    };
    let rows = Memo::new(move |_| data.with(|data| data.buckets.len()));
    let is_long = move || rows.get() > MAX_WHOLE_ROWS;
    view! {
        <details class="chart-table" node_ref=details on:toggle=on_toggle>
            <summary>"Show as a table"</summary>
            <When when=move || open.get()>
                <p class="chart-table-note" hidden=move || !is_long()>
                    {move || rows.get()} " rows. Scroll to see them all."
                </p>
                <div class="chart-table-scroll" class:long=is_long tabindex="0" role="region" aria-label=label>
                    <table>
                        <caption class="visually-hidden">{label}</caption>
                        {move || data.with(table)}
                    </table>
                </div>
            </When>
        </details>
    }
}

fn table(data: &ChartData) -> impl IntoView + use<> {
    let unit = data.unit;
    let head = |series: &ChartSeries| {
        view! { <th scope="col" class="num"><Name name=series.label.clone()/></th> }
    };
    let heads = data.series.iter().map(head).collect_any();
    let row = |bucket: usize| {
        let bucket_data = &data.buckets[bucket];
        let name = match bucket_data.href.clone() {
            Some(href) => view! { <a href=href>{bucket_data.title.clone()}</a> }.into_any(),
            None => bucket_data.title.clone().into_any(),
        };
        let values = data.series.iter().map(|series| {
            let value = unit.format_known(series.value(bucket).into(), series.is_unknown(bucket));
            view! { <td class="num">{value}</td> }
        });
        view! {
            <tr>
                <th scope="row">{name}</th>
                {values.collect_any()}
                <td class="num">{data.format_total(bucket)}</td>
            </tr>
        }
    };
    let rows = (0..data.buckets.len()).map(row).collect_any();
    let is_unknown = |series: &ChartSeries| series.unknown.contains(&true);
    let sums = data.series.iter().map(|series| {
        view! { <td class="num">{unit.format_known(series.total(), is_unknown(series))}</td> }
    });
    let sum = unit.format_known(data.sum(), data.series.iter().any(is_unknown));
    view! {
        <thead><tr><th scope="col">"Time"</th>{heads}<th scope="col" class="num">"Total"</th></tr></thead>
        <tbody>{rows}</tbody>
        <tfoot><tr><th scope="row">"Total"</th>{sums.collect_any()}<td class="num">{sum}</td></tr></tfoot>
    }
}
