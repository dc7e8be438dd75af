//! Fixed bins for latency, which add up over any buckets and series.

/// Number of bins; the last has no upper bound.
pub const LATENCY_BINS: usize = 14;

/// Inclusive upper bounds of all bins but the last, in milliseconds: fine for embeddings and first tokens,
/// coarse for long answers. They are stored by position, so they never change.
pub const LATENCY_BOUNDS_MS: [i64; LATENCY_BINS - 1] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/// The bin of a duration in microseconds.
pub(super) fn bin(duration_us: i64) -> usize {
    LATENCY_BOUNDS_MS.partition_point(|bound| bound * 1_000 < duration_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_bin_it_ends() {
        assert_eq!(bin(-1), 0);
        assert_eq!(bin(0), 0);
        assert_eq!(bin(5_000), 0);
        assert_eq!(bin(5_001), 1);
        assert_eq!(bin(60_000_000), LATENCY_BINS - 2);
        assert_eq!(bin(60_000_001), LATENCY_BINS - 1);
        assert_eq!(bin(i64::MAX), LATENCY_BINS - 1);
    }
}
