use leptos::prelude::*;

use super::data::ChartData;
use crate::lean::{CollectAny, When};

/// The chart's values as a table, rendered once it is opened.
#[component]
pub(super) fn ChartTable(data: Memo<ChartData>, label: Signal<String>) -> impl IntoView {
    let details = NodeRef::<leptos::html::Details>::new();
    let open = RwSignal::new(false);
    let on_toggle = move |_| {
        open.set(details.get_untracked().is_some_and(|details| details.open()));
    };
    view! {
        <details class="chart-table" node_ref=details on:toggle=on_toggle>
            <summary>"Show as a table"</summary>
            <When when=move || open.get()>
                <div class="chart-table-scroll" tabindex="0" role="region" aria-label=label>
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
    let heads = data.series.iter().map(|series| view! { <th scope="col" class="num">{series.label.clone()}</th> });
    let heads = heads.collect_any();
    let row = |bucket: usize| {
        let bucket_data = &data.buckets[bucket];
        let name = match bucket_data.href.clone() {
            Some(href) => view! { <a href=href>{bucket_data.title.clone()}</a> }.into_any(),
            None => bucket_data.title.clone().into_any(),
        };
        let values = data.series.iter().map(|series| {
            view! { <td class="num">{unit.format_exact(series.value(bucket).into())}</td> }
        });
        view! {
            <tr>
                <th scope="row">{name}</th>
                {values.collect_any()}
                <td class="num">{unit.format_exact(data.total(bucket))}</td>
            </tr>
        }
    };
    let rows = (0..data.buckets.len()).map(row).collect_any();
    let sums = data.series.iter().map(|series| view! { <td class="num">{unit.format_exact(series.total())}</td> });
    view! {
        <thead><tr><th scope="col">"Time"</th>{heads}<th scope="col" class="num">"Total"</th></tr></thead>
        <tbody>{rows}</tbody>
        <tfoot>
            <tr><th scope="row">"Total"</th>{sums.collect_any()}<td class="num">{unit.format_exact(data.sum())}</td></tr>
        </tfoot>
    }
}
