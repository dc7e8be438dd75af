//! Sums of a part of a span's usage, and the columns from which they are read.

use std::ops::AddAssign;

use domain::usage::{Durations, Measures};
use sea_orm::{DbBackend, FromQueryResult, QueryResult};

use super::resource::UsageResource;
use crate::{
    ServiceResult,
    database::Bound,
    usage::{
        call_sums::call_value,
        sums::{Columns, Histogram, histogram_columns, sum, sum_columns},
    },
};

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
        let (characters, searches) = (row.try_get("", CHARACTERS)?, row.try_get("", SEARCHES)?);
        Ok(Self { characters, searches, ..Self::read_rollups(row, resource)? })
    }
}

/// Rare quantities of calls (`calls::rare`), and the columns of their sums.
const CHARACTERS: &str = "characters";
const SEARCHES: &str = "searches";

/// The sums of rollups `r` of series `s`.
pub(super) fn rollup_columns(resource: UsageResource) -> String {
    columns(resource, |column| format!("r.{column}"))
}

/// The sums of calls `c` of series `s`, as their rollups have them, and of rare quantities.
pub(super) fn call_columns(resource: UsageResource, bound: &Bound) -> String {
    let [characters, searches] = [CHARACTERS, SEARCHES].map(|name| sum(&rare_quantity(name, bound), name));
    format!("{}, {characters}, {searches}", columns(resource, call_value))
}

fn columns(resource: UsageResource, value: impl Fn(&str) -> String) -> String {
    let mut columns = vec![sum_columns(&value)];
    if resource == UsageResource::Latencies {
        columns.extend(Histogram::ALL.map(|histogram| histogram_columns(histogram, &value)));
    }
    columns.join(", ")
}

/// The condition on calls `c` of a resource, beside that on their series.
pub(super) fn call_condition(resource: UsageResource, bound: &Bound) -> String {
    match resource {
        // Most calls have no rare properties, so most texts needn't be parsed.
        UsageResource::WebSearches => {
            format!("c.rare LIKE '%\"{SEARCHES}\":%' AND {} > 0", rare_quantity(SEARCHES, bound))
        }
        _ => "TRUE".to_owned(),
    }
}

/// A rare quantity of call `c`.
fn rare_quantity(name: &str, bound: &Bound) -> String {
    let rare = match bound.backend() {
        DbBackend::Postgres => "c.rare::json",
        _ => "c.rare",
    };
    format!("coalesce({}, 0)", bound.number(&format!("{rare} ->> '{name}'")))
}

fn read_durations(row: &QueryResult, resource: UsageResource) -> ServiceResult<Option<Box<Durations>>> {
    if resource != UsageResource::Latencies {
        return Ok(None);
    }
    let (latency, first_token) = (Histogram::Latency.read(row)?, Histogram::FirstByte.read(row)?);
    Ok(Some(Box::new(Durations { latency, first_token })))
}
