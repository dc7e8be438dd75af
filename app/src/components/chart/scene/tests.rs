use proptest::prelude::*;

use super::*;
use crate::components::chart::{
    data::{Bucket, ChartSeries, ComparedLine},
    units::Unit,
};

const SIZE: Size = Size { width: 800, height: 300 };

fn data(series: Vec<Vec<i64>>) -> ChartData {
    let buckets = series.first().map_or(0, Vec::len);
    ChartData {
        unit: Unit::Count,
        buckets: (0..buckets).map(|n| Bucket { axis: format!("{n} Nov"), ..Bucket::default() }).collect(),
        series: series
            .into_iter()
            .enumerate()
            .map(|(n, values)| ChartSeries { key: format!("model-{n}"), values, ..ChartSeries::default() })
            .collect(),
        strides: &[1, 2, 7],
        ..ChartData::default()
    }
}

fn any_data() -> impl Strategy<Value = ChartData> {
    let value = prop_oneof![4 => 0_i64..1_000_000, 1 => Just(0), 1 => Just(i64::MAX), 1 => any::<i64>()];
    (0_usize..120, 0_usize..9)
        .prop_flat_map(move |(buckets, series)| {
            prop::collection::vec(prop::collection::vec(value.clone(), buckets), series)
        })
        .prop_map(data)
}

fn any_size() -> impl Strategy<Value = Size> {
    (0_u32..2000, 0_u32..800).prop_map(|(width, height)| Size { width, height })
}

#[test]
fn nothing_to_show_still_has_a_frame() {
    let scene = Scene::new(&ChartData::default(), SIZE);
    assert!(scene.segments.is_empty() && scene.columns.is_empty() && scene.labels.is_empty());
    assert_eq!(scene.grid.iter().map(|line| line.label.as_str()).collect::<Vec<_>>(), ["0", "1"]);
}

#[test]
fn one_bucket_stands_in_the_middle_and_is_not_too_wide() {
    let scene = Scene::new(&data(vec![vec![5]]), SIZE);
    let rect = scene.segments[0].rect;
    assert_eq!(rect.width(), MAX_BAR_WIDTH);
    assert!((rect.left + rect.right - scene.plot.left - scene.plot.right).abs() <= 2);
}

#[test]
fn the_largest_values_there_are_fit() {
    let scene = Scene::new(&data(vec![vec![i64::MAX, 0], vec![i64::MAX, 1]]), SIZE);
    let stack: Vec<_> = scene.segments.iter().filter(|segment| segment.bucket == 0).collect();
    assert_eq!(stack.len(), 2);
    assert!((stack[0].rect.height() - stack[1].rect.height()).abs() <= 1);
}

#[test]
fn a_tiny_value_beside_a_huge_one_can_be_seen() {
    let scene = Scene::new(&data(vec![vec![1_000_000_000, 0], vec![0, 1]]), SIZE);
    let tiny = scene.segments.iter().find(|segment| segment.bucket == 1).unwrap();
    assert_eq!((tiny.series, tiny.rect.height()), (1, MIN_BAR_HEIGHT));
}

#[test]
fn only_the_running_bucket_is_marked() {
    let running = ChartData { running: Some(2), ..data(vec![vec![1, 2, 3]]) };
    let marked: Vec<_> = Scene::new(&running, SIZE).segments.iter().map(|segment| segment.running).collect();
    assert_eq!(marked, [false, false, true]);
}

#[test]
fn a_month_of_hours_fits_a_phone() {
    let scene = Scene::new(&data(vec![vec![1; 745]]), Size { width: 360, height: 230 });
    assert_eq!(scene.segments.len(), 745);
    assert!(scene.segments.iter().all(|segment| segment.rect.width() > 0));
}

#[test]
fn as_shares_every_stack_is_as_high_as_the_plot() {
    let shares = ChartData { form: ChartForm::Share, ..data(vec![vec![1, 0, 7], vec![3, 0, 1_000_000]]) };
    let scene = Scene::new(&shares, SIZE);
    for bucket in [0, 2] {
        let stack = scene.segments.iter().filter(|segment| segment.bucket == bucket);
        assert_eq!(stack.map(|segment| segment.rect.top).min(), Some(scene.plot.top));
    }
    assert!(scene.segments.iter().all(|segment| segment.bucket != 1));
    assert_eq!(scene.grid.last().map(|line| line.label.as_str()), Some("100%"));
}

#[test]
fn a_hidden_series_leaves_its_room_and_its_colour() {
    let all = data(vec![vec![4], vec![6]]);
    let hidden = Scene::new(&all.clone().with_hidden(&["model-0".to_owned()]), SIZE);
    let [left] = &hidden.segments[..] else { panic!("one series is left: {:?}", hidden.segments) };
    assert_eq!((left.series, left.rect.bottom), (1, hidden.plot.bottom));
    assert_eq!(left.slot, Scene::new(&all, SIZE).segments[1].slot);
}

#[test]
fn the_axis_reaches_the_compared_range_too() {
    let compared = ComparedLine { values: vec![90], ..ComparedLine::default() };
    let scene = Scene::new(&ChartData { compared: Some(compared), ..data(vec![vec![5]]) }, SIZE);
    assert!(scene.compared.iter().all(|(_, y)| (scene.plot.top..scene.plot.bottom).contains(y)));
    assert_eq!(scene.grid.last().map(|line| line.label.as_str()), Some("100"));
}

proptest! {
    #[test]
    fn lines_stay_within_the_plot(data in any_data(), size in any_size()) {
        let scene = Scene::new(&ChartData { form: ChartForm::Lines, ..data }, size);
        prop_assert!(scene.segments.is_empty());
        for (_, y) in scene.lines.iter().flat_map(|line| &line.points) {
            prop_assert!((scene.plot.top..=scene.plot.bottom).contains(y));
        }
    }

    #[test]
    fn columns_tile_the_plot(data in any_data(), size in any_size()) {
        let Scene { columns, plot, .. } = Scene::new(&data, size);
        prop_assert_eq!(columns.len(), data.buckets.len());
        if let (Some(first), Some(last)) = (columns.first(), columns.last()) {
            prop_assert_eq!((first.left, last.right), (plot.left, plot.right));
        }
        for pair in columns.windows(2) {
            prop_assert_eq!(pair[0].right, pair[1].left);
        }
        prop_assert!(columns.iter().all(|column| (column.top, column.bottom) == (plot.top, plot.bottom)));
    }

    #[test]
    fn segments_never_leave_their_column(data in any_data(), size in any_size()) {
        let scene = Scene::new(&data, size);
        for BarSegment { bucket, rect, .. } in &scene.segments {
            let column = scene.columns[*bucket];
            prop_assert!(column.left <= rect.left && rect.left <= rect.right && rect.right <= column.right);
            prop_assert!(column.top <= rect.top && rect.top < rect.bottom && rect.bottom <= column.bottom);
        }
    }

    #[test]
    fn segments_never_overlap(data in any_data(), size in any_size()) {
        let scene = Scene::new(&data, size);
        for pair in scene.segments.windows(2).filter(|pair| pair[0].bucket == pair[1].bucket) {
            prop_assert!(pair[1].rect.bottom <= pair[0].rect.top);
        }
    }

    #[test]
    fn stacks_add_to_their_totals(data in any_data()) {
        let scene = Scene::new(&data, SIZE);
        let top = ticks(data.maximum(), 5, data.unit).last().unwrap().value;
        for bucket in 0..data.buckets.len() {
            let stack: i32 =
                scene.segments.iter().filter(|segment| segment.bucket == bucket).map(|segment| segment.rect.height()).sum();
            let total = data.total(bucket);
            let expected = if total > 0 { (scene.plot.bottom - y(scene.plot, total, top)).max(MIN_BAR_HEIGHT) } else { 0 };
            prop_assert_eq!(stack, expected);
        }
    }

    #[test]
    fn the_grid_stays_within_the_plot(data in any_data(), size in any_size()) {
        let scene = Scene::new(&data, size);
        prop_assert_eq!(scene.grid[0].y, scene.plot.bottom);
        prop_assert_eq!(scene.grid[scene.grid.len() - 1].y, scene.plot.top);
    }
}
