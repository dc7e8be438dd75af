//! Serves the dashboard: its files, embedded and precompressed, and the page
//! they start from, with the first answers inside.

mod assets;
mod boot;
mod page;

pub(crate) use page::show;

/// Whether the dashboard's files are there.
pub(crate) fn is_built() -> bool {
    assets::index().is_some()
}
