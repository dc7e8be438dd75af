//! Totals of the range, as tiles.

use domain::{calls::OutcomeFilter, usage::UsageReport};

use super::chart_data::{Links, plural};
use crate::{
    addresses::LogsAddress,
    components::{Tile, format_compact, format_count, format_money, format_money_exact, format_percent},
};

pub(crate) fn figures(report: &UsageReport, links: &Links) -> Vec<Tile> {
    let total = &report.total;
    let calls = links.all_calls(report);
    let logs = |outcome| {
        let address = LogsAddress { outcome, ..calls.clone()? };
        Some(address.href(&links.organization))
    };
    let count = |label, value: i64, detail: String| Tile {
        label,
        value: format_compact(value),
        exact: format_count(value),
        detail,
        ..Tile::default()
    };
    let unpriced = match total.unpriced {
        0 => String::new(),
        unpriced => format!("{} of unknown cost", plural(unpriced, "call")),
    };
    let refused = match total.refused {
        0 => String::new(),
        refused => format!("{} refused besides", format_count(refused)),
    };
    let cached = match total.cached_tokens_in {
        0 => String::new(),
        cached => format!("{} cached ({})", format_compact(cached), format_percent(cached, total.tokens_in)),
    };
    let all_tokens = match total.tokens() {
        0 => String::new(),
        tokens => format!("{} total", format_compact(tokens)),
    };
    let errors = match total.calls {
        0 => String::new(),
        calls => format!("{} of calls", format_percent(total.errors, calls)),
    };
    vec![
        Tile {
            label: "Spend",
            value: format_money(total.spend),
            exact: format_money_exact(total.spend),
            detail: unpriced,
            ..Tile::default()
        },
        Tile { href: logs(None), ..count("Calls", total.calls, refused) },
        count("Tokens in", total.tokens_in, cached),
        count("Tokens out", total.tokens_out, all_tokens),
        Tile {
            href: logs(Some(OutcomeFilter::Errors)).filter(|_| total.errors > 0),
            ..count("Errors", total.errors, errors)
        },
    ]
}
