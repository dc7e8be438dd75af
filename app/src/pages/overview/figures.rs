//! The month's figures, each with its difference against the same days of the month before.

use domain::{
    calls::OutcomeFilter,
    overview::Overview,
    usage::{Measures, Metric, Range},
};

use crate::{
    addresses::{LogsAddress, Page, UsageAddress},
    components::{Change, Tile, format_compact, format_count, format_money, format_money_exact, format_percent},
};

/// Against what the differences are told.
const BEFORE: &str = "the same days last month";

/// The figures; `to_logs` says whether the member may read the calls behind them.
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
                format!("no calls on {BEFORE}")
            } else {
                format!("{} on {BEFORE}", errors(previous))
            },
            change: error_change(month, previous),
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

/// More isn't better or worse in itself, so that only the arrow says which it is.
fn difference(now: i64, before: i64) -> String {
    match before {
        0 if now == 0 => String::new(),
        0 => format!("none on {BEFORE}"),
        _ if now == before => format!("as on {BEFORE}"),
        _ => {
            let arrow = if now > before { "▲" } else { "▼" };
            let by = now.saturating_sub(before).saturating_abs();
            format!("{arrow} {} against {BEFORE}", format_percent(by, before))
        }
    }
}

/// A share of errors that is higher is worse; compared as fractions, without rounding.
fn error_change(now: &Measures, before: &Measures) -> Change {
    if now.calls == 0 || before.calls == 0 {
        return Change::Neutral;
    }
    let (now, before) =
        (i128::from(now.errors) * i128::from(before.calls), i128::from(before.errors) * i128::from(now.calls));
    match now.cmp(&before) {
        std::cmp::Ordering::Less => Change::Better,
        std::cmp::Ordering::Equal => Change::Neutral,
        std::cmp::Ordering::Greater => Change::Worse,
    }
}
