//! A row of small bars beside a number.

/// Width of a bar, in the drawing's own units.
const BAR: usize = 2;
/// Width of the gap after a bar.
const GAP: usize = 1;
/// Height of the drawing.
const HEIGHT: i64 = 24;

/// Draws `values` as bars of an SVG path. The tallest fills the height; each value above 0 is visible.
fn path(values: &[i64]) -> String {
    let max = values.iter().copied().max().unwrap_or(0);
    let bar = |(index, value): (usize, &i64)| {
        let height = i128::from(*value) * i128::from(HEIGHT) / i128::from(max.max(1));
        let (x, top) = (index * (BAR + GAP), HEIGHT - i64::try_from(height).unwrap_or(HEIGHT).max(1));
        format!("M{x} {HEIGHT}V{top}h{BAR}V{HEIGHT}z")
    };
    values.iter().enumerate().filter(|(_, value)| **value > 0).map(bar).collect()
}

/// The width of a drawing of `slots` bars.
fn width(slots: usize) -> usize {
    (slots * (BAR + GAP)).saturating_sub(GAP)
}

/// Bars for `values`, from the left, with room for `slots` of them. `label` names them.
#[cfg(feature = "csr")]
#[leptos::component]
pub fn Sparkline(values: Vec<i64>, slots: usize, #[prop(into)] label: String) -> impl leptos::prelude::IntoView {
    use leptos::prelude::*;
    view! {
        <svg
            class="sparkline"
            role="img"
            aria-label=label
            viewBox=format!("0 0 {} {HEIGHT}", width(slots.max(values.len())))
            preserveAspectRatio="none"
        >
            <path d=path(&values)></path>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ground_and_the_tallest_reaches_the_top() {
        assert_eq!(path(&[0, 5, 10]), "M3 24V12h2V24zM6 24V0h2V24z");
        assert_eq!(width(3), 8);
    }

    #[test]
    fn a_little_is_seen_and_nothing_is_not() {
        assert_eq!(path(&[1, 1_000_000]), "M0 24V23h2V24zM3 24V0h2V24z");
        assert_eq!(path(&[0, 0]), "");
        assert_eq!((path(&[]), width(0)), (String::new(), 0));
        assert_eq!(path(&[i64::MAX]), "M0 24V0h2V24z");
    }
}
