//! The values of statements that are written as text, each under its name; also sets, of any size, under one.
//!
//! A set that is bound value by value ends where a database takes no more parameters (SQLite 32,766, PostgreSQL 65,535), and
//! each size of it is another statement to prepare.

use std::fmt::Write;

use sea_orm::{DbBackend, Statement, Value};
use uuid::Uuid;

/// Up to how many ids PostgreSQL looks up one by one where there is an index for them, and compares with each row where there
/// is none.
const FEW: usize = 500;

/// The values that a statement names.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    backend: DbBackend,
    values: Vec<Value>,
}

impl Bound {
    pub(crate) const fn new(backend: DbBackend) -> Self {
        Self { backend, values: Vec::new() }
    }

    pub(crate) const fn backend(&self) -> DbBackend {
        self.backend
    }

    const fn is_postgres(&self) -> bool {
        matches!(self.backend, DbBackend::Postgres)
    }

    /// The name of a value, such as `$5`.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// What is written behind a column that is to be one of `ids`.
    pub(crate) fn among_ids(&mut self, ids: impl IntoIterator<Item = Uuid>) -> String {
        let ids: Vec<String> = ids.into_iter().map(|id| id.simple().to_string()).collect();
        let (postgres, count) = (self.is_postgres(), ids.len());
        let name = self.value(list(postgres, ids.into_iter()));
        // Of a query, which is asked once: to PostgreSQL the cast of a text is no constant, and it would be read for every row.
        let ids = format!("SELECT unnest({name}::text::uuid[])");
        match postgres {
            true if count <= FEW => format!("= ANY(ARRAY({ids}))"),
            // Only a condition that is no join is hashed: PostgreSQL takes any set for a small one, and would compare each of
            // its ids with each row.
            true => format!("IN ({ids}) IS TRUE"),
            false => format!("IN (SELECT unhex(value) FROM json_each({name}))"),
        }
    }

    /// The same for whole numbers.
    pub(crate) fn among_numbers(&mut self, numbers: impl IntoIterator<Item = i64>) -> String {
        // Digits are the same in both forms.
        let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
        match self.is_postgres() {
            true => {
                let name = self.value(format!("{{{}}}", numbers.join(",")));
                format!("= ANY(ARRAY(SELECT unnest({name}::text::bigint[])))")
            }
            false => {
                let name = self.value(format!("[{}]", numbers.join(",")));
                format!("IN (SELECT value FROM json_each({name}))")
            }
        }
    }

    /// The same for texts.
    pub(crate) fn among_texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> String {
        let texts: serde_json::Value = texts.into_iter().collect::<Vec<_>>().into();
        let name = self.value(texts.to_string());
        match self.is_postgres() {
            true => format!("= ANY(ARRAY(SELECT jsonb_array_elements_text({name}::text::jsonb)))"),
            false => format!("IN (SELECT value FROM json_each({name}))"),
        }
    }

    /// Rows that are joined with: a table of this alias whose `value` is each element of a JSON array, with its `place`
    /// from 0 by `{alias}.place`. Parts of an element are taken by `value ->> 0`, on both databases.
    pub(crate) fn rows(&mut self, json: String, alias: &str) -> String {
        let name = self.value(json);
        match self.is_postgres() {
            true => format!(
                "(SELECT e.value, e.number - 1 AS place FROM jsonb_array_elements({name}::text::jsonb) \
                 WITH ORDINALITY AS e(value, number)) {alias}"
            ),
            false => format!("(SELECT e.value, e.key AS place FROM json_each({name}) e) {alias}"),
        }
    }

    /// `text` as an id.
    pub(crate) fn id(&self, text: &str) -> String {
        if self.is_postgres() { format!("({text})::uuid") } else { format!("unhex({text})") }
    }

    /// `text` as a whole number.
    pub(crate) fn number(&self, text: &str) -> String {
        if self.is_postgres() { format!("({text})::bigint") } else { format!("({text})") }
    }

    /// The statement `text`, which names these values.
    pub(crate) fn statement(self, text: impl Into<String>) -> Statement {
        Statement::from_sql_and_values(self.backend, text, self.values)
    }
}

/// Hexadecimal digits as a list in one text: an array of PostgreSQL's, or of JSON.
fn list(postgres: bool, parts: impl Iterator<Item = String>) -> String {
    let (open, close, quote) = if postgres { ('{', '}', "") } else { ('[', ']', "\"") };
    let mut list = String::from(open);
    for (position, part) in parts.enumerate() {
        let comma = if position == 0 { "" } else { "," };
        // Writing to a text can't fail.
        let _ = write!(list, "{comma}{quote}{part}{quote}");
    }
    list.push(close);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_one_value_however_large() {
        for (backend, ids, few, numbers) in [
            (
                DbBackend::Sqlite,
                "IN (SELECT unhex(value) FROM json_each($1))",
                "IN (SELECT unhex(value) FROM json_each($2))",
                "IN (SELECT value FROM json_each($3))",
            ),
            (
                DbBackend::Postgres,
                "IN (SELECT unnest($1::text::uuid[])) IS TRUE",
                "= ANY(ARRAY(SELECT unnest($2::text::uuid[])))",
                "= ANY(ARRAY(SELECT unnest($3::text::bigint[])))",
            ),
        ] {
            let mut bound = Bound::new(backend);
            assert_eq!(bound.among_ids((0..70_000).map(Uuid::from_u128)), ids);
            assert_eq!(bound.among_ids([Uuid::nil()]), few);
            assert_eq!(bound.among_numbers(0..70_000), numbers);
            assert_eq!(bound.statement("").values.unwrap().0.len(), 3);
        }
    }

    #[test]
    fn lists_are_written_as_each_database_reads_them() {
        let parts = || ["0a", "0b"].map(str::to_owned).into_iter();
        assert_eq!(list(true, parts()), "{0a,0b}");
        assert_eq!(list(false, parts()), "[\"0a\",\"0b\"]");
        assert_eq!((list(true, [].into_iter()), list(false, [].into_iter())), ("{}".to_owned(), "[]".to_owned()));
    }
}
