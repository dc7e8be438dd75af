//! Tables: rows of as many columns as there is room for, and cards on phones.

mod column;
mod sort;
mod table;

use std::sync::Arc;

use leptos::prelude::*;

pub use column::{CardPosition, Column, Room};
pub use sort::Sort;

use self::table::{TableRow, table};
use crate::lean::sorted_indices;

/// A table of `rows`.
///
/// A row with a `row_href` also needs a link in one of its cells, for keyboard and screen reader.
#[component]
pub fn DataTable<T, R>(
    /// Caption for screen readers.
    #[prop(into)]
    caption: String,
    columns: Vec<Column<T>>,
    /// Returns the rows; runs again whenever a signal that it reads changes.
    rows: R,
    /// Address that a row links to.
    #[prop(optional, into)]
    row_href: Option<Callback<(T,), String>>,
    /// Whether a row is open.
    #[prop(optional, into)]
    is_open: Option<Callback<(T,), bool>>,
    #[prop(optional)] sort: Option<Sort>,
    /// Cells of the last row, which has sums.
    #[prop(optional, into)]
    foot: Option<ViewFn>,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    R: Fn() -> Vec<T> + Send + 'static,
{
    let heads = columns.iter().map(|column| (column.head, column.control.clone())).collect();
    let table_rows = move || {
        let mut rows = rows();
        if let Some((name, descending)) = sort.and_then(|sort| sort.current())
            && let Some(order) =
                columns.iter().find(|column| column.head.header == name).and_then(|column| column.order)
        {
            let indices = sorted_indices(rows.len(), &|a, b| {
                if descending { order(&rows[b], &rows[a]) } else { order(&rows[a], &rows[b]) }
            });
            rows = indices.into_iter().map(|index| rows[index].clone()).collect();
        }
        let row = |row: T| {
            let cells = columns.iter().map(|column| (column.show)(&row)).collect();
            let row = Arc::new(row);
            let opened_row = Arc::clone(&row);
            TableRow {
                cells,
                href: row_href.map(|href| Box::new(move || href.run((T::clone(&row),))) as _),
                open: is_open.map(|is_open| Box::new(move || is_open.run((T::clone(&opened_row),))) as _),
            }
        };
        rows.into_iter().map(row).collect()
    };
    table(caption, heads, Box::new(table_rows), sort, foot)
}
