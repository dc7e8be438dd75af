//! The month's figures, each with its difference from the same days of the month before, and what the whole month may have.

use domain::{
    overview::{Overview, Projection},
    usage::{Comparison, Measures, Metric, UsageQuery},
};

use crate::{
    addresses::{Page, UsageAddress},
    components::{Tile, format_compact, format_count, format_money, format_money_exact, format_percent},
    pages::usage::{error_trend, format_difference, plural},
};

/// The month's figures. Each leads to its chart, which compares as they do.
pub(super) fn figures(overview: &Overview, slug: &str) -> Vec<Tile> {
    let (month, previous) = (&overview.month, &overview.previous);
    let usage = |metric| {
        let query = UsageQuery { metric, compare: Some(Comparison::LastMonth), ..UsageQuery::default() };
        Some(UsageAddress::from(query).href(slug))
    };
    let projection = overview.projection.as_ref();
    let count = |metric: Metric, projected: fn(&Projection) -> i64| Tile {
        label: metric.label(),
        value: format_compact(month.get(metric)),
        exact: format_count(month.get(metric)),
        detail: difference(metric, month, previous),
        note: projection.map(|projection| estimate(&format_compact(projected(projection)))).unwrap_or_default(),
        href: usage(metric),
        ..Tile::default()
    };
    vec![
        Tile { href: usage(Metric::Spend), ..spend(month, previous, projection) },
        count(Metric::Calls, |projection| projection.calls),
        count(Metric::Tokens, |projection| projection.tokens),
        Tile { href: usage(Metric::Errors), ..errors(month, previous) },
        Tile {
            label: "Active keys",
            value: format_count(overview.active_keys),
            href: Some(Page::ApiKeys.path(slug)),
            ..Tile::default()
        },
    ]
}

/// The month's spend. An unknown cost isn't zero, and what lacks part of it is compared with nothing and not projected.
fn spend(month: &Measures, previous: &Measures, projection: Option<&Projection>) -> Tile {
    let label = "Spend";
    let unpriced = plural(month.unpriced, "unpriced call");
    if month.is_spend_unknown() {
        return Tile { label, value: "—".to_owned(), detail: unpriced, ..Tile::default() };
    }
    let projected = projection.and_then(|projection| projection.spend);
    Tile {
        label,
        value: format_money(month.spend),
        exact: format_money_exact(month.spend),
        detail: match month.unpriced {
            0 => difference(Metric::Spend, month, previous),
            _ => format!("+ {unpriced}"),
        },
        note: projected.map(|spend| estimate(&format_money(spend))).unwrap_or_default(),
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

/// The detail of a figure that there is nothing to compare with.
const NO_DATA: &str = "no data last month";

/// The change from the same days of the month before.
fn difference(metric: Metric, month: &Measures, previous: &Measures) -> String {
    if month.calls > 0 && previous.calls == 0 && previous.refused == 0 {
        return NO_DATA.to_owned();
    }
    // Only storage depends on the time, and there is no tile for it.
    format_difference(metric, month, previous, 1)
}

/// What the whole month may have.
fn estimate(value: &str) -> String {
    format!("Estimate for the month: {value}")
}
