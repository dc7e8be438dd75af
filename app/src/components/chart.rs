//! The one chart: stacked bars over time.
//!
//! [`data`] is what a page gives, [`scene`] turns it into places, [`draw`] lets plotters draw them as SVG with
//! classes instead of colours, and the view lays links over it, one for each bucket, and puts a table behind it.

mod backend;
pub mod data;
pub mod draw;
mod labels;
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
mod size;
#[cfg(feature = "csr")]
mod table;
#[cfg(feature = "csr")]
mod tooltip;
#[cfg(feature = "csr")]
mod view;

pub use data::{Bucket, ChartData, Series};
pub use slots::{Slot, slots};
#[cfg(feature = "csr")]
pub use sparkline::Sparkline;
pub use units::Unit;
#[cfg(feature = "csr")]
pub use view::Chart;
