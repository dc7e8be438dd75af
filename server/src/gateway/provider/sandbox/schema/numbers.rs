//! Numbers within bounds.

use serde_json::Value;

use super::Parts;

/// How many multiples are tried until one is whole, and one of other steps too.
const MULTIPLES: usize = 1_000;
/// How far off a whole number of steps may be, by what floats add.
const OFF: f64 = 1e-9;
/// From here on, floats skip whole numbers: 2⁵³.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number that fits: 1, if it does.
pub(super) fn number(parts: &Parts<'_>, nth: usize, whole: bool) -> Option<Value> {
    let (bounds, steps) = (Bounds::of(parts), steps(parts));
    let step = steps.iter().copied().reduce(f64::max).or(whole.then_some(1.0));
    // Whole numbers of this size are exact as floats.
    let found = match step {
        None => bounds.somewhere(nth as f64),
        Some(step) => {
            let whole_step = |times: usize| Some(step * times as f64).filter(|step| !whole || step.fract() == 0.0);
            let step = (1..=MULTIPLES).find_map(whole_step)?;
            let first = bounds.first_multiple(step);
            // Where there are no more, one that is taken already is better than none.
            let away = || (nth..nth + MULTIPLES).chain(0..nth).map(|away| away as f64);
            let times = || away().flat_map(move |away| [first + away, first - away]);
            let all = || times().map(move |times| rounded(times * step)).filter(|number| bounds.hold(*number));
            // 1.2 divided by 0.1 is less than 12, so there are validators that don't take it for a multiple.
            [0.0, OFF].into_iter().find_map(|off| all().find(|number| are_steps_to(*number, &steps, off)))
        }
    }?;
    if found.fract() == 0.0 && found.abs() < EXACT {
        // Whole and in range, so the conversion is exact.
        return Some(Value::from(found as i64));
    }
    Some(Value::from(found))
}

/// Whether a number that a schema names itself is within the bounds, and a multiple where it must be one.
pub(super) fn fits(parts: &Parts<'_>, number: f64) -> bool {
    Bounds::of(parts).hold(number) && are_steps_to(number, &steps(parts), OFF)
}

fn steps(parts: &Parts<'_>) -> Vec<f64> {
    parts.all("multipleOf").filter_map(Value::as_f64).filter(|step| *step > 0.0).collect()
}

/// Whether it is a whole number of each of the steps, or no further off.
fn are_steps_to(number: f64, steps: &[f64], off: f64) -> bool {
    let is_whole = |times: f64| (times - times.round()).abs() <= off;
    steps.iter().all(|step| is_whole(number / step))
}

/// Without what floats add to a multiple of 0.1.
fn rounded(number: f64) -> f64 {
    if number.abs() < 1e5 { (number * 1e9).round() / 1e9 } else { number }
}

struct Bounds {
    /// The bound, and whether it is itself left out.
    lower: Option<(f64, bool)>,
    upper: Option<(f64, bool)>,
}

impl Bounds {
    fn of(parts: &Parts<'_>) -> Self {
        let all = |name: &str, exclusive: &str| -> Vec<(f64, bool)> {
            // In draft 4 the bound is left out where `exclusiveMinimum` is true.
            let leaves_out = |part: &&serde_json::Map<String, Value>| part.get(exclusive) == Some(&Value::Bool(true));
            let inclusive = parts.plain.iter().filter_map(|part| Some((part.get(name)?.as_f64()?, leaves_out(part))));
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

    fn hold(&self, number: f64) -> bool {
        self.lower.is_none_or(|(bound, out)| if out { number > bound } else { number >= bound })
            && self.upper.is_none_or(|(bound, out)| if out { number < bound } else { number <= bound })
    }

    /// Any number, not only multiples.
    fn somewhere(&self, nth: f64) -> Option<f64> {
        let lower = self.lower.map(|(bound, _)| bound);
        let upper = self.upper.map(|(bound, _)| bound);
        let between = lower.zip(upper).map(|(lower, upper)| lower + (upper - lower) / (nth + 2.0));
        let beside = [lower.map(|lower| lower + 1.0 + nth), upper.map(|upper| upper - 1.0 - nth)];
        let at_bound = lower.map(|lower| lower + nth);
        let tried = [Some(1.0 + nth), at_bound, between].into_iter().chain(beside).chain([lower, upper]);
        tried.flatten().find(|number| self.hold(*number))
    }

    /// Of which multiple to begin with: of 1 itself, else of the lowest that fits, else of the highest.
    fn first_multiple(&self, step: f64) -> f64 {
        let one = (1.0 / step).ceil();
        if self.hold(one * step) {
            return one;
        }
        match (self.lower, self.upper) {
            (Some((bound, out)), _) => {
                let times = (bound / step).ceil();
                if out && times * step <= bound { times + 1.0 } else { times }
            }
            (None, Some((bound, out))) => {
                let times = (bound / step).floor();
                if out && times * step >= bound { times - 1.0 } else { times }
            }
            (None, None) => one,
        }
    }
}
