//! Bins of latency (`domain::usage::Distribution`).

use domain::usage::LATENCY_BOUNDS_MS;

/// The bin of a duration in microseconds.
pub(super) fn bin(duration_us: i64) -> usize {
    LATENCY_BOUNDS_MS.partition_point(|bound| bound * 1_000 < duration_us)
}

#[cfg(test)]
mod tests {
    use domain::usage::LATENCY_BINS;

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
