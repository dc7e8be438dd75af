//! Results as rows of CSV.

use domain::{
    ids::{ApiKeyId, ProjectId, UserId},
    models::Service,
};

use crate::exports::csv;

/// A value in a row.
pub(super) trait Cell {
    /// The text of the cell; empty for a value that is `null` in JSON.
    fn cell(&self) -> String;
}

impl<T: Cell> Cell for Option<T> {
    fn cell(&self) -> String {
        self.as_ref().map_or_else(String::new, Cell::cell)
    }
}

/// Names may come from clients, so formulas in them are neutralized.
impl Cell for String {
    fn cell(&self) -> String {
        csv::text(self)
    }
}

/// A value that is always `null`.
impl Cell for () {
    fn cell(&self) -> String {
        String::new()
    }
}

/// Implements [`Cell`] for types whose text is a number, an id or one of Tollhouse's own names.
macro_rules! plain_cells {
    ($($name:ty),*) => {$(
        impl Cell for $name {
            fn cell(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

plain_cells!(i64, f64, bool, &'static str, ProjectId, UserId, ApiKeyId, Service);

/// Defines the columns of a [`BucketResult`](super::buckets::BucketResult): fields of its type.
macro_rules! columns {
    ($($field:ident),* $(,)?) => {
        const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

        fn cells(&self) -> Vec<&dyn $crate::management::tables::Cell> {
            vec![$(&self.$field),*]
        }
    };
}

pub(super) use columns;
