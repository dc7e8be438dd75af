//! The layout of a chart: turns data into positions.

use domain::usage::ChartForm;

use super::{
    data::ChartData,
    geometry::{DOTS, Label, Rect, Size},
    labels,
    lines::{Line, compared_points, lines},
    slots::Slot,
    ticks::{Tick, ticks},
    units::Unit,
};

/// Space above the plot: half a line of text.
const TOP: i32 = 8 * DOTS;
/// Space below the plot: a line of text.
const BOTTOM: i32 = 26 * DOTS;
/// Gap between the axis' labels and the plot.
const LABEL_GAP: i32 = 10 * DOTS;
/// Minimum height of a step of the value axis.
const MIN_STEP: i32 = 52 * DOTS;
/// Maximum width of a bar.
const MAX_BAR_WIDTH: i32 = 56 * DOTS;
/// Minimum height of a bar that isn't empty.
const MIN_BAR_HEIGHT: i32 = DOTS;

/// Positions of a chart's elements, in dots.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Width of the drawing, which begins at 0, 0.
    pub width: i32,
    pub height: i32,
    /// Area of the bars.
    pub plot: Rect,
    /// Grid lines, from the bottom up.
    pub grid: Vec<GridLine>,
    pub segments: Vec<BarSegment>,
    pub lines: Vec<Line>,
    /// Points of the compared line; none without it.
    pub compared: Vec<(i32, i32)>,
    pub labels: Vec<Label>,
    /// Each bucket's column over the plot's full height; the columns tile the plot.
    pub columns: Vec<Rect>,
}

/// A line across the plot, with the value it stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GridLine {
    pub y: i32,
    pub label: String,
}

/// One series' part of one stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BarSegment {
    pub bucket: usize,
    pub series: usize,
    pub slot: Slot,
    pub rect: Rect,
    /// Whether its bucket is still being filled.
    pub running: bool,
}

impl Scene {
    pub fn new(data: &ChartData, size: Size) -> Self {
        const MAX_PIXELS: u32 = 16_384;
        let dots = |pixels: u32| pixels.min(MAX_PIXELS) as i32 * DOTS;
        let (width, height) = (dots(size.width), dots(size.height));
        let bottom = (height - BOTTOM).max(TOP);
        let steps = usize::try_from((bottom - TOP) / MIN_STEP).unwrap_or(0).clamp(2, 6);
        let ticks = match data.form {
            ChartForm::Share => percents(steps),
            ChartForm::Stacked | ChartForm::Lines => ticks(data.maximum(), steps, data.unit),
        };
        let left = ticks.iter().map(|tick| labels::width(&tick.label)).max().unwrap_or(0) + LABEL_GAP;
        let plot = Rect { left: left.min(width), top: TOP, right: width, bottom };
        let top = ticks.last().map_or(1, |tick| tick.value).max(1);

        let columns = columns(plot, data.buckets.len());
        let center = |index: usize| {
            let count = columns.len().max(1) as i64;
            plot.left + (i64::from(plot.width()) * (2 * index as i64 + 1) / (2 * count)) as i32
        };
        let y = |value: i128| y(plot, value, top);
        let is_lines = data.form == ChartForm::Lines;
        Self {
            width,
            height,
            plot,
            lines: if is_lines { lines(data, &columns, y) } else { Vec::new() },
            compared: compared_points(data, &columns, y),
            segments: if is_lines { Vec::new() } else { segments(data, plot, top, &columns) },
            grid: ticks.into_iter().map(|Tick { value, label }| GridLine { y: y(value), label }).collect(),
            labels: labels::place(&data.buckets, data.strides, width, center),
            columns,
        }
    }
}

/// Ticks of shares, up to 100%.
fn percents(steps: usize) -> Vec<Tick> {
    let percent = |Tick { value, label }: Tick| Tick { value, label: format!("{label}%") };
    ticks(100, steps, Unit::Count).into_iter().map(percent).collect()
}

/// The position of `value` on an axis that ends at `top`.
fn y(plot: Rect, value: i128, top: i128) -> i32 {
    let height = i128::from(plot.height());
    plot.bottom - i32::try_from(value.clamp(0, top) * height / top).unwrap_or(0)
}

fn columns(plot: Rect, count: usize) -> Vec<Rect> {
    let edge = |index: usize| plot.left + (i64::from(plot.width()) * index as i64 / count as i64) as i32;
    (0..count).map(|index| Rect { left: edge(index), right: edge(index + 1), ..plot }).collect()
}

/// The bar within a column: most of its width, up to [`MAX_BAR_WIDTH`].
fn bar(column: Rect) -> Rect {
    let share = if column.width() >= 6 * DOTS { 16 } else { 10 };
    let margin = (column.width() * share / 100).max((column.width() - MAX_BAR_WIDTH) / 2);
    Rect { left: column.left + margin, right: column.right - margin, ..column }
}

fn segments(data: &ChartData, plot: Rect, top: i128, columns: &[Rect]) -> Vec<BarSegment> {
    let slots = data.slots();
    let mut segments = Vec::new();
    if plot.height() < MIN_BAR_HEIGHT {
        return segments;
    }
    for (bucket, column) in columns.iter().enumerate() {
        let bar = bar(*column);
        let segment = |series: usize, top: i32, bottom: i32| BarSegment {
            bucket,
            series,
            slot: slots[series],
            rect: Rect { top, bottom, ..bar },
            running: data.running == Some(bucket),
        };
        let total = data.total(bucket);
        // As shares, each stack is as high as the plot.
        let top = if data.form == ChartForm::Share { total.max(1) } else { top };
        if total > 0 && plot.bottom - y(plot, total, top) < MIN_BAR_HEIGHT {
            // Too little to see: a bar of minimum height shows that there is something.
            if let Some(&(series, _)) = data.largest_first(bucket).first() {
                segments.push(segment(series, (plot.bottom - MIN_BAR_HEIGHT).max(plot.top), plot.bottom));
            }
            continue;
        }
        let mut below = 0_i128;
        for (series, values) in data.series.iter().enumerate() {
            let above = below + i128::from(values.value(bucket));
            let (lower, upper) = (y(plot, below, top), y(plot, above, top));
            if upper < lower {
                segments.push(segment(series, upper, lower));
            }
            below = above;
        }
    }
    segments
}

#[cfg(test)]
mod tests;
