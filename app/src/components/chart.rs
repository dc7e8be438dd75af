//! The dashboard's chart: stacked bars, shares or lines over time.
//!
//! A page passes [`data`], [`scene`] computes positions, [`draw`] renders them through plotters as SVG with
//! classes instead of colors, and the view lays links over it, one for each bucket, and adds a table.

mod backend;
pub mod data;
pub mod draw;
pub mod geometry;
mod labels;
pub mod lines;
mod picture;
pub mod scene;
mod slots;
mod sparkline;
pub mod ticks;
pub mod units;

#[cfg(feature = "csr")]
mod legend;
#[cfg(feature = "csr")]
mod links;
#[cfg(feature = "csr")]
mod pointer;
#[cfg(feature = "csr")]
mod selection;
#[cfg(feature = "csr")]
mod size;
#[cfg(feature = "csr")]
mod table;
#[cfg(feature = "csr")]
mod tooltip;
#[cfg(feature = "csr")]
mod view;

pub use data::{Bucket, ChartData, ChartSeries, ComparedLine};
pub use picture::{PICTURE_SIZE, PictureColors, draw_picture};
pub use slots::{Slot, slots};
#[cfg(feature = "csr")]
pub use sparkline::Sparkline;
#[cfg(feature = "csr")]
pub use table::ChartValues;
pub use units::Unit;
#[cfg(feature = "csr")]
pub use view::Chart;
