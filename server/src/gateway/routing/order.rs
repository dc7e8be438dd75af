//! The order in which a model's providers are tried.

/// Draws the order of the providers for one call, as indexes.
///
/// Providers without a weight keep their position. Adjacent ones with weights are shuffled: each position
/// goes to one of those left, with a probability in proportion to its weight.
pub(super) fn draw(weights: &[Option<u32>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let mut begin = 0;
    while begin < order.len() {
        let length = weights[begin..].iter().take_while(|weight| weight.is_some()).count();
        shuffle(&mut order[begin..begin + length], weights);
        begin += length.max(1);
    }
    order
}

fn shuffle(indexes: &mut [usize], weights: &[Option<u32>]) {
    let weight = |index: usize| u64::from(weights[index].unwrap_or_default());
    for next in 0..indexes.len().saturating_sub(1) {
        let total: u64 = indexes[next..].iter().map(|index| weight(*index)).sum();
        let mut left = fastrand::u64(0..total.max(1));
        let chosen = (next..indexes.len()).find(|candidate| {
            let weight = weight(indexes[*candidate]);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        });
        indexes.swap(next, chosen.unwrap_or(next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_weights_it_is_the_order_they_stand_in() {
        assert_eq!(draw(&[None, None, None]), [0, 1, 2]);
        assert_eq!(draw(&[Some(7)]), [0]);
        assert_eq!(draw(&[]), [0; 0]);
    }

    #[test]
    fn weights_share_a_place_and_leave_the_others_theirs() {
        let weights = [None, Some(3), Some(1), None, Some(1), Some(1)];
        let mut first = [0; 6];
        for _ in 0..10_000 {
            let order = draw(&weights);
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
