//! A plotters backend that writes SVG with classes instead of colours.
//!
//! plotters' own SVG backend writes colours, so that a change of theme would mean to draw again. Here a colour is
//! only an [`Ink`] in disguise, which becomes a class again; the stylesheet has the last word. All shapes of one ink
//! become one `<path>`: a month of hours by eight series are eight elements, not six thousand.

use std::fmt::{self, Write};

use plotters::style::{
    RGBColor,
    text_anchor::{HPos, VPos},
};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::{scene::DOTS, slots::Slot};

/// What something is drawn with.
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
}

impl Ink {
    /// The colour it goes by while plotters has it.
    pub(super) fn color(self) -> RGBColor {
        match self {
            Self::Grid => RGBColor(1, 0, 0),
            Self::Axis => RGBColor(2, 0, 0),
            Self::Label => RGBColor(3, 0, 0),
            Self::Series { slot: Slot::Series(index), running } => RGBColor(4, index, u8::from(running)),
            Self::Series { slot: Slot::Others, running } => RGBColor(5, 0, u8::from(running)),
        }
    }

    fn of(color: BackendColor) -> Self {
        let (kind, index, running) = color.rgb;
        let running = running == 1;
        match kind {
            4 => Self::Series { slot: Slot::Series(index), running },
            5 => Self::Series { slot: Slot::Others, running },
            2 => Self::Axis,
            3 => Self::Label,
            _ => Self::Grid,
        }
    }

    fn class(self) -> String {
        match self {
            Self::Grid => "grid".to_owned(),
            Self::Axis => "axis".to_owned(),
            Self::Label => "label".to_owned(),
            Self::Series { slot, running } => {
                format!("bar {}{}", slot.class(), if running { " running" } else { "" })
            }
        }
    }
}

/// Collects a drawing, and writes it when it is presented.
pub(super) struct SvgBackend<'a> {
    into: &'a mut String,
    size: (u32, u32),
    /// The shapes of each ink, in the order of their first use.
    paths: Vec<(Ink, String)>,
    texts: String,
}

impl<'a> SvgBackend<'a> {
    /// Writes the drawing's elements, without the `<svg>` around them, to `into`. The size is in dots.
    pub(super) fn new(into: &'a mut String, size: (u32, u32)) -> Self {
        Self { into, size, paths: Vec::new(), texts: String::new() }
    }

    fn path(&mut self, ink: Ink) -> &mut String {
        let index = self.paths.iter().position(|(other, _)| *other == ink).unwrap_or_else(|| {
            self.paths.push((ink, String::new()));
            self.paths.len() - 1
        });
        &mut self.paths[index].1
    }
}

type Drawn = Result<(), DrawingErrorKind<fmt::Error>>;

fn drawn(result: fmt::Result) -> Drawn {
    result.map_err(DrawingErrorKind::DrawingError)
}

impl DrawingBackend for SvgBackend<'_> {
    type ErrorType = fmt::Error;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        for (ink, path) in self.paths.drain(..) {
            drawn(write!(self.into, r#"<path class="{}" d="{path}"/>"#, ink.class()))?;
        }
        self.into.push_str(&std::mem::take(&mut self.texts));
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        drawn(write!(self.path(Ink::of(color)), "M{} {}h.1v.1h-.1z", Px(x), Px(y)))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        let path = self.path(Ink::of(style.color()));
        drawn(write!(path, "M{} {}L{} {}", Px(from.0), Px(from.1), Px(to.0), Px(to.1)))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, points: I, style: &S) -> Drawn {
        let path = self.path(Ink::of(style.color()));
        for (index, (x, y)) in points.into_iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            drawn(write!(path, "{step}{} {}", Px(x), Px(y)))?;
        }
        Ok(())
    }

    /// Corners are rounded where there is room for it.
    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, _fill: bool) -> Drawn {
        let path = self.path(Ink::of(style.color()));
        let (width, height) = (to.0 - from.0, to.1 - from.1);
        let radius = (width.min(height) / 3).min(2 * DOTS);
        if radius < DOTS {
            return drawn(write!(path, "M{} {}h{}v{}h{}z", Px(from.0), Px(from.1), Px(width), Px(height), Px(-width)));
        }
        let (r, across, down) = (Px(radius), Px(width - 2 * radius), Px(height - 2 * radius));
        let (back, up, l) = (Px(2 * radius - width), Px(2 * radius - height), Px(-radius));
        drawn(write!(
            path,
            "M{} {}h{across}q{r} 0 {r} {r}v{down}q0 {r} {l} {r}h{back}q{l} 0 {l} {l}v{up}q0 {l} {r} {l}z",
            Px(from.0 + radius),
            Px(from.1),
        ))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // Half of a capital letter's height, and all of it.
        let below = match style.anchor().v_pos {
            VPos::Bottom => "0",
            VPos::Center => ".36em",
            VPos::Top => ".73em",
        };
        drawn(write!(
            self.texts,
            r#"<text class="{}" x="{}" y="{}" dy="{below}" text-anchor="{anchor}">{}</text>"#,
            Ink::of(style.color()).class(),
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

/// Dots, written as pixels: `12`, `0.5`.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) i32);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, tenths) = (self.0.abs() / DOTS, self.0.abs() % DOTS);
        let sign = if self.0 < 0 { "-" } else { "" };
        if tenths == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{tenths}") }
    }
}

/// Text as XML's content and attribute values can hold it; characters that XML 1.0 doesn't allow are left out.
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
        for ink in [
            Ink::Grid,
            Ink::Axis,
            Ink::Label,
            series(Slot::Series(0), false),
            series(Slot::Series(7), true),
            series(Slot::Others, false),
            series(Slot::Others, true),
        ] {
            let RGBColor(red, green, blue) = ink.color();
            assert_eq!(Ink::of(BackendColor { alpha: 1.0, rgb: (red, green, blue) }), ink);
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
