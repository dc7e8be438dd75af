//! Lines of a chart: of its series, and of an earlier range.

use domain::usage::ChartForm;

use super::{
    data::ChartData,
    geometry::{DOTS, Rect},
    slots::Slot,
};

/// Half the width of a point that has no neighbor.
const LONE_POINT: i32 = 3 * DOTS;

/// A line through neighboring buckets of one series.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    pub slot: Slot,
    pub points: Vec<(i32, i32)>,
    /// Whether it leads to the bucket that is still being filled.
    pub running: bool,
}

/// The series' lines, each broken where values are unknown, and up to the bucket that is still being filled.
pub(super) fn lines(data: &ChartData, columns: &[Rect], y: impl Fn(i128) -> i32) -> Vec<Line> {
    let mut lines = Vec::new();
    let begun = columns.len().min(data.last_begun() + 1);
    for (series, slot) in data.series.iter().zip(data.slots()).filter(|(series, _)| !series.hidden) {
        let mut points: Vec<(i32, i32)> = Vec::new();
        let mut end = |points: &mut Vec<(i32, i32)>| {
            if !points.is_empty() {
                lines.push(Line { slot, points: widened(std::mem::take(points)), running: false });
            }
        };
        let mut to_running = None;
        for (bucket, column) in columns.iter().enumerate().take(begun) {
            let value = series.value(bucket);
            if value == 0 && series.is_unknown(bucket) {
                end(&mut points);
                continue;
            }
            let point = (center(*column), y(value.into()));
            if data.running == Some(bucket) {
                let from = points.last().copied();
                to_running = Some(widened(from.into_iter().chain([point]).collect()));
            } else {
                points.push(point);
            }
        }
        end(&mut points);
        lines.extend(to_running.map(|points| Line { slot, points, running: true }));
    }
    lines
}

/// The points of the compared line: steps over bars, and between the middles of buckets over lines. Shares have none.
pub(super) fn compared_points(data: &ChartData, columns: &[Rect], y: impl Fn(i128) -> i32) -> Vec<(i32, i32)> {
    let Some(line) = data.compared_line() else { return Vec::new() };
    let values = columns.iter().zip(&line.values);
    let heights = values.map(|(column, value)| (*column, y(i128::from((*value).max(0)))));
    if data.form == ChartForm::Lines {
        return widened(heights.map(|(column, height)| (center(column), height)).collect());
    }
    heights.flat_map(|(column, height)| [(column.left, height), (column.right, height)]).collect()
}

/// A single point as a short line, since a line of no length isn't visible.
fn widened(points: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    if let [(x, y)] = points[..] {
        return vec![(x - LONE_POINT, y), (x + LONE_POINT, y)];
    }
    points
}

fn center(column: Rect) -> i32 {
    (column.left + column.right) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::chart::data::{Bucket, ChartSeries, ComparedLine};

    fn columns(count: i32) -> Vec<Rect> {
        (0..count).map(|index| Rect { left: index * 100, right: (index + 1) * 100, top: 0, bottom: 100 }).collect()
    }

    fn data(values: &[i64]) -> ChartData {
        ChartData {
            form: ChartForm::Lines,
            buckets: vec![Bucket::default(); values.len()],
            series: vec![ChartSeries { key: "a".to_owned(), values: values.to_vec(), ..ChartSeries::default() }],
            ..ChartData::default()
        }
    }

    fn drawn(data: &ChartData) -> Vec<(Vec<(i32, i32)>, bool)> {
        let columns = columns(data.buckets.len() as i32);
        lines(data, &columns, |value| 100 - value as i32).into_iter().map(|line| (line.points, line.running)).collect()
    }

    #[test]
    fn the_way_to_the_running_bucket_is_a_line_of_its_own() {
        let running = ChartData { running: Some(2), ..data(&[10, 20, 5, 0]) };
        assert_eq!(drawn(&running), [(vec![(50, 90), (150, 80)], false), (vec![(150, 80), (250, 95)], true)]);
    }

    #[test]
    fn a_line_breaks_where_nothing_is_known_and_a_lone_point_is_visible() {
        let mut gaps = data(&[10, 0, 30, 40]);
        gaps.series[0].unknown = vec![false, true, false, false];
        assert_eq!(drawn(&gaps), [(vec![(20, 90), (80, 90)], false), (vec![(250, 70), (350, 60)], false)]);
    }

    #[test]
    fn a_hidden_series_has_no_line() {
        let mut hidden = data(&[1, 2]);
        hidden.series[0].hidden = true;
        assert!(drawn(&hidden).is_empty());
        assert!(drawn(&data(&[])).is_empty());
    }

    #[test]
    fn a_single_series_is_never_hidden() {
        assert_eq!(drawn(&data(&[1, 2]).with_hidden(&["a".to_owned()])).len(), 1);
    }

    #[test]
    fn the_compared_line_ends_with_its_values() {
        let compared = ComparedLine { values: vec![10, 20], ..ComparedLine::default() };
        let lines = ChartData { compared: Some(compared), ..data(&[1, 2, 3]) };
        let points =
            |form| compared_points(&ChartData { form, ..lines.clone() }, &columns(3), |value| 100 - value as i32);
        assert_eq!(points(ChartForm::Lines), [(50, 90), (150, 80)]);
        assert_eq!(points(ChartForm::Stacked), [(0, 90), (100, 90), (100, 80), (200, 80)]);
        assert!(points(ChartForm::Share).is_empty());
    }
}
