//! A chart as a picture of its own: with its title, its legend, and colors instead of classes of a stylesheet.

use std::fmt;

use plotters::drawing::DrawingAreaErrorKind;

use super::{
    backend::Escaped,
    data::ChartData,
    draw,
    geometry::{DOTS, Size},
    labels,
    scene::Scene,
    slots::Slot,
};

/// Size of a picture, in pixels.
pub const PICTURE_SIZE: Size = Size { width: 1_200, height: 640 };
/// Margin around everything.
const MARGIN: u32 = 28;
/// Height of the title above the chart, and of a line of the legend.
const TITLE_HEIGHT: u32 = 40;
const LINE_HEIGHT: u32 = 24;
/// Maximum number of lines of the legend.
const MAX_LINES: u32 = 3;
/// Width of a swatch with its gap, and the gap after a name.
const SWATCH_WIDTH: u32 = 18;
const NAME_GAP: u32 = 20;

/// Colors of a picture, as CSS writes them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PictureColors {
    pub background: String,
    pub text: String,
    /// Labels of the axes.
    pub faint: String,
    /// Lines of the grid.
    pub line: String,
    /// The axis, and the sum of other series.
    pub strong_line: String,
    /// Colors of `series-1` and so on.
    pub series: Vec<String>,
}

/// Draws the chart as an SVG file.
///
/// # Errors
///
/// As [`draw::svg`].
pub fn draw_picture(
    data: &ChartData,
    title: &str,
    colors: &PictureColors,
) -> Result<String, DrawingAreaErrorKind<fmt::Error>> {
    let Size { width, height } = PICTURE_SIZE;
    let top = MARGIN + TITLE_HEIGHT;
    let (legend, lines) = legend(data, height - MARGIN);
    let size = Size { width: width - 2 * MARGIN, height: height - MARGIN - top - (lines * LINE_HEIGHT) - 12 };
    let chart = draw::svg(&Scene::new(data, size), title)?;
    let chart = chart.replacen("<svg ", &format!("<svg x=\"{MARGIN}\" y=\"{top}\" "), 1);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\
         <style>{style}</style><rect class=\"background\" width=\"{width}\" height=\"{height}\"/>\
         <text class=\"title\" x=\"{MARGIN}\" y=\"{baseline}\">{title}</text>{chart}{legend}</svg>",
        style = style(colors),
        baseline = MARGIN + 18,
        title = Escaped(title),
    ))
}

/// The names of the series that are shown, in lines that end at `bottom`, and the number of lines.
fn legend(data: &ChartData, bottom: u32) -> (String, u32) {
    let mut entries: Vec<(String, String, u32, u32)> = Vec::new();
    let (mut x, mut line) = (MARGIN, 0);
    let shown = data.series.iter().zip(data.slots()).filter(|(series, _)| !series.hidden);
    let series = shown.map(|(series, slot)| (series.label.clone(), slot.class().to_owned()));
    let compared = data.compared_line().into_iter().map(|line| (line.label.clone(), "compared".to_owned()));
    for (label, class) in series.chain(compared) {
        let width = SWATCH_WIDTH + u32::try_from(labels::width(&label) / DOTS).unwrap_or(0) * 6 / 5;
        if x > MARGIN && x + width > PICTURE_SIZE.width - MARGIN {
            (x, line) = (MARGIN, line + 1);
        }
        if line == MAX_LINES {
            break;
        }
        entries.push((label, class, x, line));
        x += width + NAME_GAP;
    }
    let lines = entries.last().map_or(0, |(.., line)| line + 1);
    let first = bottom - lines * LINE_HEIGHT;
    let entry = |(label, class, x, line): (String, String, u32, u32)| {
        let y = first + line * LINE_HEIGHT;
        format!(
            "<rect class=\"swatch {class}\" x=\"{x}\" y=\"{y}\" width=\"11\" height=\"11\" rx=\"3\"/>\
             <text class=\"name\" x=\"{}\" y=\"{}\">{}</text>",
            x + SWATCH_WIDTH,
            y + 10,
            Escaped(&label),
        )
    };
    (entries.into_iter().map(entry).collect(), lines)
}

fn style(colors: &PictureColors) -> String {
    let PictureColors { background, text, faint, line, strong_line, series } = colors;
    let mut style = format!(
        "text{{font:500 13px Inter,system-ui,sans-serif;fill:{text}}}.title{{font-size:18px;font-weight:600}}\
         .label{{font-size:11.5px;fill:{faint}}}.background{{fill:{background}}}\
         .grid,.axis{{fill:none;stroke:{line};stroke-width:1px}}.axis{{stroke:{strong_line}}}\
         .line{{fill:none;stroke-width:2px;stroke-linejoin:round;stroke-linecap:round}}.line.running{{stroke-dasharray:4 5}}\
         .compared{{fill:none;stroke:{faint};stroke-width:1.5px;stroke-dasharray:5 4}}.bar.running{{opacity:.45}}"
    );
    let slots = (0_u8..).map(Slot::Series).zip(series).chain([(Slot::Others, strong_line)]);
    for (slot, color) in slots {
        let class = slot.class();
        style.push_str(&format!(".bar.{class},.swatch.{class}{{fill:{color}}}.line.{class}{{stroke:{color}}}"));
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::chart::{Bucket, ChartSeries, ComparedLine};

    fn data(count: usize) -> ChartData {
        let series = |number: usize| ChartSeries {
            key: format!("model-{number}"),
            label: format!("Model <{number}> with a long name"),
            values: vec![3, 4],
            ..ChartSeries::default()
        };
        ChartData {
            buckets: vec![Bucket::default(); 2],
            series: (0..count).map(series).collect(),
            ..ChartData::default()
        }
    }

    fn drawn(data: &ChartData) -> String {
        let colors = PictureColors { series: vec!["rgb(1, 2, 3)".to_owned(); 8], ..PictureColors::default() };
        draw_picture(data, "Spend & more", &colors).unwrap()
    }

    #[test]
    fn it_stands_alone_with_title_legend_and_colours() {
        let svg = drawn(&data(1));
        for part in ["Spend &amp; more</text>", "Model &lt;0&gt; with a long name</text>", "fill:rgb(1, 2, 3)", "<path"]
        {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert!(!svg.contains("var("), "{svg}");
    }

    #[test]
    fn hidden_series_are_left_out_and_an_earlier_range_is_named() {
        let compared =
            ComparedLine { label: "Previous period".to_owned(), values: vec![1, 2], differences: Vec::new() };
        let hidden = data(2).with_hidden(&["model-0".to_owned()]);
        let svg = drawn(&ChartData { compared: Some(compared), ..hidden });
        assert!(
            !svg.contains("&lt;0&gt;") && svg.contains("&lt;1&gt;") && svg.contains("Previous period</text>"),
            "{svg}"
        );
    }

    #[test]
    fn a_long_legend_ends_after_three_lines() {
        let (legend, lines) = legend(&data(40), 600);
        assert_eq!(lines, MAX_LINES);
        assert!(legend.matches("<rect").count() < 40);
        assert_eq!(super::legend(&data(0), 600), (String::new(), 0));
    }
}
