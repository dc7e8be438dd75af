//! Distributions of durations in fixed bins, which add up over any buckets and series, and their percentiles.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::choices;

/// Number of bins; the last has no upper bound.
pub const LATENCY_BINS: usize = 14;

/// Inclusive upper bounds of all bins but the last, in milliseconds: fine for embeddings and first tokens, coarse for
/// long answers. They are stored by position, so they never change.
pub const LATENCY_BOUNDS_MS: [i64; LATENCY_BINS - 1] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

choices! {
    /// A percentile of a distribution.
    #[derive(Default)]
    Percentile, "percentile" {
        P50 = "p50", "p50";
        #[default]
        P95 = "p95", "p95";
        P99 = "p99", "p99";
    }
}

impl Percentile {
    /// The percentile as a share of 100.
    pub const fn percent(self) -> i64 {
        match self {
            Self::P50 => 50,
            Self::P95 => 95,
            Self::P99 => 99,
        }
    }
}

/// The number of durations in each bin.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Distribution(pub [i64; LATENCY_BINS]);

/// A percentile as a distribution knows it: it lies between the bounds of its bin, and is estimated to lie between them in proportion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EstimatedDuration {
    /// In milliseconds.
    pub estimate: f64,
    /// The bin's lower bound, in milliseconds.
    pub low: i64,
    /// The bin's upper bound, in milliseconds; `None` in the last bin, whose estimate is its lower bound.
    pub high: Option<i64>,
}

impl Distribution {
    /// Number of durations.
    pub fn count(&self) -> i64 {
        self.0.iter().sum()
    }

    /// Estimates a percentile by the nearest-rank method; `None` without any duration.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn percentile(&self, percentile: Percentile) -> Option<EstimatedDuration> {
        let count = self.count();
        if count <= 0 {
            return None;
        }
        let rank = (count * percentile.percent() + 99) / 100;
        let mut below = 0;
        for (bin, in_bin) in self.0.iter().copied().enumerate() {
            if below + in_bin >= rank {
                let low = bin.checked_sub(1).map_or(0, |before| LATENCY_BOUNDS_MS[before]);
                let high = LATENCY_BOUNDS_MS.get(bin).copied();
                let share = (rank - below) as f64 / in_bin as f64;
                let estimate = high.map_or(low as f64, |high| low as f64 + (high - low) as f64 * share);
                return Some(EstimatedDuration { estimate, low, high });
            }
            below += in_bin;
        }
        None
    }
}

impl AddAssign for Distribution {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}
