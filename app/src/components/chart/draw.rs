//! Renders a scene as SVG through plotters.

use std::fmt;

use plotters::{
    drawing::{DrawingAreaErrorKind, IntoDrawingArea},
    element::{PathElement, Rectangle, Text},
    style::{
        Color, FontDesc, FontFamily, FontStyle, ShapeStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    backend::{Escaped, Ink, Px, SvgBackend},
    geometry::{DOTS, Rect},
    scene::Scene,
};

/// Text size in dots; equals the stylesheet's in pixels.
const TEXT_SIZE: f64 = 11.5 * DOTS as f64;
/// Gap between two segments of a stack.
const SEAM: i32 = DOTS;
/// Minimum width and height of a segment with a gap under it.
const MIN_SEAMED_SIZE: i32 = 4 * DOTS;

/// Renders the scene as an `<svg>` element named `label`.
///
/// # Errors
///
/// Writing to a string doesn't fail, but plotters can't know that.
pub fn svg(scene: &Scene, label: &str) -> Result<String, DrawingAreaErrorKind<fmt::Error>> {
    let mut drawing = String::new();
    draw(scene, &mut drawing)?;
    let (width, height) = (Px(scene.width), Px(scene.height));
    Ok(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{}">{drawing}</svg>"#,
        Escaped(label),
    ))
}

fn draw(scene: &Scene, output: &mut String) -> Result<(), DrawingAreaErrorKind<fmt::Error>> {
    let size = (scene.width.unsigned_abs(), scene.height.unsigned_abs());
    let area = SvgBackend::new(output, size).into_drawing_area();
    let plot = scene.plot;

    for (index, line) in scene.grid.iter().enumerate() {
        let ink = if index == 0 { Ink::Axis } else { Ink::Grid };
        // On the middle of a pixel, a line one pixel wide is sharp.
        let y = line.y / DOTS * DOTS + DOTS / 2;
        area.draw(&PathElement::new([(plot.left, y), (plot.right, y)], ink.color().stroke_width(1)))?;
        area.draw(&Text::new(line.label.as_str(), (plot.left - DOTS * 8, line.y), text(HPos::Right, VPos::Center)))?;
    }
    for segment in &scene.segments {
        let ink = Ink::Series { slot: segment.slot, running: segment.running };
        let Rect { left, top, right, bottom } = with_seam(segment.rect, plot);
        area.draw(&Rectangle::new([(left, top), (right, bottom)], ShapeStyle::from(ink.color()).filled()))?;
    }
    if !scene.compared.is_empty() {
        area.draw(&PathElement::new(scene.compared.clone(), Ink::Compared.color().stroke_width(1)))?;
    }
    for line in &scene.lines {
        let ink = Ink::Line { slot: line.slot, running: line.running };
        area.draw(&PathElement::new(line.points.clone(), ink.color().stroke_width(1)))?;
    }
    for label in &scene.labels {
        let position = (label.x, plot.bottom + DOTS * 9);
        area.draw(&Text::new(label.text.as_str(), position, text(HPos::Center, VPos::Top)))?;
    }
    area.present()
}

/// Leaves a gap under a segment that stands on another one.
fn with_seam(rect: Rect, plot: Rect) -> Rect {
    let has_seam = rect.bottom < plot.bottom && rect.height() >= MIN_SEAMED_SIZE && rect.width() >= MIN_SEAMED_SIZE;
    if has_seam { Rect { bottom: rect.bottom - SEAM, ..rect } } else { rect }
}

fn text(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, TEXT_SIZE, FontStyle::Normal);
    TextStyle { color: Ink::Label.color().to_backend_color(), pos: Pos::new(horizontal, vertical), font }
}

#[cfg(test)]
mod tests {
    use domain::usage::ChartForm;

    use super::*;
    use crate::components::chart::{Bucket, ChartData, ChartSeries, ComparedLine, Unit, geometry::Size};

    const SIZE: Size = Size { width: 400, height: 200 };

    fn drawn(data: &ChartData, label: &str) -> String {
        svg(&Scene::new(data, SIZE), label).unwrap()
    }

    fn data() -> ChartData {
        let bucket = |axis: &str| Bucket { axis: axis.to_owned(), ..Bucket::default() };
        let series = |key: &str, values: &[i64]| ChartSeries {
            key: key.to_owned(),
            values: values.to_vec(),
            ..ChartSeries::default()
        };
        ChartData {
            unit: Unit::Money,
            buckets: vec![bucket("1 Nov"), bucket("<2 & 3>")],
            series: vec![series("a", &[1_000_000_000, 2_000_000_000]), series("b", &[3_000_000_000, 500_000_000])],
            running: Some(1),
            strides: &[1],
            ..ChartData::default()
        }
    }

    #[test]
    fn lines_are_dashed_where_they_are_not_of_now() {
        let compared = Some(ComparedLine { values: vec![1_000_000_000; 2], ..ComparedLine::default() });
        let svg = drawn(&ChartData { form: ChartForm::Lines, compared, ..data() }, "Spend");
        for class in ["class=\"compared\"", "class=\"line series-", " running\""] {
            assert!(svg.contains(class), "{class} in {svg}");
        }
        assert!(!svg.contains("class=\"bar"), "{svg}");
    }

    #[test]
    fn shares_go_up_to_a_hundred_percent() {
        let svg = drawn(&ChartData { form: ChartForm::Share, ..data() }, "Spend");
        assert!(svg.contains(">100%<") && svg.contains(">0%<"), "{svg}");
    }

    #[test]
    fn colours_are_left_to_the_stylesheet() {
        let svg = drawn(&data(), "Spend");
        for colour in ["fill=", "stroke=", "style=", "rgb", "#0", "#f"] {
            assert!(!svg.contains(colour), "{colour} in {svg}");
        }
        for class in ["class=\"grid\"", "class=\"axis\"", "class=\"label\"", "class=\"bar series-", " running\""] {
            assert!(svg.contains(class), "{class} in {svg}");
        }
    }

    #[test]
    fn names_can_not_break_out_of_the_drawing() {
        let svg = drawn(&data(), "\"><script>alert(1)</script>");
        assert!(!svg.contains("<script>") && svg.contains("&lt;2 &amp; 3&gt;"), "{svg}");
    }

    #[test]
    fn each_ink_is_one_element() {
        let many = ChartData {
            buckets: vec![Bucket::default(); 745],
            series: vec![ChartSeries { key: "a".to_owned(), values: vec![7; 745], ..ChartSeries::default() }],
            ..ChartData::default()
        };
        assert_eq!(drawn(&many, "Calls").matches("<path").count(), 3, "grid, axis and one series");
    }

    #[test]
    fn nothing_to_show_is_drawn_too() {
        assert!(drawn(&ChartData::default(), "Calls").contains("class=\"axis\""));
    }
}
