//! Totals of the range, as tiles that choose the chart's metric.

use domain::usage::{Measures, Metric, UsageReport};
use leptos::prelude::*;

use super::{
    chart_data::plural,
    differences::{error_trend, format_difference},
    links::Links,
    measure::{elapsed, unit, value},
};
use crate::components::{
    Tile, Tiles, Trend, format_compact, format_count, format_money, format_money_exact, format_percent,
};

/// The metrics that tiles show: of all usage, and of a key.
pub(crate) const TILES: &[Metric] =
    &[Metric::Spend, Metric::Calls, Metric::Tokens, Metric::Errors, Metric::VideoMinutes, Metric::Storage];
pub(crate) const KEY_TILES: &[Metric] = &[Metric::Spend, Metric::Calls, Metric::Tokens, Metric::Errors];

/// A tile for each of `metrics`; the chosen one is that of the chart.
#[component]
pub(crate) fn MetricTiles(
    metrics: &'static [Metric],
    report: ReadSignal<UsageReport>,
    links: Memo<Links>,
    #[prop(into)] on_choose: Callback<(Metric,)>,
) -> impl IntoView {
    let tiles = Memo::new(move |_| {
        report.with(|report| metrics.iter().map(|metric| tile(report, *metric)).collect::<Vec<_>>())
    });
    let chosen = Signal::derive(move || {
        let metric = links.with(|links| links.address.query.metric);
        // A metric without a tile is in the chart's menu.
        metrics.iter().position(|other| *other == metric).unwrap_or(usize::MAX)
    });
    let choose = move |index: usize| {
        if let Some(metric) = metrics.get(index) {
            on_choose.run((*metric,));
        }
    };
    view! { <Tiles label="Metric" tiles on_choose=choose chosen/> }
}

fn tile(report: &UsageReport, metric: Metric) -> Tile {
    let total = &report.total;
    let count = |value: i64, detail: String| Tile {
        value: format_compact(value),
        exact: format_count(value),
        detail,
        ..Tile::default()
    };
    let tile = match metric {
        Metric::Spend => spend(total),
        Metric::Calls => count(total.calls, rejected(total.refused)),
        Metric::Tokens => count(total.tokens(), tokens(total)),
        Metric::Errors => count(total.errors, share_of_calls(total)),
        Metric::Storage => Tile { detail: "on average".to_owned(), ..plain(report, metric) },
        _ => plain(report, metric),
    };
    let Some(compared) = &report.compared else { return Tile { label: metric.label(), ..tile } };
    let difference = format_difference(metric, total, &compared.total, elapsed(report));
    let trend = if metric == Metric::Errors { error_trend(total, &compared.total) } else { Trend::Neutral };
    // What has changed comes first: it is what the member asked for.
    let detail = if difference.is_empty() { tile.detail } else { difference };
    Tile { label: metric.label(), detail, trend, ..tile }
}

/// The metric's value in its unit.
fn plain(report: &UsageReport, metric: Metric) -> Tile {
    let value = value(&report.total, metric, elapsed(report));
    Tile { value: unit(metric).format_exact(value.into()), ..Tile::default() }
}

fn spend(total: &Measures) -> Tile {
    let detail = match total.unpriced {
        0 => String::new(),
        unpriced => format!("{} unpriced", plural(unpriced, "call")),
    };
    if total.is_spend_unknown() {
        return Tile { value: "Unknown".to_owned(), detail, ..Tile::default() };
    }
    Tile { value: format_money(total.spend), exact: format_money_exact(total.spend), detail, ..Tile::default() }
}

fn share_of_calls(total: &Measures) -> String {
    if total.calls > 0 { format!("{} of calls", format_percent(total.errors, total.calls)) } else { String::new() }
}

fn rejected(count: i64) -> String {
    if count > 0 { format!("+ {} rejected", format_count(count)) } else { String::new() }
}

/// Splits tokens into input, with the part of it that was cached, and output.
fn tokens(total: &Measures) -> String {
    if total.tokens() == 0 {
        return String::new();
    }
    let cached = match total.cached_tokens_in {
        0 => String::new(),
        cached => format!(" ({} cached)", format_percent(cached, total.tokens_in)),
    };
    format!("{} input{cached}, {} output", format_compact(total.tokens_in), format_compact(total.tokens_out))
}
