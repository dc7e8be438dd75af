//! Tables: rows where there is room, cards on phones.

mod column;
mod sort;
mod table;

use std::{cmp::Ordering, sync::Arc};

use leptos::prelude::*;

pub use column::{Column, Place};
pub use sort::Sort;

use self::table::{Row, table};

/// A table of `rows`.
///
/// A row that leads somewhere needs a link in one of its cells too, for keyboard and screen reader.
#[component]
pub fn DataTable<T, R>(
    /// What the table holds, for screen readers.
    #[prop(into)]
    caption: String,
    columns: Vec<Column<T>>,
    /// Which rows, to be asked again whenever what it read changes.
    rows: R,
    /// Where a row leads.
    #[prop(optional, into)]
    row_href: Option<Callback<(T,), String>>,
    /// Whether a row is the one that is open.
    #[prop(optional, into)]
    is_open: Option<Callback<(T,), bool>>,
    #[prop(optional)] sort: Option<Sort>,
    /// The last row: sums, cell by cell.
    #[prop(optional, into)]
    foot: Option<ViewFn>,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    R: Fn() -> Vec<T> + Send + 'static,
{
    let heads = columns.iter().map(|column| (column.head, column.control.clone())).collect();
    let shown = move || {
        let mut rows = rows();
        if let Some((name, descending)) = sort.and_then(|sort| sort.current())
            && let Some(order) =
                columns.iter().find(|column| column.head.header == name).and_then(|column| column.order)
        {
            let places = sorted_places(rows.len(), &|a, b| {
                if descending { order(&rows[b], &rows[a]) } else { order(&rows[a], &rows[b]) }
            });
            rows = places.into_iter().map(|place| rows[place].clone()).collect();
        }
        let row = |row: T| {
            let cells = columns.iter().map(|column| (column.show)(&row)).collect();
            let row = Arc::new(row);
            let same = Arc::clone(&row);
            Row {
                cells,
                href: row_href.map(|href| Box::new(move || href.run((T::clone(&row),))) as _),
                open: is_open.map(|is_open| Box::new(move || is_open.run((T::clone(&same),))) as _),
            }
        };
        rows.into_iter().map(row).collect()
    };
    table(caption, heads, Box::new(shown), sort, foot)
}

/// The places of `count` rows in their order. Sorting numbers instead of rows is compiled once for all tables.
fn sorted_places(count: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|a, b| order(*a, *b));
    places
}
