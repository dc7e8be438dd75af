//! The month's figures, each with its difference against the same days of the month before.

use domain::{
    calls::OutcomeFilter,
    overview::Overview,
    usage::{Measures, Metric, Range},
};

use crate::{
    addresses::{LogsAddress, Page, UsageAddress},
    components::{Tile, Trend, format_compact, format_count, format_money, format_money_exact, format_percent},
};

/// Name of the period that the figures are compared with.
const COMPARED_PERIOD: &str = "the same days last month";

/// The month's figures; `to_logs` is whether the member may read the calls behind them.
pub(super) fn figures(overview: &Overview, slug: &str, to_logs: bool) -> Vec<Tile> {
    let (month, previous) = (&overview.month, &overview.previous);
    let usage = |metric| {
        let mut address = UsageAddress::default();
        address.query.metric = metric;
        Some(address.href(slug))
    };
    let failed =
        LogsAddress { range: Some(Range::MonthToDate), outcome: Some(OutcomeFilter::Errors), ..LogsAddress::default() };
    let errors = |measures: &Measures| format_percent(measures.errors, measures.calls);
    vec![
        Tile {
            label: "Spend this month",
            value: format_money(month.spend),
            exact: format_money_exact(month.spend),
            detail: difference(month.spend.nanos(), previous.spend.nanos()),
            href: usage(Metric::Spend),
            ..Tile::default()
        },
        count("Calls", month.calls, previous.calls, usage(Metric::Calls)),
        count("Tokens", month.tokens(), previous.tokens(), usage(Metric::Tokens)),
        Tile {
            label: "Errors",
            value: errors(month),
            exact: format!("{} of {} calls", format_count(month.errors), format_count(month.calls)),
            detail: if previous.calls == 0 {
                format!("no calls on {COMPARED_PERIOD}")
            } else {
                format!("{} on {COMPARED_PERIOD}", errors(previous))
            },
            trend: error_change(month, previous),
            href: if to_logs && month.errors > 0 { Some(failed.href(slug)) } else { usage(Metric::Errors) },
        },
        Tile {
            label: "Active keys",
            value: format_count(overview.active_keys),
            href: Some(Page::ApiKeys.path(slug)),
            ..Tile::default()
        },
    ]
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

/// The change against the compared period, with an arrow: more is neither better nor worse.
fn difference(now: i64, before: i64) -> String {
    match before {
        0 if now == 0 => String::new(),
        0 => format!("none on {COMPARED_PERIOD}"),
        _ if now == before => format!("as on {COMPARED_PERIOD}"),
        _ => {
            let arrow = if now > before { "▲" } else { "▼" };
            let by = now.saturating_sub(before).saturating_abs();
            format!("{arrow} {} against {COMPARED_PERIOD}", format_percent(by, before))
        }
    }
}

/// The trend of the error rate: higher is worse. Compared as fractions, without rounding.
fn error_change(now: &Measures, before: &Measures) -> Trend {
    if now.calls == 0 || before.calls == 0 {
        return Trend::Neutral;
    }
    let (now, before) =
        (i128::from(now.errors) * i128::from(before.calls), i128::from(before.errors) * i128::from(now.calls));
    match now.cmp(&before) {
        std::cmp::Ordering::Less => Trend::Better,
        std::cmp::Ordering::Equal => Trend::Neutral,
        std::cmp::Ordering::Greater => Trend::Worse,
    }
}
