use domain::usage::{Filter, MAX_SERIES, Measures, Metric, OTHERS, UsageReport};
use leptos::prelude::*;

use super::{
    chart_data::Links,
    spend::{Spend, format_spend_share},
};
use crate::{
    addresses::LogsAddress,
    components::{
        CardPosition, Column, Count, DataTable, Name, Sort,
        chart::{Slot, slots},
        format_percent,
    },
    lean::watch,
};

/// A group as a row.
#[derive(Clone, Debug, PartialEq)]
struct GroupRow {
    label: String,
    slot: Slot,
    total: Measures,
    /// The usage page narrowed to the group, or with all groups for the sum of the others.
    href: Option<String>,
    /// Text about the link.
    hint: &'static str,
    /// The logs page with the calls of the group.
    calls_href: Option<String>,
    /// The share of the chart's metric, in percent.
    share: String,
}

/// The chart's numbers as a table: one row for each series, or for each group if the address asks for all.
#[component]
pub(super) fn SeriesTable(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let rows = Memo::new(move |_| report.with(|report| links.with(|links| rows(report, links))));
    let columns = vec![
        Column::new("Name", |row: &GroupRow| {
            let name = view! {
                <span class=format!("swatch {}", row.slot.class()) aria-hidden="true"></span>
                <Name name=row.label.clone()/>
            };
            match row.href.clone() {
                Some(href) => view! { <a class="series-name" href=href title=row.hint>{name}</a> }.into_any(),
                None => view! { <span class="series-name">{name}</span> }.into_any(),
            }
        })
        .at(CardPosition::Title)
        .sorted_by(|a, b| a.label.cmp(&b.label)),
        Column::new("Spend", |row: &GroupRow| view! { <Spend measures=row.total to_cents=true/> })
            .numeric()
            .at(CardPosition::Value)
            .sorted_by(|a, b| a.total.spend.cmp(&b.total.spend)),
        Column::new("Calls", |row: &GroupRow| calls(row.total, row.calls_href.clone()))
            .numeric()
            .sorted_by(|a, b| a.total.calls.cmp(&b.total.calls)),
        Column::new("Input tokens", |row: &GroupRow| view! { <Count value=row.total.tokens_in/> })
            .numeric()
            .sorted_by(|a, b| a.total.tokens_in.cmp(&b.total.tokens_in)),
        Column::new("Output tokens", |row: &GroupRow| view! { <Count value=row.total.tokens_out/> })
            .numeric()
            .sorted_by(|a, b| a.total.tokens_out.cmp(&b.total.tokens_out)),
        Column::new("Errors", |row: &GroupRow| view! { <Count value=row.total.errors/> })
            .numeric()
            .sorted_by(|a, b| a.total.errors.cmp(&b.total.errors)),
        Column::new("Share", |row: &GroupRow| row.share.clone()).numeric(),
    ];
    // The table asks for its last row once: what it gets follows the report.
    let foot = move || move || report.with(|report| links.with(|links| foot(report, links)));
    let card = NodeRef::<leptos::html::Section>::new();
    scroll_to_groups(card, links);
    view! {
        <section class="card table-card usage-groups" node_ref=card>
            <DataTable caption="Usage by group" columns rows=move || rows.get() sort=Sort::in_address() foot=foot/>
            {move || report.with(|report| links.with(|links| all_groups_link(report, links)))}
        </section>
    }
}

/// Scrolls to the table when its other groups are opened, which may happen in the legend above it.
fn scroll_to_groups(card: NodeRef<leptos::html::Section>, links: Memo<Links>) {
    let shows_all = Memo::new(move |_| links.with(|links| links.address.query.all_groups));
    let showed_all = StoredValue::new(shows_all.get_untracked());
    watch(move || {
        let shows_all = shows_all.get();
        if shows_all
            && !showed_all.get_value()
            && let Some(card) = card.get_untracked()
        {
            card.scroll_into_view();
        }
        showed_all.set_value(shows_all);
    });
}

/// The count of calls, as a link to them.
fn calls(total: Measures, href: Option<String>) -> AnyView {
    let count = view! { <Count value=total.calls/> };
    match href {
        Some(href) => view! { <a class="count-link" href=href title="View these calls">{count}</a> }.into_any(),
        None => count.into_any(),
    }
}

/// The row of sums.
fn foot(report: &UsageReport, links: &Links) -> impl IntoView + use<> {
    let total = report.total;
    let href = links.all_calls(report).map(|calls| calls.href(&links.organization));
    let share = share(&total, &total, links.address.query.metric);
    view! {
        <tr role="row">
            <td role="rowheader" class="at-title">"Total"</td>
            <td role="cell" class="at-value numeric" data-label="Spend"><Spend measures=total to_cents=true/></td>
            <td role="cell" class="at-detail numeric" data-label="Calls">{calls(total, href)}</td>
            <td role="cell" class="at-detail numeric" data-label="Input tokens"><Count value=total.tokens_in/></td>
            <td role="cell" class="at-detail numeric" data-label="Output tokens"><Count value=total.tokens_out/></td>
            <td role="cell" class="at-detail numeric" data-label="Errors"><Count value=total.errors/></td>
            <td role="cell" class="at-detail numeric" data-label="Share">{share}</td>
        </tr>
    }
}

/// The link below the table that opens the other groups, or closes them again.
fn all_groups_link(report: &UsageReport, links: &Links) -> Option<AnyView> {
    let others = report.series.iter().any(|series| series.key == OTHERS);
    let all = links.address.query.all_groups;
    let text = if all { format!("Show the top {MAX_SERIES} only") } else { "Show all".to_owned() };
    let href = links.groups(!all);
    others.then(|| view! { <p class="all-groups"><a class="link" href=href>{text}</a></p> }.into_any())
}

fn rows(report: &UsageReport, links: &Links) -> Vec<GroupRow> {
    let metric = links.address.query.metric;
    let all = links.all_calls(report);
    let row = |key: &str, label: &str, total: Measures, slot: Slot| {
        // Narrowed to the group, or the page's own filter if that already is.
        let filter: Option<Filter> = links
            .narrowed_filter(key)
            .or_else(|| (report.series.len() == 1).then(|| links.address.query.filter.clone()));
        let calls = filter.zip(all.clone()).map(|(filter, all)| LogsAddress { filter, ..all });
        GroupRow {
            label: label.to_owned(),
            slot,
            total,
            href: links.series(key),
            hint: if key == OTHERS { "Show all" } else { "Show only this" },
            calls_href: calls.map(|calls| calls.href(&links.organization)),
            share: share(&total, &report.total, metric),
        }
    };
    let slots = slots(report.series.iter().map(|series| series.key.as_str()));
    let mut rows: Vec<GroupRow> = Vec::with_capacity(report.series.len() + report.other_groups.len());
    for (series, slot) in report.series.iter().zip(slots) {
        if series.key == OTHERS && !report.other_groups.is_empty() {
            let mut rest = series.total;
            for group in &report.other_groups {
                rest += -group.total;
                rows.push(row(&group.key, &group.label, group.total, slot));
            }
            if !rest.is_zero() {
                rows.push(row(OTHERS, "All others", rest, slot));
            }
        } else {
            rows.push(row(&series.key, &series.label, series.total, slot));
        }
    }
    rows
}

fn share(part: &Measures, total: &Measures, metric: Metric) -> String {
    match metric {
        Metric::Spend => format_spend_share(part, total),
        Metric::Calls | Metric::Tokens | Metric::Errors => format_percent(part.get(metric), total.get(metric)),
    }
}
