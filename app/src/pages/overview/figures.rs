//! The month's figures, each with its difference from the same period of the month before.

use domain::{
    calls::OutcomeFilter,
    overview::Overview,
    usage::{Filter, Measures, Metric, Range, StatusFilter},
};

use crate::{
    addresses::{LogsAddress, Page, UsageAddress},
    components::{Tile, format_compact, format_count, format_money, format_money_exact, format_percent},
    pages::usage::{error_trend, plural},
};

/// The month's figures; `to_logs` is whether the member may read the calls behind them.
pub(super) fn figures(overview: &Overview, slug: &str, to_logs: bool) -> Vec<Tile> {
    let (month, previous) = (&overview.month, &overview.previous);
    let usage = |metric| {
        let mut address = UsageAddress::default();
        address.query.metric = metric;
        Some(address.href(slug))
    };
    let filter = Filter { statuses: vec![StatusFilter::Outcome(OutcomeFilter::Errors)], ..Filter::default() };
    let failed = LogsAddress { range: Some(Range::MonthToDate), filter, ..LogsAddress::default() };
    vec![
        Tile { href: usage(Metric::Spend), ..spend(month, previous) },
        count("Calls", month.calls, previous.calls, usage(Metric::Calls)),
        count("Tokens", month.tokens(), previous.tokens(), usage(Metric::Tokens)),
        Tile {
            href: if to_logs && month.errors > 0 { Some(failed.href(slug)) } else { usage(Metric::Errors) },
            ..errors(month, previous)
        },
        Tile {
            label: "Active keys",
            value: format_count(overview.active_keys),
            href: Some(Page::ApiKeys.path(slug)),
            ..Tile::default()
        },
    ]
}

/// The month's spend. An unknown cost isn't zero, and what lacks part of it is compared with nothing.
fn spend(month: &Measures, previous: &Measures) -> Tile {
    let label = "Spend";
    let unpriced = plural(month.unpriced, "unpriced call");
    if month.is_spend_unknown() {
        return Tile { label, value: "—".to_owned(), detail: unpriced, ..Tile::default() };
    }
    Tile {
        label,
        value: format_money(month.spend),
        exact: format_money_exact(month.spend),
        detail: match month.unpriced {
            0 => difference(month.spend.nanos(), previous.spend.nanos()),
            _ => format!("+ {unpriced}"),
        },
        ..Tile::default()
    }
}

fn errors(month: &Measures, previous: &Measures) -> Tile {
    let rate = |measures: &Measures| format_percent(measures.errors, measures.calls);
    Tile {
        label: "Errors",
        value: rate(month),
        exact: format!("{} of {} calls", format_count(month.errors), format_count(month.calls)),
        detail: if previous.calls == 0 { NO_DATA.to_owned() } else { format!("was {}", rate(previous)) },
        trend: error_trend(month, previous),
        ..Tile::default()
    }
}

fn count(label: &'static str, now: i64, before: i64, href: Option<String>) -> Tile {
    Tile {
        label,
        value: format_compact(now),
        exact: format_count(now),
        detail: difference(now, before),
        href,
        ..Tile::default()
    }
}

/// The detail of a figure that there is nothing to compare with.
const NO_DATA: &str = "no data last month";

/// The change from the compared period, with an arrow: more is neither better nor worse.
fn difference(now: i64, before: i64) -> String {
    match before {
        0 if now == 0 => String::new(),
        0 => NO_DATA.to_owned(),
        _ if now == before => "no change".to_owned(),
        _ => {
            let arrow = if now > before { "▲" } else { "▼" };
            let by = now.saturating_sub(before).saturating_abs();
            format!("{arrow} {}", format_percent(by, before))
        }
    }
}
