//! Statements that write many rows at once, in a few sizes only, so
//! that each is built once and stays prepared on the connection.

use std::sync::OnceLock;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use crate::database::DatabaseTransaction;

/// Numbers of rows in a statement; the largest one that fits is used each time.
///
/// 1,000 rows of 31 columns stay below the parameters that SQLite (32,766) and PostgreSQL (65,535) allow.
const SIZES: [usize; 15] = [1000, 512, 256, 128, 64, 32, 16, 8, 7, 6, 5, 4, 3, 2, 1];

/// An `INSERT` of any number of rows.
pub(super) struct Rows {
    /// The statement up to `VALUES`.
    head: &'static str,
    columns: usize,
    /// The statement after the values.
    tail: fn() -> String,
    texts: [[OnceLock<String>; SIZES.len()]; 2],
}

impl Rows {
    pub(super) const fn new(head: &'static str, columns: usize, tail: fn() -> String) -> Self {
        Self { head, columns, tail, texts: [const { [const { OnceLock::new() }; SIZES.len()] }; 2] }
    }

    /// Writes `values`, the columns of all rows one after another.
    pub(super) async fn write(&self, transaction: &DatabaseTransaction, values: Vec<Value>) -> Result<(), DbErr> {
        let backend = transaction.get_database_backend();
        let mut values = values;
        while !values.is_empty() {
            let rows = values.len() / self.columns;
            let index = SIZES.iter().position(|size| *size <= rows).unwrap_or(SIZES.len() - 1);
            let rest = values.split_off((SIZES[index] * self.columns).min(values.len()));
            let statement = Statement::from_sql_and_values(backend, self.text(backend, index), values);
            transaction.execute_raw(statement).await?;
            values = rest;
        }
        Ok(())
    }

    fn text(&self, backend: DbBackend, index: usize) -> &str {
        let postgres = backend == DbBackend::Postgres;
        self.texts[usize::from(postgres)][index].get_or_init(|| {
            let mut text = format!("{} VALUES ", self.head);
            let mut parameter = 0;
            for row in 0..SIZES[index] {
                text.push_str(if row == 0 { "(" } else { ",(" });
                for column in 0..self.columns {
                    parameter += 1;
                    let comma = if column == 0 { "" } else { "," };
                    if postgres {
                        text.push_str(&format!("{comma}${parameter}"));
                    } else {
                        text.push_str(comma);
                        text.push('?');
                    }
                }
                text.push(')');
            }
            text.push(' ');
            text.push_str(&(self.tail)());
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_a_parameter_for_each_column() {
        let rows = Rows::new("INSERT INTO t (a, b)", 2, String::new);
        let two = SIZES.iter().position(|size| *size == 2).unwrap();
        assert_eq!(rows.text(DbBackend::Sqlite, two), "INSERT INTO t (a, b) VALUES (?,?),(?,?) ");
        assert_eq!(rows.text(DbBackend::Postgres, two), "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) ");
    }
}
