//! A plotters backend that writes SVG with classes instead of colors.
//!
//! plotters' own SVG backend writes colors, so that a change of theme would need a redraw. Here a color only
//! encodes an [`Ink`], which is written as a class, and the stylesheet sets the color. All shapes of one ink
//! become one `<path>`: a month of hours by eight series are eight elements, not six thousand.

use std::fmt::{self, Write};

use plotters::style::{
    RGBColor,
    text_anchor::{HPos, VPos},
};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::{geometry::DOTS, slots::Slot};

/// The style of a shape or text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ink {
    Grid,
    /// The line that bars stand on.
    Axis,
    Label,
    Series {
        slot: Slot,
        /// Paler, since its bucket is still being filled.
        running: bool,
    },
    /// A series as a line.
    Line {
        slot: Slot,
        /// Dashed, since it leads to a bucket that is still being filled.
        running: bool,
    },
    /// The dashed line of an earlier range.
    Compared,
}

impl Ink {
    /// The color that encodes the ink for plotters.
    pub(super) fn color(self) -> RGBColor {
        match self {
            Self::Grid => RGBColor(1, 0, 0),
            Self::Axis => RGBColor(2, 0, 0),
            Self::Label => RGBColor(3, 0, 0),
            Self::Series { slot: Slot::Series(index), running } => RGBColor(4, index, u8::from(running)),
            Self::Series { slot: Slot::Others, running } => RGBColor(5, 0, u8::from(running)),
            Self::Line { slot: Slot::Series(index), running } => RGBColor(6, index, u8::from(running)),
            Self::Line { slot: Slot::Others, running } => RGBColor(7, 0, u8::from(running)),
            Self::Compared => RGBColor(8, 0, 0),
        }
    }

    /// Decodes the ink of a color.
    fn from_color(color: BackendColor) -> Self {
        let (kind, index, running) = color.rgb;
        let running = running == 1;
        match kind {
            4 => Self::Series { slot: Slot::Series(index), running },
            5 => Self::Series { slot: Slot::Others, running },
            6 => Self::Line { slot: Slot::Series(index), running },
            7 => Self::Line { slot: Slot::Others, running },
            8 => Self::Compared,
            2 => Self::Axis,
            3 => Self::Label,
            _ => Self::Grid,
        }
    }

    fn class(self) -> String {
        let series = |kind: &str, slot: Slot, running: bool| {
            format!("{kind} {}{}", slot.class(), if running { " running" } else { "" })
        };
        match self {
            Self::Grid => "grid".to_owned(),
            Self::Axis => "axis".to_owned(),
            Self::Label => "label".to_owned(),
            Self::Series { slot, running } => series("bar", slot, running),
            Self::Line { slot, running } => series("line", slot, running),
            Self::Compared => "compared".to_owned(),
        }
    }
}

/// Collects a drawing, and writes it when it is presented.
pub(super) struct SvgBackend<'a> {
    output: &'a mut String,
    size: (u32, u32),
    /// The shapes of each ink, in the order of their first use.
    paths: Vec<(Ink, String)>,
    texts: String,
}

impl<'a> SvgBackend<'a> {
    /// Creates a backend that writes the drawing's elements, without the `<svg>` around them, to `output`.
    /// The size is in dots.
    pub(super) fn new(output: &'a mut String, size: (u32, u32)) -> Self {
        Self { output, size, paths: Vec::new(), texts: String::new() }
    }

    fn path(&mut self, ink: Ink) -> &mut String {
        let index = self.paths.iter().position(|(other, _)| *other == ink).unwrap_or_else(|| {
            self.paths.push((ink, String::new()));
            self.paths.len() - 1
        });
        &mut self.paths[index].1
    }
}

type DrawResult = Result<(), DrawingErrorKind<fmt::Error>>;

fn to_draw_result(result: fmt::Result) -> DrawResult {
    result.map_err(DrawingErrorKind::DrawingError)
}

impl DrawingBackend for SvgBackend<'_> {
    type ErrorType = fmt::Error;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> DrawResult {
        Ok(())
    }

    fn present(&mut self) -> DrawResult {
        for (ink, path) in self.paths.drain(..) {
            to_draw_result(write!(self.output, r#"<path class="{}" d="{path}"/>"#, ink.class()))?;
        }
        self.output.push_str(&std::mem::take(&mut self.texts));
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> DrawResult {
        to_draw_result(write!(self.path(Ink::from_color(color)), "M{} {}h.1v.1h-.1z", Px(x), Px(y)))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> DrawResult {
        let path = self.path(Ink::from_color(style.color()));
        to_draw_result(write!(path, "M{} {}L{} {}", Px(from.0), Px(from.1), Px(to.0), Px(to.1)))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, points: I, style: &S) -> DrawResult {
        let path = self.path(Ink::from_color(style.color()));
        for (index, (x, y)) in points.into_iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            to_draw_result(write!(path, "{step}{} {}", Px(x), Px(y)))?;
        }
        Ok(())
    }

    /// Rounds the corners where there is room for it.
    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        _fill: bool,
    ) -> DrawResult {
        let path = self.path(Ink::from_color(style.color()));
        let (width, height) = (to.0 - from.0, to.1 - from.1);
        let radius = (width.min(height) / 3).min(2 * DOTS);
        if radius < DOTS {
            return to_draw_result(write!(
                path,
                "M{} {}h{}v{}h{}z",
                Px(from.0),
                Px(from.1),
                Px(width),
                Px(height),
                Px(-width)
            ));
        }
        let (r, across, down) = (Px(radius), Px(width - 2 * radius), Px(height - 2 * radius));
        let (back, up, l) = (Px(2 * radius - width), Px(2 * radius - height), Px(-radius));
        to_draw_result(write!(
            path,
            "M{} {}h{across}q{r} 0 {r} {r}v{down}q0 {r} {l} {r}h{back}q{l} 0 {l} {l}v{up}q0 {l} {r} {l}z",
            Px(from.0 + radius),
            Px(from.1),
        ))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> DrawResult {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // Half a capital letter's height, or all of it.
        let baseline_shift = match style.anchor().v_pos {
            VPos::Bottom => "0",
            VPos::Center => ".36em",
            VPos::Top => ".73em",
        };
        to_draw_result(write!(
            self.texts,
            r#"<text class="{}" x="{}" y="{}" dy="{baseline_shift}" text-anchor="{anchor}">{}</text>"#,
            Ink::from_color(style.color()).class(),
            Px(x),
            Px(y),
            Escaped(text),
        ))
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<fmt::Error>> {
        Ok((super::labels::width(text).unsigned_abs(), style.size() as u32))
    }
}

/// A length in dots, formatted as pixels: `12`, `0.5`.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) i32);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pixels, tenths) = (self.0.abs() / DOTS, self.0.abs() % DOTS);
        let sign = if self.0 < 0 { "-" } else { "" };
        if tenths == 0 { write!(f, "{sign}{pixels}") } else { write!(f, "{sign}{pixels}.{tenths}") }
    }
}

/// Text escaped for XML's content and attribute values, without characters that XML 1.0 doesn't allow.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' | '\r' => f.write_char(letter)?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ink_comes_back_from_its_colour() {
        let series = |slot, running| Ink::Series { slot, running };
        let line = |slot, running| Ink::Line { slot, running };
        for ink in [
            Ink::Grid,
            Ink::Axis,
            Ink::Label,
            series(Slot::Series(0), false),
            series(Slot::Series(7), true),
            series(Slot::Others, false),
            series(Slot::Others, true),
            line(Slot::Series(0), true),
            line(Slot::Series(7), false),
            line(Slot::Others, false),
            Ink::Compared,
        ] {
            let RGBColor(red, green, blue) = ink.color();
            assert_eq!(Ink::from_color(BackendColor { alpha: 1.0, rgb: (red, green, blue) }), ink);
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            Escaped("<a href=\"x\">'&'\0</a>").to_string(),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
    }

    #[test]
    fn dots_are_written_as_pixels() {
        assert_eq!(
            [Px(0), Px(5), Px(-5), Px(120), Px(-123)].map(|px| px.to_string()),
            ["0", "0.5", "-0.5", "12", "-12.3"]
        );
    }
}
