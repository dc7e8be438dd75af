//! Usage: calls summed by time bucket and dimension.

mod query;

use std::ops::{AddAssign, Neg};

use serde::{Deserialize, Serialize};

pub use query::{CustomRange, Filter, Group, Metric, Range, UsageQuery, View, parse_day};

use crate::{money::Money, time::Timestamp};

/// Most series a report tells apart; the others are summed to one.
pub const MOST_SERIES: usize = 8;
/// Most buckets a chart may have.
pub const MOST_BUCKETS: usize = 750;
/// The key of the series that sums all beyond [`MOST_SERIES`].
pub const OTHERS: &str = "~others";

/// Sums over calls. Refused calls are counted apart and in nothing else.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Measures {
    pub calls: i64,
    /// Of the calls, those that failed or were interrupted.
    pub errors: i64,
    pub refused: i64,
    pub tokens_in: i64,
    /// A part of `tokens_in`.
    pub cached_tokens_in: i64,
    pub tokens_out: i64,
    pub spend: Money,
    /// Of the calls, those whose cost isn't known, or not in all of its parts; what isn't known isn't in `spend`.
    pub unpriced: i64,
}

impl Measures {
    pub fn tokens(&self) -> i64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }

    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The measure a chart shows, in its own unit: nano-dollars for spend, a count for all others.
    pub fn get(&self, metric: Metric) -> i64 {
        match metric {
            Metric::Spend => self.spend.nanos(),
            Metric::Tokens => self.tokens(),
            Metric::Calls => self.calls,
            Metric::Errors => self.errors,
        }
    }
}

impl AddAssign for Measures {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.refused += other.refused;
        self.tokens_in = self.tokens_in.saturating_add(other.tokens_in);
        self.cached_tokens_in = self.cached_tokens_in.saturating_add(other.cached_tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(other.tokens_out);
        self.spend += other.spend;
        self.unpriced += other.unpriced;
    }
}

/// What is taken away by adding it.
impl Neg for Measures {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            calls: -self.calls,
            errors: -self.errors,
            refused: -self.refused,
            tokens_in: -self.tokens_in,
            cached_tokens_in: -self.cached_tokens_in,
            tokens_out: -self.tokens_out,
            spend: -self.spend,
            unpriced: -self.unpriced,
        }
    }
}

/// Usage over a range, by bucket and group: what chart, tiles, table and CSV all show.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UsageReport {
    /// The IANA time zone whose hours and days the buckets are.
    pub time_zone: String,
    pub view: View,
    /// When each bucket begins, ascending.
    pub buckets: Vec<Timestamp>,
    /// When the last bucket ends.
    pub end: Timestamp,
    /// When this was read; the bucket that holds it is still running.
    pub read_at: Timestamp,
    /// The largest by the asked-for metric first, [`OTHERS`] last.
    pub series: Vec<Series>,
    pub total: Measures,
}

impl UsageReport {
    /// When the bucket at `index` ends.
    pub fn bucket_end(&self, index: usize) -> Timestamp {
        self.buckets.get(index + 1).copied().unwrap_or(self.end)
    }
}

/// One group's usage.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Series {
    /// What to filter by for this series: a model's name, or an id. Empty for no group.
    pub key: String,
    pub label: String,
    pub total: Measures,
    /// Ascending by bucket; a bucket without usage is left out.
    pub points: Vec<Point>,
}

/// One bucket of one series.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Point {
    /// The bucket's index in the report.
    pub bucket: u32,
    pub measures: Measures,
}
