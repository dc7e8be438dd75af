//! Sums of calls, equal to those of their rollups.

use domain::{calls::Outcome, usage::LATENCY_BOUNDS_MS};
use sea_orm::DbBackend;

use super::{
    conditions::series_condition,
    sources::CallSpan,
    span_table::SpanTable,
    sums::{Histogram, Slice},
    tagged_calls::from_tagged_spans,
};
use crate::database::Bound;

/// The expression over calls `c` of series `s` for a call's part of a column of rollups (`metering::rollup`).
pub(super) fn call_value(name: &str) -> String {
    let if_admitted = |value: &str| format!("CASE WHEN s.outcome = '{}' THEN 0 ELSE {value} END", Outcome::Refused);
    for histogram in Histogram::ALL {
        if let Some(bin) = name.strip_prefix(histogram.prefix()).and_then(|bin| bin.parse().ok()) {
            return if_admitted(&format!("CASE WHEN {} THEN c.times ELSE 0 END", bin_condition(histogram, bin)));
        }
    }
    match name {
        "calls" => if_admitted("c.times"),
        "errors" => {
            let (succeeded, refused) = (Outcome::Succeeded, Outcome::Refused);
            format!("CASE WHEN s.outcome IN ('{succeeded}', '{refused}') THEN 0 ELSE c.times END")
        }
        "refused" => format!("CASE WHEN s.outcome = '{}' THEN c.times ELSE 0 END", Outcome::Refused),
        // A call that isn't rejected has no message in which the name could occur.
        "unpriced" => if_admitted("CASE WHEN c.cost_nanos IS NULL OR c.rare LIKE '%\"unpriced\":%' THEN 1 ELSE 0 END"),
        used => format!("c.{used}"),
    }
}

/// The condition that a call's duration is in a bin.
fn bin_condition(histogram: Histogram, bin: usize) -> String {
    let duration = match histogram {
        Histogram::Latency => "c.duration_us",
        Histogram::FirstByte => "c.first_byte_us",
    };
    let micros = |bin: usize| LATENCY_BOUNDS_MS.get(bin).map(|bound| bound * 1_000);
    let (over, up_to) = (bin.checked_sub(1).and_then(micros), micros(bin));
    let over = over.map(|bound| format!(" AND {duration} > {bound}"));
    let up_to = up_to.map(|bound| format!(" AND {duration} <= {bound}"));
    format!("{duration} IS NOT NULL{}{}", over.unwrap_or_default(), up_to.unwrap_or_default())
}

/// `FROM` and `WHERE` of the slice's calls `c` within `spans`, with their series `s`. Each span `p` is looked up by the
/// calls' ids, which are ordered by time; its place is its index.
pub(super) fn from_spans(slice: &Slice<'_>, spans: &[CallSpan], bound: &mut Bound) -> String {
    if let Some(from) = from_tagged_spans(slice, spans, bound) {
        return from;
    }
    let SpanTable { table: spans, from, to, ends } = SpanTable::new(spans, bound);
    let organization = bound.value(slice.organization.id.uuid());
    let series = series_condition(slice.scope, slice.filter, bound);
    let of_span = format!("c.organization_id = {organization} AND c.id >= {from} AND c.id < {to}");
    let of_series = format!("s.organization_id = {organization} AND s.id = c.series_id AND {series}");
    // As for rollups. The bounds tell PostgreSQL the partitions; SQLite would use them instead of the span's.
    match bound.backend() {
        DbBackend::Postgres => {
            let [first, last] = ends.map(|id| bound.value(id));
            format!(
                "FROM {spans} CROSS JOIN LATERAL (SELECT c.* FROM calls c WHERE {of_span} AND c.id >= {first} \
                 AND c.id < {last} OFFSET 0) c CROSS JOIN series s WHERE {of_series}"
            )
        }
        _ => format!("FROM {spans} CROSS JOIN calls c CROSS JOIN series s WHERE {of_span} AND {of_series}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_those_of_rollups() {
        assert_eq!(
            bin_condition(Histogram::Latency, 1),
            "c.duration_us IS NOT NULL AND c.duration_us > 5000 AND c.duration_us <= 10000"
        );
        assert_eq!(bin_condition(Histogram::FirstByte, 0), "c.first_byte_us IS NOT NULL AND c.first_byte_us <= 5000");
        assert!(call_value("first_byte_13").contains("c.first_byte_us > 60000000 THEN c.times"));
    }
}
