//! Ticks of the value axis.

use super::units::Unit;

/// A labeled value on the axis.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tick {
    pub value: i128,
    pub label: String,
}

/// Computes the ticks: multiples of 1, 2 or 5 times a power of ten, from 0 to the first that isn't below
/// `maximum`, in at most `max_steps` steps.
///
/// Without data, the ticks are `0` and `1` or `$1`, so that an empty chart still has its frame.
pub fn ticks(maximum: i128, max_steps: usize, unit: Unit) -> Vec<Tick> {
    let max_steps = i128::try_from(max_steps.max(1)).unwrap_or(1);
    let (maximum, max_steps) = if maximum > 0 { (maximum, max_steps) } else { (unit.one(), 1) };
    let step = step(maximum, max_steps);
    let steps = (maximum + step - 1) / step;
    let top = steps * step;
    (0..=steps)
        .map(|multiple| multiple * step)
        .map(|value| Tick { value, label: unit.format_tick(value, step, top) })
        .collect()
}

/// The smallest round step of which at most `max_steps` reach `maximum`.
fn step(maximum: i128, max_steps: i128) -> i128 {
    let mut power = 1_i128;
    loop {
        for digit in [1, 2, 5] {
            let step = digit * power;
            if step.saturating_mul(max_steps) >= maximum {
                return step;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(maximum: i128, max_steps: usize) -> Vec<i128> {
        ticks(maximum, max_steps, Unit::Count).into_iter().map(|tick| tick.value).collect()
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(values(0, 5), [0, 1]);
        assert_eq!(values(1, 5), [0, 1]);
        assert_eq!(values(7, 4), [0, 2, 4, 6, 8]);
        assert_eq!(values(278, 4), [0, 100, 200, 300]);
        assert_eq!(values(1_000, 5), [0, 200, 400, 600, 800, 1_000]);
    }

    #[test]
    fn an_empty_chart_goes_up_to_one() {
        let labels = |unit| ticks(0, 5, unit).into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(labels(Unit::Count), ["0", "1"]);
        assert_eq!(labels(Unit::Money), ["$0", "$1"]);
    }

    proptest! {
        #[test]
        fn ticks_cover_the_maximum(maximum in 0..=8 * i128::from(i64::MAX), max_steps in 1_usize..9) {
            let values = values(maximum, max_steps);
            prop_assert_eq!(values[0], 0);
            prop_assert!(values[values.len() - 1] >= maximum);
            prop_assert!(values[values.len() - 2] < maximum.max(1), "no tick too many");
            prop_assert!(values.len() <= max_steps + 1);
        }

        #[test]
        fn every_tick_is_written_differently(maximum in 0..=8 * i128::from(i64::MAX), max_steps in 1_usize..9) {
            for unit in [Unit::Count, Unit::Money, Unit::Minutes, Unit::Bytes, Unit::Duration] {
                let ticks = ticks(maximum, max_steps, unit);
                let labels: std::collections::HashSet<_> = ticks.iter().map(|tick| &tick.label).collect();
                prop_assert_eq!(labels.len(), ticks.len());
            }
        }
    }
}
