//! Usage: calls summed by time bucket and dimension.

mod comparison;
mod filter;
mod filter_values;
mod latency;
mod model_keys;
mod query;
mod tags;

use std::ops::{AddAssign, Neg};

use serde::{Deserialize, Serialize};

pub use comparison::{ComparedUsage, Comparison, Difference, MIN_COMPARED_CALLS};
pub use filter::{Filter, Group, StatusFilter, TagFilter, TagName};
pub use latency::{Distribution, EstimatedDuration, LATENCY_BINS, LATENCY_BOUNDS_MS, Percentile};
pub use model_keys::ModelKeyTokens;
pub use query::{ChartForm, CustomRange, Metric, MinuteRange, Range, UsageQuery, View, parse_day};
pub use tags::{MAX_TAG_GROUPS, OTHER_TAG_VALUES, TagCount, TagCounts, parse_tag_name};

use crate::{money::Money, time::Timestamp};

/// Maximum number of series of a report; all others are summed to one.
pub const MAX_SERIES: usize = 8;
/// Maximum number of groups beyond [`MAX_SERIES`] that a report lists.
pub const MAX_LISTED_GROUPS: usize = 500;
/// Key of the series that sums all series beyond [`MAX_SERIES`]. It has a control character, which no name and no value of a tag has.
pub const OTHERS: &str = "\u{1}others";

/// Sums over calls. Refused calls are counted in `refused` only.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Measures {
    pub calls: i64,
    /// Calls that failed or were interrupted, included in `calls`.
    pub errors: i64,
    pub refused: i64,
    pub tokens_in: i64,
    /// Cached input tokens, included in `tokens_in`.
    pub cached_tokens_in: i64,
    pub tokens_out: i64,
    pub images: i64,
    /// Milliseconds of video, made or read.
    pub video_ms: i64,
    /// Milliseconds of audio, made or read.
    pub audio_ms: i64,
    /// Bytes stored times the hours for which they were.
    pub byte_hours: i64,
    pub spend: Money,
    /// Calls whose cost is unknown at least in part, included in `calls`; `spend` lacks the unknown part.
    pub unpriced: i64,
}

impl Measures {
    /// Input and output tokens together.
    pub fn tokens(&self) -> i64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }

    /// Whether nothing is known of the spend: there are calls of unknown cost, and `spend` is zero.
    pub fn is_spend_unknown(&self) -> bool {
        self.unpriced > 0 && self.spend == Money::ZERO
    }

    /// Whether all sums are zero.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The measure that a chart shows: nano-dollars for spend, milliseconds for video and audio, byte-hours for storage, a count for
    /// all others.
    pub fn get(&self, metric: Metric) -> i64 {
        match metric {
            Metric::Spend => self.spend.nanos(),
            Metric::Tokens => self.tokens(),
            Metric::InputTokens => self.tokens_in,
            Metric::CachedTokens => self.cached_tokens_in,
            Metric::OutputTokens => self.tokens_out,
            // The largest series by latency are those with most calls.
            Metric::Calls | Metric::Latency | Metric::FirstToken => self.calls,
            Metric::Errors => self.errors,
            Metric::Rejected => self.refused,
            Metric::Images => self.images,
            Metric::VideoMinutes => self.video_ms,
            Metric::AudioMinutes => self.audio_ms,
            Metric::Storage => self.byte_hours,
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
        self.images = self.images.saturating_add(other.images);
        self.video_ms = self.video_ms.saturating_add(other.video_ms);
        self.audio_ms = self.audio_ms.saturating_add(other.audio_ms);
        self.byte_hours = self.byte_hours.saturating_add(other.byte_hours);
        self.spend += other.spend;
        self.unpriced += other.unpriced;
    }
}

/// Negated measures are subtracted by adding them.
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
            images: -self.images,
            video_ms: -self.video_ms,
            audio_ms: -self.audio_ms,
            byte_hours: -self.byte_hours,
            spend: -self.spend,
            unpriced: -self.unpriced,
        }
    }
}

/// Usage over a range, by bucket and group. Chart, tiles, table and CSV all show this.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UsageReport {
    /// IANA time zone of the buckets' hours and days.
    pub time_zone: String,
    pub view: View,
    /// Beginnings of the buckets, ascending.
    pub buckets: Vec<Timestamp>,
    /// End of the last bucket.
    pub end: Timestamp,
    /// Time at which the usage was read; the bucket that contains it isn't over.
    pub read_at: Timestamp,
    /// Series, the largest by the query's metric first, [`OTHERS`] last.
    pub series: Vec<Series>,
    /// The groups that [`OTHERS`] sums, the largest first, up to [`MAX_LISTED_GROUPS`]; empty unless the query
    /// asks for them.
    pub other_groups: Vec<GroupTotal>,
    /// Number of groups, each counted once for every bucket in which it has usage: the rows of a file.
    pub row_count: u64,
    pub total: Measures,
    /// Durations of all calls of the range.
    pub durations: Durations,
    /// The earlier range, if the query compares.
    pub compared: Option<ComparedUsage>,
    /// Whether there was ever a call that the actor may see, in any range and with any filter.
    pub ever_called: bool,
}

impl UsageReport {
    /// The end of the bucket at `index`.
    pub fn bucket_end(&self, index: usize) -> Timestamp {
        self.buckets.get(index + 1).copied().unwrap_or(self.end)
    }
}

/// The usage of one group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Series {
    /// Filter value of the series: a model's name, or an id. Empty for calls without a group.
    pub key: String,
    pub label: String,
    pub total: Measures,
    /// Points, ascending by bucket; buckets without usage are left out.
    pub points: Vec<Point>,
    /// The durations that the query's metric is about, for each point; empty for other metrics.
    pub durations: Vec<Distribution>,
}

/// How long calls took, rejected ones left out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Durations {
    /// Times to the last byte.
    pub latency: Distribution,
    /// Times to the first byte, of calls that have one.
    pub first_token: Distribution,
}

/// A group without a series of its own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct GroupTotal {
    /// See [`Series::key`].
    pub key: String,
    pub label: String,
    pub total: Measures,
}

/// One bucket of one series.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Point {
    /// The bucket's index in the report.
    pub bucket: u32,
    pub measures: Measures,
}
