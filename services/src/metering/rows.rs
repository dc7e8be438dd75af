//! Statements that write any number of rows: all values are one parameter, so each is one statement to prepare,
//! and no database's limit of parameters applies.

use std::iter::zip;

use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;

use crate::database::{Bound, DatabaseTransaction};

/// The type of a column, which is read from JSON.
#[derive(Clone, Copy, Debug)]
pub(super) enum ColumnType {
    /// A UUID, written as 32 hexadecimal digits.
    Id,
    /// A whole number of any size.
    Number,
    Flag,
    Text,
}

/// An `INSERT` of any number of rows into a table.
pub(super) struct RowInsert<const COLUMNS: usize> {
    pub(super) table: &'static str,
    pub(super) columns: [(&'static str, ColumnType); COLUMNS],
    /// The statement after the rows, such as `ON CONFLICT … DO UPDATE …`.
    pub(super) tail: fn() -> String,
}

impl<const COLUMNS: usize> RowInsert<COLUMNS> {
    /// Writes `rows` in their order.
    pub(super) async fn write(
        &self,
        transaction: &DatabaseTransaction,
        rows: Vec<[Value; COLUMNS]>,
    ) -> Result<(), DbErr> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut bound = Bound::new(transaction.get_database_backend());
        let rows = rows.into_iter().map(|row| Value::Array(row.into())).collect();
        let rows = bound.rows(Value::Array(rows).to_string(), "w");
        let sql = self.text(&bound, &rows);
        transaction.execute_raw(bound.statement(sql)).await?;
        Ok(())
    }

    /// Builds the statement that inserts from the table `rows`, called `w`.
    fn text(&self, bound: &Bound, rows: &str) -> String {
        let names = self.columns.map(|(name, _)| name).join(", ");
        let values = zip(0.., self.columns).map(|(position, (_, column_type))| {
            let text = format!("w.value ->> {position}");
            match column_type {
                ColumnType::Id => bound.id(&text),
                ColumnType::Number => bound.number(&text),
                ColumnType::Flag => bound.flag(&text),
                ColumnType::Text => text,
            }
        });
        let values = values.collect::<Vec<_>>().join(", ");
        // SQLite takes ON CONFLICT for a join's condition without WHERE (https://www.sqlite.org/lang_upsert.html, 2.2).
        format!("INSERT INTO {} ({names}) SELECT {values} FROM {rows} WHERE true {}", self.table, (self.tail)())
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;

    use super::*;

    #[test]
    fn each_column_is_read_as_its_type() {
        let insert = RowInsert {
            table: "t",
            columns: [
                ("a", ColumnType::Id),
                ("b", ColumnType::Number),
                ("c", ColumnType::Flag),
                ("d", ColumnType::Text),
            ],
            tail: String::new,
        };
        for (backend, values) in [
            (DbBackend::Sqlite, "unhex(w.value ->> 0), (w.value ->> 1), (w.value ->> 2), w.value ->> 3"),
            (
                DbBackend::Postgres,
                "(w.value ->> 0)::uuid, (w.value ->> 1)::bigint, (w.value ->> 2)::boolean, w.value ->> 3",
            ),
        ] {
            let text = insert.text(&Bound::new(backend), "rows w");
            assert_eq!(text, format!("INSERT INTO t (a, b, c, d) SELECT {values} FROM rows w WHERE true "));
        }
    }
}
