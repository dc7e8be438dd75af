use domain::usage::{Filter, Measures, Metric, UsageReport};
use leptos::prelude::*;

use super::chart_data::Links;
use crate::{
    addresses::LogsAddress,
    components::{
        Amount, CardPosition, Column, Count, DataTable, Sort,
        chart::{Slot, slots},
        format_percent,
    },
};

/// A series as a row.
#[derive(Clone, Debug, PartialEq)]
struct SeriesRow {
    label: String,
    slot: Slot,
    total: Measures,
    /// The usage page narrowed to the series.
    href: Option<String>,
    /// The logs page with the calls of the series.
    calls_href: Option<String>,
    /// The share of the chart's metric, in percent.
    share: String,
}

/// The chart's numbers as a table, one row for each series.
#[component]
pub(super) fn SeriesTable(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let rows = Memo::new(move |_| report.with(|report| links.with(|links| rows(report, links))));
    let columns = vec![
        Column::new("Name", |row: &SeriesRow| {
            let name = view! { <span class=format!("swatch {}", row.slot.class()) aria-hidden="true"></span> {row.label.clone()} };
            match row.href.clone() {
                Some(href) => view! { <a class="series-name" href=href title="Show only this">{name}</a> }.into_any(),
                None => view! { <span class="series-name">{name}</span> }.into_any(),
            }
        })
        .at(CardPosition::Title)
        .sorted_by(|a, b| a.label.cmp(&b.label)),
        Column::new("Spend", |row: &SeriesRow| view! { <Amount value=row.total.spend decimals=2/> })
            .numeric()
            .at(CardPosition::Value)
            .sorted_by(|a, b| a.total.spend.cmp(&b.total.spend)),
        Column::new("Calls", |row: &SeriesRow| {
            let count = view! { <Count value=row.total.calls/> };
            match row.calls_href.clone() {
                Some(href) => view! { <a class="count-link" href=href title="See these calls">{count}</a> }.into_any(),
                None => count.into_any(),
            }
        })
        .numeric()
        .sorted_by(|a, b| a.total.calls.cmp(&b.total.calls)),
        Column::new("Tokens in", |row: &SeriesRow| view! { <Count value=row.total.tokens_in/> })
            .numeric()
            .sorted_by(|a, b| a.total.tokens_in.cmp(&b.total.tokens_in)),
        Column::new("Tokens out", |row: &SeriesRow| view! { <Count value=row.total.tokens_out/> })
            .numeric()
            .sorted_by(|a, b| a.total.tokens_out.cmp(&b.total.tokens_out)),
        Column::new("Errors", |row: &SeriesRow| view! { <Count value=row.total.errors/> })
            .numeric()
            .sorted_by(|a, b| a.total.errors.cmp(&b.total.errors)),
        Column::new("Share", |row: &SeriesRow| row.share.clone()).numeric(),
    ];
    let total = Memo::new(move |_| report.with(|report| report.total));
    let calls_href = Memo::new(move |_| {
        links.with(|links| report.with(|report| Some(links.all_calls(report)?.href(&links.organization))))
    });
    let metric = move || links.with(|links| links.address.query.metric);
    let foot = move || {
        view! {
            <tr role="row">
                <td role="rowheader" class="at-title">"Total"</td>
                <td role="cell" class="at-value numeric" data-label="Spend">{move || view! { <Amount value=total.get().spend decimals=2/> }}</td>
                <td role="cell" class="at-detail numeric" data-label="Calls">
                    {move || {
                        let count = view! { <Count value=total.get().calls/> };
                        match calls_href.get() {
                            Some(href) => view! { <a class="count-link" href=href title="See all these calls">{count}</a> }.into_any(),
                            None => count.into_any(),
                        }
                    }}
                </td>
                <td role="cell" class="at-detail numeric" data-label="Tokens in">{move || view! { <Count value=total.get().tokens_in/> }}</td>
                <td role="cell" class="at-detail numeric" data-label="Tokens out">{move || view! { <Count value=total.get().tokens_out/> }}</td>
                <td role="cell" class="at-detail numeric" data-label="Errors">{move || view! { <Count value=total.get().errors/> }}</td>
                <td role="cell" class="at-detail numeric" data-label="Share">
                    {move || share(total.get(), total.get(), metric())}
                </td>
            </tr>
        }
    };
    view! { <DataTable caption="Usage by series" columns rows=move || rows.get() sort=Sort::in_address() foot=foot/> }
}

fn rows(report: &UsageReport, links: &Links) -> Vec<SeriesRow> {
    let metric = links.address.query.metric;
    let all = links.all_calls(report);
    let row = |(series, slot): (&domain::usage::Series, Slot)| {
        // Narrowed to the series, or the page's own filter if that already is.
        let filter: Option<Filter> = links
            .narrowed_filter(&series.key)
            .or_else(|| (report.series.len() == 1).then(|| links.address.query.filter.clone()));
        let calls = filter.zip(all.clone()).map(|(filter, all)| LogsAddress { filter, ..all });
        SeriesRow {
            label: series.label.clone(),
            slot,
            total: series.total,
            href: links.series(&series.key),
            calls_href: calls.map(|calls| calls.href(&links.organization)),
            share: share(series.total, report.total, metric),
        }
    };
    let slots = slots(report.series.iter().map(|series| series.key.as_str()));
    report.series.iter().zip(slots).map(row).collect()
}

fn share(part: Measures, total: Measures, metric: Metric) -> String {
    format_percent(part.get(metric), total.get(metric))
}
