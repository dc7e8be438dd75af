//! Colors of series.

use domain::usage::{MAX_SERIES, OTHERS};

/// A color, as a class of the stylesheet.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Slot {
    /// One of `series-1` to `series-8`, counted from 0.
    Series(u8),
    /// The sum of all other series.
    Others,
}

impl Slot {
    pub const fn class(self) -> &'static str {
        const CLASSES: [&str; MAX_SERIES] =
            ["series-1", "series-2", "series-3", "series-4", "series-5", "series-6", "series-7", "series-8"];
        match self {
            Self::Series(index) => CLASSES[index as usize % MAX_SERIES],
            Self::Others => "series-others",
        }
    }
}

/// Assigns each key a color: by its hash, or the next free one.
///
/// So a model keeps its color from page to page, unless another key of the chart has an equal hash: then the
/// first of the two keeps its color.
pub fn slots<'a>(keys: impl IntoIterator<Item = &'a str>) -> Vec<Slot> {
    let mut used = [false; MAX_SERIES];
    keys.into_iter()
        .map(|key| {
            if key == OTHERS {
                return Slot::Others;
            }
            let first = hash(key) as usize % MAX_SERIES;
            let free = (0..MAX_SERIES).map(|step| (first + step) % MAX_SERIES).find(|&slot| !used[slot]);
            let slot = free.unwrap_or(first);
            used[slot] = true;
            Slot::Series(slot as u8)
        })
        .collect()
}

/// Hashes with 32-bit FNV-1a (draft-eastlake-fnv): short, and equal on every machine, unlike the standard
/// library's. The high half is folded into the low one, since only a few low bits are used.
fn hash(key: &str) -> u32 {
    let hash = key.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_alone_keeps_its_colour_beside_others() {
        let alone = slots(["gpt-5-mini"]);
        assert_eq!(slots(["gpt-5-mini", "claude-haiku-4.5", OTHERS])[0], alone[0]);
    }

    #[test]
    fn the_others_have_a_colour_of_their_own() {
        assert_eq!(slots([OTHERS]), [Slot::Others]);
    }

    proptest! {
        #[test]
        fn up_to_eight_keys_have_different_colours(keys in prop::collection::hash_set("[a-z0-9-]{1,12}", 1..=MAX_SERIES)) {
            let found = slots(keys.iter().map(String::as_str));
            let different: HashSet<_> = found.iter().map(|slot| slot.class()).collect();
            prop_assert_eq!(different.len(), keys.len());
        }

        #[test]
        fn more_keys_than_colours_are_no_trouble(keys in prop::collection::vec(".{0,4}", 0..40)) {
            prop_assert_eq!(slots(keys.iter().map(String::as_str)).len(), keys.len());
        }
    }
}
