//! Numbers within bounds, and multiples.

use serde_json::Value;

use super::parts::Parts;

/// Number of multiples that are tried to find an integer, or a multiple of other steps as well.
const MAX_TRIES: usize = 1_000;
/// Largest distance from an integer that is taken for a rounding error of floats.
const TOLERANCE: f64 = 1e-9;
/// Floats from here on skip integers: 2⁵³.
const INTEGER_LIMIT: f64 = 9_007_199_254_740_992.0;

/// Returns a number that fits: 1 if possible.
pub(super) fn number(parts: &Parts<'_>, nth: usize, is_integer: bool) -> Option<Value> {
    let (bounds, steps) = (Bounds::of(parts), steps(parts));
    let step = steps.iter().copied().reduce(f64::max).or(is_integer.then_some(1.0));
    // Integers of this size are exact as floats.
    let found = match step {
        None => bounds.any_number(nth as f64),
        Some(step) => {
            let valid_step = |times: usize| Some(step * times as f64).filter(|step| !is_integer || step.fract() == 0.0);
            let step = (1..=MAX_TRIES).find_map(valid_step)?;
            let first = bounds.first_multiple(step);
            // If there are no more, a repeated number is better than none.
            let distances = || (nth..nth + MAX_TRIES).chain(0..nth).map(|distance| distance as f64);
            let times = || distances().flat_map(move |distance| [first + distance, first - distance]);
            let all = || times().map(move |times| round_off(times * step)).filter(|number| bounds.contains(*number));
            // In floats, 1.2 divided by 0.1 is less than 12, so some validators don't take it for a multiple.
            [0.0, TOLERANCE]
                .into_iter()
                .find_map(|tolerance| all().find(|number| is_multiple_of_all(*number, &steps, tolerance)))
        }
    }?;
    if found.fract() == 0.0 && found.abs() < INTEGER_LIMIT {
        // An integer in range, so the conversion is exact.
        return Some(Value::from(found as i64));
    }
    Some(Value::from(found))
}

/// Whether a number in a schema is within the bounds, and a multiple where required.
pub(super) fn is_valid(parts: &Parts<'_>, number: f64) -> bool {
    Bounds::of(parts).contains(number) && is_multiple_of_all(number, &steps(parts), TOLERANCE)
}

/// Returns the steps of which a number must be a multiple.
fn steps(parts: &Parts<'_>) -> Vec<f64> {
    parts.all("multipleOf").filter_map(Value::as_f64).filter(|step| *step > 0.0).collect()
}

/// Whether a number is a multiple of each step, within a tolerance.
fn is_multiple_of_all(number: f64, steps: &[f64], tolerance: f64) -> bool {
    let is_integer = |times: f64| (times - times.round()).abs() <= tolerance;
    steps.iter().all(|step| is_integer(number / step))
}

/// Removes the rounding errors of floats from a multiple of 0.1.
fn round_off(number: f64) -> f64 {
    if number.abs() < 1e5 { (number * 1e9).round() / 1e9 } else { number }
}

/// The bounds of a number.
struct Bounds {
    /// The bound, and whether it is exclusive.
    lower: Option<(f64, bool)>,
    upper: Option<(f64, bool)>,
}

impl Bounds {
    fn of(parts: &Parts<'_>) -> Self {
        let all = |name: &str, exclusive: &str| -> Vec<(f64, bool)> {
            // In draft 4, `exclusiveMinimum` is a boolean.
            let is_exclusive = |part: &&serde_json::Map<String, Value>| part.get(exclusive) == Some(&Value::Bool(true));
            let inclusive = parts.plain.iter().filter_map(|part| Some((part.get(name)?.as_f64()?, is_exclusive(part))));
            inclusive.chain(parts.all(exclusive).filter_map(|bound| Some((bound.as_f64()?, true)))).collect()
        };
        Self {
            lower: all("minimum", "exclusiveMinimum")
                .into_iter()
                .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))),
            upper: all("maximum", "exclusiveMaximum")
                .into_iter()
                .min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))),
        }
    }

    fn contains(&self, number: f64) -> bool {
        self.lower.is_none_or(|(bound, is_exclusive)| if is_exclusive { number > bound } else { number >= bound })
            && self
                .upper
                .is_none_or(|(bound, is_exclusive)| if is_exclusive { number < bound } else { number <= bound })
    }

    /// Returns any number within the bounds, not only multiples.
    fn any_number(&self, nth: f64) -> Option<f64> {
        let lower = self.lower.map(|(bound, _)| bound);
        let upper = self.upper.map(|(bound, _)| bound);
        let between = lower.zip(upper).map(|(lower, upper)| lower + (upper - lower) / (nth + 2.0));
        let outside = [lower.map(|lower| lower + 1.0 + nth), upper.map(|upper| upper - 1.0 - nth)];
        let at_bound = lower.map(|lower| lower + nth);
        let tried = [Some(1.0 + nth), at_bound, between].into_iter().chain(outside).chain([lower, upper]);
        tried.flatten().find(|number| self.contains(*number))
    }

    /// Returns the multiple to begin with: that of 1 if it fits, else the lowest that fits, else the highest.
    fn first_multiple(&self, step: f64) -> f64 {
        let one = (1.0 / step).ceil();
        if self.contains(one * step) {
            return one;
        }
        match (self.lower, self.upper) {
            (Some((bound, is_exclusive)), _) => {
                let times = (bound / step).ceil();
                if is_exclusive && times * step <= bound { times + 1.0 } else { times }
            }
            (None, Some((bound, is_exclusive))) => {
                let times = (bound / step).floor();
                if is_exclusive && times * step >= bound { times - 1.0 } else { times }
            }
            (None, None) => one,
        }
    }
}
