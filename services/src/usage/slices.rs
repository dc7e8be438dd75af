//! Slices of a range: consecutive buckets that are read at once, so that a file of any length takes little memory.

use std::{collections::BTreeMap, ops::Range};

/// Rows that a slice of several buckets may have.
const MAX_ROWS: usize = 10_000;
/// Buckets of the first slice. The next ones have more or fewer, by the rows of those before.
const FIRST_LENGTH: usize = 16;
/// Maximum number of buckets of a slice.
const MAX_LENGTH: usize = 128;

/// Walks through buckets, slice by slice.
#[derive(Debug)]
pub(super) struct Slices {
    count: usize,
    next: usize,
    length: usize,
}

impl Slices {
    /// Slices of `count` buckets.
    pub(super) const fn new(count: usize) -> Self {
        Self { count, next: 0, length: FIRST_LENGTH }
    }

    /// The indexes of the slice that is to be read; `None` after the last.
    pub(super) fn current(&self) -> Option<Range<usize>> {
        (self.next < self.count).then(|| self.next..self.count.min(self.next + self.length))
    }

    /// Goes on after the current slice, given its rows; `None` stands for too many, and it is read again with fewer buckets.
    pub(super) fn advance<K, V>(&mut self, rows: Option<&BTreeMap<(usize, K), V>>) {
        let Some(rows) = rows else {
            self.length = (self.length.min(self.count - self.next) / 2).max(1);
            return;
        };
        self.next += self.length;
        if rows.len() <= MAX_ROWS / 4 {
            self.length = (self.length * 2).min(MAX_LENGTH);
        }
    }
}

/// Rows of a slice by bucket, which has its index within the slice, and by key.
#[derive(Debug)]
pub(super) struct SliceRows<K, V> {
    rows: BTreeMap<(usize, K), V>,
    is_limited: bool,
    is_full: bool,
}

impl<K: Ord, V: Default> SliceRows<K, V> {
    /// No rows yet. One bucket can't be read in parts, so its rows have no limit.
    pub(super) fn new(slice: &Range<usize>) -> Self {
        Self { rows: BTreeMap::new(), is_limited: slice.len() > 1, is_full: false }
    }

    /// Changes the row of a bucket and key with `change`, unless there are too many rows.
    pub(super) fn change(&mut self, bucket: usize, key: K, change: impl FnOnce(&mut V)) {
        if self.is_full {
            return;
        }
        change(self.rows.entry((bucket, key)).or_default());
        self.is_full = self.is_limited && self.rows.len() > MAX_ROWS;
    }

    /// All rows; `None` if there are too many.
    pub(super) fn into_rows(self) -> Option<BTreeMap<(usize, K), V>> {
        (!self.is_full).then_some(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of rows of each slice that is kept, where bucket `n` has `rows(n)` rows.
    fn kept(count: usize, rows: impl Fn(usize) -> usize) -> Vec<(Range<usize>, usize)> {
        let (mut slices, mut kept) = (Slices::new(count), Vec::new());
        while let Some(slice) = slices.current() {
            let mut found = SliceRows::<usize, usize>::new(&slice);
            for bucket in slice.clone() {
                (0..rows(bucket)).for_each(|key| found.change(bucket - slice.start, key, |value| *value += 1));
            }
            let found = found.into_rows();
            slices.advance(found.as_ref());
            kept.extend(found.map(|found| (slice, found.len())));
        }
        kept
    }

    #[test]
    fn slices_follow_each_other_and_have_as_many_rows_as_may_be() {
        for rows in [0, 1, 600, 4_000, 12_000] {
            // Nights without a call, and days with many.
            let of_bucket = |bucket: usize| if (bucket / 40).is_multiple_of(2) { 0 } else { rows };
            let kept = kept(200, of_bucket);
            let mut next = 0;
            for (slice, found) in &kept {
                assert_eq!(slice.start, next);
                next = slice.end;
                assert!(*found <= MAX_ROWS.max(rows) && slice.len() <= MAX_LENGTH);
                assert_eq!(*found, slice.clone().map(of_bucket).sum::<usize>());
            }
            assert_eq!(next, 200);
        }
        assert_eq!(kept(750, |_| 1).len(), 8, "16, 32, 64 and 128 each");
        assert!(kept(0, |_| 1).is_empty());
    }
}
