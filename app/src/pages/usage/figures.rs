//! Totals of the range, as tiles that choose the chart's metric.

use domain::usage::{Measures, Metric, UsageReport};
use leptos::prelude::*;

use super::chart_data::{Links, plural};
use crate::components::{Tile, Tiles, format_compact, format_count, format_money, format_money_exact, format_percent};

/// A tile for each metric; the chosen one is that of the chart.
#[component]
pub(crate) fn MetricTiles(
    report: ReadSignal<UsageReport>,
    links: Memo<Links>,
    #[prop(into)] on_choose: Callback<(Metric,)>,
) -> impl IntoView {
    let tiles =
        Memo::new(move |_| report.with(|report| Vec::from(Metric::ALL.map(|metric| tile(&report.total, metric)))));
    let chosen = Signal::derive(move || {
        let metric = links.with(|links| links.address.query.metric);
        Metric::ALL.iter().position(|other| *other == metric).unwrap_or_default()
    });
    let choose = move |index: usize| {
        if let Some(metric) = Metric::ALL.get(index) {
            on_choose.run((*metric,));
        }
    };
    view! { <Tiles label="Metric" tiles on_choose=choose chosen/> }
}

fn tile(total: &Measures, metric: Metric) -> Tile {
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
    };
    Tile { label: metric.label(), ..tile }
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
