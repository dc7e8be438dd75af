//! Sums of a part of a span's usage, and the columns from which they are read.

use std::ops::AddAssign;

use domain::{
    money::Money,
    usage::{Distribution, Durations, LATENCY_BINS, LATENCY_BOUNDS_MS, Measures},
};
use sea_orm::{DbBackend, FromQueryResult, QueryResult};

use super::resource::UsageResource;
use crate::{
    ServiceResult,
    database::Bound,
    usage::sums::{self, Columns},
};

const NANOS_PER_DOLLAR: i64 = 1_000_000_000;

/// Names of the columns of both distributions, before the number of the bin.
const DURATION: &str = "duration_bin_";
const FIRST_BYTE: &str = "first_byte_bin_";

/// Sums of a part of a span's usage.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SpanTotals {
    pub measures: Measures,
    /// Characters of spoken texts; 0 where they are summed from rollups.
    pub characters: i64,
    /// Web searches by providers; 0 where they are summed from rollups.
    pub searches: i64,
    /// The calls' durations; `None` except for [`UsageResource::Latencies`].
    pub durations: Option<Box<Durations>>,
}

impl AddAssign for SpanTotals {
    fn add_assign(&mut self, other: Self) {
        self.measures += other.measures;
        self.characters = self.characters.saturating_add(other.characters);
        self.searches = self.searches.saturating_add(other.searches);
        if let Some(more) = other.durations {
            let durations = self.durations.get_or_insert_default();
            durations.latency += more.latency;
            durations.first_token += more.first_token;
        }
    }
}

impl SpanTotals {
    /// Reads a row of [`rollup_columns`].
    pub(super) fn read_rollups(row: &QueryResult, resource: UsageResource) -> ServiceResult<Self> {
        let measures = Columns::from_query_result(row, "")?.into();
        Ok(Self { measures, durations: read_durations(row, resource)?, ..Self::default() })
    }

    /// Reads a row of [`call_columns`].
    pub(super) fn read_calls(row: &QueryResult, resource: UsageResource) -> ServiceResult<Self> {
        let sums = CallColumns::from_query_result(row, "")?;
        let (characters, searches) = (sums.characters, sums.searches);
        Ok(Self { measures: sums.into(), characters, searches, durations: read_durations(row, resource)? })
    }
}

/// The sums of rollups `r` of series `s`.
pub(super) fn rollup_columns(resource: UsageResource) -> String {
    let mut columns = vec![sums::columns()];
    if resource == UsageResource::Latencies {
        columns.extend((0..LATENCY_BINS).map(|bin| sum(&format!("r.latency_{bin}"), &format!("{DURATION}{bin}"))));
        columns.extend((0..LATENCY_BINS).map(|bin| sum(&format!("r.first_byte_{bin}"), &format!("{FIRST_BYTE}{bin}"))));
    }
    columns.join(", ")
}

/// The sums of calls `c` of series `s`, as their rollups have them.
pub(super) fn call_columns(resource: UsageResource, bound: &Bound) -> String {
    let accepted = "CASE WHEN s.outcome <> 'refused' THEN c.times ELSE 0 END";
    let errors = "CASE WHEN s.outcome IN ('failed', 'interrupted') THEN c.times ELSE 0 END";
    let refused = "CASE WHEN s.outcome = 'refused' THEN c.times ELSE 0 END";
    let media = |service: &str| format!("CASE WHEN s.service = '{service}' THEN c.media_ms ELSE 0 END");
    let unpriced = format!(
        "CASE WHEN s.outcome <> 'refused' AND (c.cost_nanos IS NULL OR ({} -> 'unpriced') IS NOT NULL) THEN 1 ELSE 0 END",
        rare_json(bound)
    );
    let mut columns = vec![
        sum(accepted, "calls"),
        sum(errors, "errors"),
        sum(refused, "refused"),
        sum("c.tokens_in", "tokens_in"),
        sum("c.cached_tokens_in", "cached_tokens_in"),
        sum("c.tokens_out", "tokens_out"),
        sum("c.images", "images"),
        sum(&media("video"), "video_ms"),
        sum(&media("audio"), "audio_ms"),
        sum("c.byte_hours", "byte_hours"),
        // In two parts, so that a sum of amounts near the limit of 64 bits doesn't overflow.
        sum(&format!("c.cost_nanos / {NANOS_PER_DOLLAR}"), "dollars"),
        sum(&format!("c.cost_nanos % {NANOS_PER_DOLLAR}"), "nanos"),
        sum(&unpriced, "unpriced"),
        sum(&rare_number("characters", bound), "characters"),
        sum(&rare_number("searches", bound), "searches"),
    ];
    if resource == UsageResource::Latencies {
        columns.extend((0..LATENCY_BINS).map(|bin| sum(&in_bin("c.duration_us", bin), &format!("{DURATION}{bin}"))));
        columns
            .extend((0..LATENCY_BINS).map(|bin| sum(&in_bin("c.first_byte_us", bin), &format!("{FIRST_BYTE}{bin}"))));
    }
    columns.join(", ")
}

/// The condition on calls `c` of a resource, beside that on their series.
pub(super) fn call_condition(resource: UsageResource, bound: &Bound) -> String {
    match resource {
        // Most calls have no rare properties, so most texts needn't be parsed.
        UsageResource::WebSearches => {
            format!("c.rare LIKE '%\"searches\"%' AND {} > 0", rare_number("searches", bound))
        }
        _ => "TRUE".to_owned(),
    }
}

/// PostgreSQL sums to `numeric`, and the sum of nothing is NULL.
fn sum(expression: &str, name: &str) -> String {
    format!("CAST(coalesce(sum({expression}), 0) AS bigint) AS {name}")
}

/// The rare properties of call `c`, as JSON.
const fn rare_json(bound: &Bound) -> &'static str {
    match bound.backend() {
        DbBackend::Postgres => "c.rare::json",
        _ => "c.rare",
    }
}

/// A rare quantity of call `c`.
fn rare_number(name: &str, bound: &Bound) -> String {
    format!("coalesce({}, 0)", bound.number(&format!("{} ->> '{name}'", rare_json(bound))))
}

/// The number of calls whose duration is in this bin; rejected ones aren't in any.
fn in_bin(duration_us: &str, bin: usize) -> String {
    let above = bin.checked_sub(1).map(|below| format!(" AND {duration_us} > {}", LATENCY_BOUNDS_MS[below] * 1_000));
    let up_to = LATENCY_BOUNDS_MS.get(bin).map(|bound| format!(" AND {duration_us} <= {}", bound * 1_000));
    let (above, up_to) = (above.unwrap_or_default(), up_to.unwrap_or_default());
    format!("CASE WHEN s.outcome <> 'refused'{above}{up_to} THEN c.times ELSE 0 END")
}

fn read_durations(row: &QueryResult, resource: UsageResource) -> ServiceResult<Option<Box<Durations>>> {
    if resource != UsageResource::Latencies {
        return Ok(None);
    }
    let durations = Durations { latency: read_bins(row, DURATION)?, first_token: read_bins(row, FIRST_BYTE)? };
    Ok(Some(Box::new(durations)))
}

fn read_bins(row: &QueryResult, name: &str) -> ServiceResult<Distribution> {
    let mut distribution = Distribution::default();
    for (bin, count) in distribution.0.iter_mut().enumerate() {
        *count = row.try_get("", &format!("{name}{bin}"))?;
    }
    Ok(distribution)
}

/// The row of a query with [`call_columns`].
#[derive(FromQueryResult)]
struct CallColumns {
    calls: i64,
    errors: i64,
    refused: i64,
    tokens_in: i64,
    cached_tokens_in: i64,
    tokens_out: i64,
    images: i64,
    video_ms: i64,
    audio_ms: i64,
    byte_hours: i64,
    dollars: i64,
    nanos: i64,
    unpriced: i64,
    characters: i64,
    searches: i64,
}

impl From<CallColumns> for Measures {
    fn from(sums: CallColumns) -> Self {
        let nanos = i128::from(sums.dollars) * i128::from(NANOS_PER_DOLLAR) + i128::from(sums.nanos);
        Self {
            calls: sums.calls,
            errors: sums.errors,
            refused: sums.refused,
            tokens_in: sums.tokens_in,
            cached_tokens_in: sums.cached_tokens_in,
            tokens_out: sums.tokens_out,
            images: sums.images,
            video_ms: sums.video_ms,
            audio_ms: sums.audio_ms,
            byte_hours: sums.byte_hours,
            spend: Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)),
            unpriced: sums.unpriced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_meet_at_their_bounds() {
        assert_eq!(in_bin("d", 0), "CASE WHEN s.outcome <> 'refused' AND d <= 5000 THEN c.times ELSE 0 END");
        assert_eq!(
            in_bin("d", 1),
            "CASE WHEN s.outcome <> 'refused' AND d > 5000 AND d <= 10000 THEN c.times ELSE 0 END"
        );
        let last = in_bin("d", LATENCY_BINS - 1);
        assert_eq!(last, "CASE WHEN s.outcome <> 'refused' AND d > 60000000 THEN c.times ELSE 0 END");
    }
}
