use domain::{
    calls::OutcomeFilter,
    usage::{Distribution, Filter, MAX_SERIES, Measures, Metric, OTHERS, Percentile, UsageReport},
};
use leptos::prelude::*;

use super::{
    differences::format_difference,
    links::{Links, with_outcome},
    measure::{elapsed, is_duration, unit, value},
    percentiles::{durations_of, format_percentile},
    spend::{Spend, format_spend_share},
};
use crate::{
    components::{
        CardPosition, Column, Count, DataTable, Name, Sort,
        chart::{Slot, slots},
        format_percent,
    },
    lean::{CollectAny, watch},
};

/// The columns that depend on the query.
#[derive(Clone, Copy, PartialEq)]
struct Extras {
    /// A metric that no other column shows.
    metric: Option<Metric>,
    durations: bool,
    difference: bool,
}

impl Extras {
    fn of(report: &UsageReport, metric: Metric) -> Self {
        let is_shown = matches!(
            metric,
            Metric::Spend | Metric::Calls | Metric::InputTokens | Metric::OutputTokens | Metric::Errors
        );
        let durations = is_duration(metric);
        Self {
            metric: (!is_shown && !durations).then_some(metric),
            durations,
            difference: report.compared.is_some() && !durations,
        }
    }
}

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
    /// The logs page with the calls of the group, and with those that failed.
    calls_href: Option<String>,
    errors_href: Option<String>,
    /// The chart's metric: its value, its text, and its share in percent.
    value: i64,
    value_text: String,
    share: String,
    /// What has changed since the compared range.
    difference: String,
    durations: Distribution,
}

/// The chart's numbers as a table: one row for each series, or for each group if the address asks for all.
#[component]
pub(super) fn SeriesTable(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let rows = Memo::new(move |_| report.with(|report| links.with(|links| rows(report, links))));
    let extras =
        Memo::new(move |_| report.with(|report| links.with(|links| Extras::of(report, links.address.query.metric))));
    // The table asks for its last row once: what it gets follows the report.
    let foot = move || move || report.with(|report| links.with(|links| foot(report, links)));
    let card = NodeRef::<leptos::html::Section>::new();
    scroll_to_groups(card, links);
    view! {
        <section class="card table-card usage-groups" node_ref=card>
            {move || {
                let columns = columns(extras.get());
                let rows = move || rows.get();
                view! { <DataTable caption="Usage by group" columns rows sort=Sort::in_address() foot=foot/> }
            }}
            {move || report.with(|report| links.with(|links| all_groups_link(report, links)))}
        </section>
    }
}

fn columns(extras: Extras) -> Vec<Column<GroupRow>> {
    let mut columns = vec![
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
        Column::new("Calls", |row: &GroupRow| counted(row.total.calls, row.calls_href.clone(), "View these calls"))
            .numeric()
            .sorted_by(|a, b| a.total.calls.cmp(&b.total.calls)),
        Column::new("Input tokens", |row: &GroupRow| view! { <Count value=row.total.tokens_in/> })
            .numeric()
            .sorted_by(|a, b| a.total.tokens_in.cmp(&b.total.tokens_in)),
        Column::new("Output tokens", |row: &GroupRow| view! { <Count value=row.total.tokens_out/> })
            .numeric()
            .sorted_by(|a, b| a.total.tokens_out.cmp(&b.total.tokens_out)),
        Column::new("Errors", |row: &GroupRow| counted(row.total.errors, row.errors_href.clone(), "View these errors"))
            .numeric()
            .sorted_by(|a, b| a.total.errors.cmp(&b.total.errors)),
    ];
    if let Some(metric) = extras.metric {
        let column = Column::new(metric.label(), |row: &GroupRow| row.value_text.clone());
        columns.push(column.numeric().sorted_by(|a, b| a.value.cmp(&b.value)));
    }
    if extras.durations {
        for percentile in Percentile::ALL {
            let show = move |row: &GroupRow| percentile_text(&row.durations, percentile);
            columns.push(Column::new(percentile.label(), show).numeric());
        }
    } else {
        columns.push(Column::new("Share", |row: &GroupRow| row.share.clone()).numeric());
    }
    if extras.difference {
        columns.push(Column::new("Difference", |row: &GroupRow| row.difference.clone()).numeric());
    }
    columns
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

/// A count, as a link to the calls behind it.
fn counted(count: i64, href: Option<String>, title: &'static str) -> AnyView {
    let text = view! { <Count value=count/> };
    match href.filter(|_| count > 0) {
        Some(href) => view! { <a class="count-link" href=href title=title>{text}</a> }.into_any(),
        None => text.into_any(),
    }
}

/// A percentile, with the bounds that it lies between.
fn percentile_text(durations: &Distribution, percentile: Percentile) -> AnyView {
    let (text, bounds) = format_percentile(durations, percentile);
    view! { <span class="number">{text}</span> <small class="faint estimate">{bounds}</small> }.into_any()
}

/// The row of sums.
fn foot(report: &UsageReport, links: &Links) -> impl IntoView + use<> {
    let total = report.total;
    let metric = links.address.query.metric;
    let extras = Extras::of(report, metric);
    let filter = links.address.query.filter.clone();
    let calls_href = links.calls_of(report, filter.clone()).map(|calls| calls.href(&links.organization));
    let errors = with_outcome(filter, OutcomeFilter::Errors).and_then(|filter| links.calls_of(report, filter));
    let errors_href = errors.map(|calls| calls.href(&links.organization));
    let durations = if metric == Metric::FirstToken { report.durations.first_token } else { report.durations.latency };
    let mut cells: Vec<(&'static str, AnyView)> = vec![
        ("Calls", counted(total.calls, calls_href, "View these calls")),
        ("Input tokens", view! { <Count value=total.tokens_in/> }.into_any()),
        ("Output tokens", view! { <Count value=total.tokens_out/> }.into_any()),
        ("Errors", counted(total.errors, errors_href, "View these errors")),
    ];
    if let Some(metric) = extras.metric {
        let value = unit(metric).format_exact(value(&total, metric, elapsed(report)).into());
        cells.push((metric.label(), value.into_any()));
    }
    if extras.durations {
        let cell = |percentile: Percentile| (percentile.label(), percentile_text(&durations, percentile));
        cells.extend(Percentile::ALL.map(cell));
    } else {
        cells.push(("Share", share(&total, &total, metric).into_any()));
    }
    if let Some(compared) = report.compared.as_ref().filter(|_| extras.difference) {
        let difference = format_difference(metric, &total, &compared.total, elapsed(report));
        cells.push(("Difference", difference.into_any()));
    }
    let cell = |(name, content): (&'static str, AnyView)| {
        view! { <td role="cell" class="at-detail numeric" data-label=name>{content}</td> }
    };
    view! {
        <tr role="row">
            <td role="rowheader" class="at-title">"Total"</td>
            <td role="cell" class="at-value numeric" data-label="Spend"><Spend measures=total to_cents=true/></td>
            {cells.into_iter().map(cell).collect_any()}
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

/// What a row shows besides its group's own numbers.
struct RowMaker<'a> {
    report: &'a UsageReport,
    links: &'a Links,
    metric: Metric,
}

impl RowMaker<'_> {
    fn row(&self, key: &str, label: &str, total: Measures, slot: Slot, durations: Distribution) -> GroupRow {
        let Self { report, links, metric } = *self;
        // Narrowed to the group, or the page's own filter if that already is.
        let filter: Option<Filter> = links
            .narrowed_filter(key)
            .or_else(|| (report.series.len() == 1).then(|| links.address.query.filter.clone()));
        let href = |filter: Filter| Some(links.calls_of(report, filter)?.href(&links.organization));
        let value = value(&total, metric, elapsed(report));
        GroupRow {
            label: label.to_owned(),
            slot,
            total,
            href: links.series(key),
            hint: if key == OTHERS { "Show all" } else { "Show only this" },
            calls_href: filter.clone().and_then(href),
            errors_href: filter.and_then(|filter| with_outcome(filter, OutcomeFilter::Errors)).and_then(href),
            value,
            value_text: unit(metric).format_exact(value.into()),
            share: share(&total, &report.total, metric),
            difference: self.difference(key, &total),
            durations,
        }
    }

    /// The change of a group that has a series. Of others it isn't known what they were before.
    fn difference(&self, key: &str, total: &Measures) -> String {
        let Some(compared) = &self.report.compared else { return String::new() };
        let before = compared.series.iter().find(|(other, _)| other == key).map(|(_, before)| *before);
        let is_series = key != OTHERS && self.report.series.iter().any(|series| series.key == key);
        match before.or_else(|| is_series.then(Measures::default)) {
            Some(before) => format_difference(self.metric, total, &before, elapsed(self.report)),
            None => String::new(),
        }
    }
}

fn rows(report: &UsageReport, links: &Links) -> Vec<GroupRow> {
    let maker = RowMaker { report, links, metric: links.address.query.metric };
    let unknown = Distribution::default();
    let slots = slots(report.series.iter().map(|series| series.key.as_str()));
    let mut rows: Vec<GroupRow> = Vec::with_capacity(report.series.len() + report.other_groups.len());
    for (series, slot) in report.series.iter().zip(slots) {
        if series.key == OTHERS && !report.other_groups.is_empty() {
            let mut rest = series.total;
            for group in &report.other_groups {
                rest += -group.total;
                rows.push(maker.row(&group.key, &group.label, group.total, slot, unknown));
            }
            if !rest.is_zero() {
                rows.push(maker.row(OTHERS, "All others", rest, slot, unknown));
            }
        } else {
            rows.push(maker.row(&series.key, &series.label, series.total, slot, durations_of(series)));
        }
    }
    rows
}

fn share(part: &Measures, total: &Measures, metric: Metric) -> String {
    match metric {
        Metric::Spend => format_spend_share(part, total),
        _ => format_percent(part.get(metric), total.get(metric)),
    }
}
