//! Where everything of a chart goes: data in, places out.

use super::{
    data::ChartData,
    labels,
    slots::Slot,
    ticks::{Tick, ticks},
};

/// Dots in a pixel. Places are whole dots, since plotters knows whole numbers only, and 745 hours on a phone need
/// steps finer than a pixel.
pub const DOTS: i32 = 10;

/// Above the plot: half a line of text.
const TOP: i32 = 8 * DOTS;
/// Below the plot: a line of text.
const BOTTOM: i32 = 26 * DOTS;
/// Between the axis' labels and the plot.
const LABEL_GAP: i32 = 10 * DOTS;
/// The least space for one step of the value axis.
const STEP: i32 = 52 * DOTS;
/// The widest bar.
const WIDEST: i32 = 56 * DOTS;
/// A bar is never lower than this if there is anything in it.
const LOWEST: i32 = DOTS;

/// A chart's size in pixels.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

/// A rectangle in dots; the lower right corner is outside.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rect {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Rect {
    pub fn width(self) -> i32 {
        self.right - self.left
    }

    pub fn height(self) -> i32 {
        self.bottom - self.top
    }
}

/// A chart's places, in dots.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// The whole drawing, from 0, 0.
    pub width: i32,
    pub height: i32,
    /// Where the bars stand.
    pub plot: Rect,
    /// From the bottom up.
    pub grid: Vec<GridLine>,
    pub segments: Vec<Segment>,
    pub labels: Vec<Label>,
    /// Each bucket's column over the plot's whole height; they tile it.
    pub columns: Vec<Rect>,
}

/// A line across the plot, with what it stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GridLine {
    pub y: i32,
    pub label: String,
}

/// One series' part of one stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Segment {
    pub bucket: usize,
    pub series: usize,
    pub slot: Slot,
    pub rect: Rect,
    /// Whether its bucket is still being filled.
    pub running: bool,
}

/// A text under the plot, centred on `x`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Label {
    pub bucket: usize,
    pub x: i32,
    pub text: String,
    pub major: bool,
}

impl Scene {
    pub fn new(data: &ChartData, size: Size) -> Self {
        const MOST_PIXELS: u32 = 16_384;
        let dots = |pixels: u32| pixels.min(MOST_PIXELS) as i32 * DOTS;
        let (width, height) = (dots(size.width), dots(size.height));
        let bottom = (height - BOTTOM).max(TOP);
        let steps = usize::try_from((bottom - TOP) / STEP).unwrap_or(0).clamp(2, 6);
        let ticks = ticks(data.maximum(), steps, data.unit);
        let left = ticks.iter().map(|tick| labels::width(&tick.label)).max().unwrap_or(0) + LABEL_GAP;
        let plot = Rect { left: left.min(width), top: TOP, right: width, bottom };
        let top = ticks.last().map_or(1, |tick| tick.value).max(1);

        let columns = columns(plot, data.buckets.len());
        let centre = |index: usize| {
            let count = columns.len().max(1) as i64;
            plot.left + (i64::from(plot.width()) * (2 * index as i64 + 1) / (2 * count)) as i32
        };
        Self {
            width,
            height,
            plot,
            grid: ticks.into_iter().map(|Tick { value, label }| GridLine { y: y(plot, value, top), label }).collect(),
            segments: segments(data, plot, top, &columns),
            labels: labels::place(&data.buckets, data.strides, width, centre),
            columns,
        }
    }
}

/// How high `value` stands where `top` is the top.
fn y(plot: Rect, value: i128, top: i128) -> i32 {
    let height = i128::from(plot.height());
    plot.bottom - i32::try_from(value.clamp(0, top) * height / top).unwrap_or(0)
}

fn columns(plot: Rect, count: usize) -> Vec<Rect> {
    let edge = |index: usize| plot.left + (i64::from(plot.width()) * index as i64 / count as i64) as i32;
    (0..count).map(|index| Rect { left: edge(index), right: edge(index + 1), ..plot }).collect()
}

/// Where a column's bar stands: most of it, but no wider than looks well.
fn bar(column: Rect) -> Rect {
    let share = if column.width() >= 6 * DOTS { 16 } else { 10 };
    let beside = (column.width() * share / 100).max((column.width() - WIDEST) / 2);
    Rect { left: column.left + beside, right: column.right - beside, ..column }
}

fn segments(data: &ChartData, plot: Rect, top: i128, columns: &[Rect]) -> Vec<Segment> {
    let slots = data.slots();
    let mut segments = Vec::new();
    if plot.height() < LOWEST {
        return segments;
    }
    for (bucket, column) in columns.iter().enumerate() {
        let bar = bar(*column);
        let segment = |series: usize, top: i32, bottom: i32| Segment {
            bucket,
            series,
            slot: slots[series],
            rect: Rect { top, bottom, ..bar },
            running: data.running == Some(bucket),
        };
        let total = data.total(bucket);
        if total > 0 && plot.bottom - y(plot, total, top) < LOWEST {
            // Too little to see: one mark says that there is something.
            if let Some(&(series, _)) = data.largest_first(bucket).first() {
                segments.push(segment(series, (plot.bottom - LOWEST).max(plot.top), plot.bottom));
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
