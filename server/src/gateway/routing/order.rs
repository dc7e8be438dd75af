//! In which order a model's providers are tried.

/// The places of the providers in the order of one call.
///
/// Providers without a weight keep their place. Those with a weight that stand next to each other share it: each is
/// drawn with a probability in proportion to its weight, and what isn't drawn comes after, drawn in the same way.
pub(super) fn drawn(weights: &[Option<u32>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let mut begin = 0;
    while begin < order.len() {
        let length = weights[begin..].iter().take_while(|weight| weight.is_some()).count();
        shuffle(&mut order[begin..begin + length], weights);
        begin += length.max(1);
    }
    order
}

fn shuffle(places: &mut [usize], weights: &[Option<u32>]) {
    let weight = |place: usize| u64::from(weights[place].unwrap_or_default());
    for next in 0..places.len().saturating_sub(1) {
        let total: u64 = places[next..].iter().map(|place| weight(*place)).sum();
        let mut left = fastrand::u64(0..total.max(1));
        let chosen = (next..places.len()).find(|candidate| {
            let weight = weight(places[*candidate]);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        });
        places.swap(next, chosen.unwrap_or(next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_weights_it_is_the_order_they_stand_in() {
        assert_eq!(drawn(&[None, None, None]), [0, 1, 2]);
        assert_eq!(drawn(&[Some(7)]), [0]);
        assert_eq!(drawn(&[]), [0; 0]);
    }

    #[test]
    fn weights_share_a_place_and_leave_the_others_theirs() {
        let weights = [None, Some(3), Some(1), None, Some(1), Some(1)];
        let mut first = [0; 6];
        for _ in 0..10_000 {
            let order = drawn(&weights);
            assert_eq!((order[0], order[3]), (0, 3));
            let mut all = order.clone();
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 4, 5]);
            assert!(order[1] < 3 && order[4] > 3);
            first[order[1]] += 1;
            first[order[4]] += 1;
        }
        // Five standard deviations of a binomial distribution are 217 and 250.
        assert!((7_250..=7_750).contains(&first[1]), "{first:?}");
        assert!((4_750..=5_250).contains(&first[4]), "{first:?}");
    }
}
