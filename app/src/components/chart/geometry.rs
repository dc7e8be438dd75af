//! Positions and sizes that a chart's scene is made of.

/// Dots per pixel. Positions are whole dots, since plotters knows only integers, and 745 hours on a phone
/// need steps finer than a pixel.
pub const DOTS: i32 = 10;

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

/// A text under the plot, centered on `x`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Label {
    pub bucket: usize,
    pub x: i32,
    pub text: String,
    pub major: bool,
}
