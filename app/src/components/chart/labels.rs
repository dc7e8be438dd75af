//! Labels of buckets under the axis: as many as fit.

use super::{
    data::Bucket,
    geometry::{DOTS, Label},
};

/// Minimum space between two labels, in dots.
const GAP: i32 = 14 * DOTS;

/// The maximum width of `text` at the axis' size of 11.5 px, in dots. (Inter's widest digit is 0.66 em.)
pub(super) fn width(text: &str) -> i32 {
    text.chars().map(|letter| if matches!(letter, ' ' | '\u{202f}' | '.' | ',' | ':') { 36 } else { 76 }).sum()
}

/// Places the labels within `0..=right`; `center` returns the middle of a bucket.
pub(super) fn place(buckets: &[Bucket], strides: &[usize], right: i32, center: impl Fn(usize) -> i32) -> Vec<Label> {
    let label = |index: usize| {
        let text = buckets[index].axis.clone();
        let half = width(&text) / 2;
        let x = center(index).min(right - half).max(half.min(right));
        Label { bucket: index, x, text, major: buckets[index].major }
    };
    let majors: Vec<usize> = (0..buckets.len()).filter(|&index| buckets[index].major).collect();
    // Strides are counted from the last major bucket, so that 6:00 stays 6:00 on a day of 23 hours.
    let since_major = offsets(buckets.len(), &majors);
    let longest = buckets.iter().map(|bucket| width(&bucket.axis)).max().unwrap_or(0);
    let per_bucket = f64::from((center(buckets.len()) - center(0)).max(1)) / buckets.len().max(1) as f64;

    let fits = |stride: &&usize| **stride as f64 * per_bucket >= f64::from(longest + GAP);
    if let Some(&stride) = strides.iter().find(fits) {
        let chosen = (0..buckets.len()).filter(|&index| since_major[index].is_multiple_of(stride));
        return without_overlaps(chosen.map(label).filter(|label| !label.text.is_empty()));
    }
    let candidates: Vec<Label> = if majors.is_empty() {
        (0..buckets.len()).map(label).collect()
    } else {
        majors.into_iter().map(label).collect()
    };
    // Every label, every second, every third …: the first stride with which none is too close to the next.
    let even = (1..=candidates.len().max(1)).find_map(|stride| {
        let chosen: Vec<Label> = candidates.iter().step_by(stride).cloned().collect();
        chosen.windows(2).all(|pair| has_gap(&pair[0], &pair[1])).then_some(chosen)
    });
    even.unwrap_or_default()
}

/// The distance of each bucket from the last major one.
fn offsets(count: usize, majors: &[usize]) -> Vec<usize> {
    let first = majors.first().copied().unwrap_or(0);
    let mut last = None;
    (0..count)
        .map(|index| {
            if majors.binary_search(&index).is_ok() {
                last = Some(index);
            }
            last.map_or(first.abs_diff(index), |last| index - last)
        })
        .collect()
}

fn has_gap(left: &Label, right: &Label) -> bool {
    right.x - width(&right.text) / 2 - (left.x + width(&left.text) / 2) >= GAP / 2
}

/// Removes labels that would run into their neighbor; a major label removes its neighbor instead.
fn without_overlaps(labels: impl Iterator<Item = Label>) -> Vec<Label> {
    let mut placed: Vec<Label> = Vec::new();
    for label in labels {
        while label.major && placed.last().is_some_and(|last| !last.major && !has_gap(last, &label)) {
            placed.pop();
        }
        if placed.last().is_none_or(|last| has_gap(last, &label)) {
            placed.push(label);
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(days: usize) -> Vec<Bucket> {
        (0..days * 24)
            .map(|hour| Bucket {
                axis: if hour % 24 == 0 { format!("{} Nov", hour / 24 + 1) } else { format!("{:02}:00", hour % 24) },
                major: hour % 24 == 0,
                ..Bucket::default()
            })
            .collect()
    }

    fn texts(buckets: &[Bucket], width: i32) -> Vec<String> {
        let count = buckets.len() as i32;
        place(buckets, &[1, 2, 3, 6, 12], width, |index| width * (2 * index as i32 + 1) / (2 * count))
            .into_iter()
            .map(|label| label.text)
            .collect()
    }

    #[test]
    fn a_day_of_hours_is_labelled_every_few_hours() {
        assert_eq!(texts(&hours(1), 2400), ["1 Nov", "06:00", "12:00", "18:00"]);
    }

    #[test]
    fn where_hours_do_not_fit_the_days_are_labelled() {
        assert_eq!(texts(&hours(4), 3000), ["1 Nov", "2 Nov", "3 Nov", "4 Nov"]);
        assert_eq!(texts(&hours(8), 3000), ["1 Nov", "3 Nov", "5 Nov", "7 Nov"]);
    }

    proptest! {
        #[test]
        fn labels_do_not_overlap(days in 0_usize..32, majors in any::<bool>(), width_px in 0_i32..2000) {
            let mut buckets = hours(days);
            buckets.iter_mut().for_each(|bucket| bucket.major &= majors);
            let right = width_px * DOTS;
            let count = buckets.len().max(1) as i32;
            let labels = place(&buckets, &[1, 2, 3, 6, 12], right, |index| right * (2 * index as i32 + 1) / (2 * count));
            for pair in labels.windows(2) {
                prop_assert!(has_gap(&pair[0], &pair[1]), "{:?}", pair);
            }
        }
    }
}
