use leptos::prelude::*;

use super::data::{ChartData, ChartSeries};
use crate::{components::Name, lean::CollectAny};

/// Number of rows up to which the table isn't scrolled: a month of days.
const MAX_WHOLE_ROWS: usize = 31;

/// The chart's values as a table, which scrolls if it is long.
#[component]
pub fn ChartValues(data: Memo<ChartData>, label: Signal<String>) -> impl IntoView {
    let rows = Memo::new(move |_| data.with(|data| data.buckets.len()));
    let is_long = move || rows.get() > MAX_WHOLE_ROWS;
    view! {
        <p class="chart-table-note" hidden=move || !is_long()>
            {move || rows.get()} " rows. Scroll to see them all."
        </p>
        <div class="chart-table-scroll" class:long=is_long tabindex="0" role="region" aria-label=label>
            <table>
                <caption class="visually-hidden">{label}</caption>
                {move || data.with(table)}
            </table>
        </div>
    }
}

fn table(data: &ChartData) -> impl IntoView + use<> {
    let unit = data.unit;
    let head = |series: &ChartSeries| {
        view! { <th scope="col" class="num"><Name name=series.label.clone()/></th> }
    };
    let heads = data.series.iter().map(head).collect_any();
    let total_head = unit.adds_up().then(|| view! { <th scope="col" class="num">"Total"</th> }.into_any());
    let compared_heads = data.compared.as_ref().map(|line| {
        view! {
            <th scope="col" class="num">{line.label.clone()}</th>
            <th scope="col" class="num">"Difference"</th>
        }
        .into_any()
    });
    let rows = (0..data.buckets.len()).map(|bucket| row(data, bucket)).collect_any();
    view! {
        <thead><tr><th scope="col">"Time"</th>{heads}{total_head}{compared_heads}</tr></thead>
        <tbody>{rows}</tbody>
        {unit.adds_up().then(|| sums(data).into_any())}
    }
}

/// The values of one bucket.
fn row(data: &ChartData, bucket: usize) -> impl IntoView + use<> {
    let unit = data.unit;
    let bucket_data = &data.buckets[bucket];
    let name = match bucket_data.href.clone() {
        Some(href) => view! { <a href=href>{bucket_data.title.clone()}</a> }.into_any(),
        None => bucket_data.title.clone().into_any(),
    };
    let values = data.series.iter().map(|series| {
        let value = unit.format_known(series.value(bucket).into(), series.is_unknown(bucket));
        let range = series.ranges.get(bucket).filter(|range| !range.is_empty()).map(|range| format!(" ({range})"));
        view! { <td class="num">{value}{range}</td> }
    });
    let total = unit.adds_up().then(|| view! { <td class="num">{data.format_total(bucket)}</td> }.into_any());
    let compared = data.compared.is_some().then(|| {
        let (value, difference) =
            data.compared_at(bucket).map(|(_, value, difference)| (value, difference)).unwrap_or_default();
        view! { <td class="num">{value}</td> <td class="num">{difference}</td> }.into_any()
    });
    view! { <tr><th scope="row">{name}</th>{values.collect_any()}{total}{compared}</tr> }
}

/// The row of sums.
fn sums(data: &ChartData) -> impl IntoView + use<> {
    let unit = data.unit;
    let is_unknown = |series: &ChartSeries| series.unknown.contains(&true);
    let sums = data.series.iter().map(|series| {
        view! { <td class="num">{unit.format_known(series.total(), is_unknown(series))}</td> }
    });
    let sum = unit.format_known(data.sum(), data.series.iter().any(is_unknown));
    let compared = data.compared.as_ref().map(|line| {
        let sum: i128 = line.values.iter().map(|value| i128::from(*value)).sum();
        view! { <td class="num">{unit.format_exact(sum)}</td> <td></td> }.into_any()
    });
    view! {
        <tfoot><tr><th scope="row">"Total"</th>{sums.collect_any()}<td class="num">{sum}</td>{compared}</tr></tfoot>
    }
}
