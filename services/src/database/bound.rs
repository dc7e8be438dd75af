//! Parameters of statements written as text. A set of any size is one parameter.
//!
//! Sets bound value by value would be limited by the number of parameters (SQLite 32,766, PostgreSQL 65,535),
//! and every size would be another statement to prepare.

use std::fmt::Write;

use sea_orm::{DbBackend, Statement, Value};
use uuid::Uuid;

/// Maximum number of ids that PostgreSQL gets as an array, which it looks up one by one if there is an index,
/// and compares with each row otherwise.
const MAX_LOOKED_UP: usize = 500;

/// The parameters of a statement.
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

    /// Adds a value and returns its name, such as `$5`.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// The condition, written after a column, that it is one of `ids`.
    pub(crate) fn among_ids(&mut self, ids: impl IntoIterator<Item = Uuid>) -> String {
        let ids: Vec<String> = ids.into_iter().map(|id| id.simple().to_string()).collect();
        let (postgres, count) = (self.is_postgres(), ids.len());
        let name = self.value(list(postgres, ids.into_iter()));
        // A subquery is evaluated once. PostgreSQL doesn't treat the
        // cast of a text as constant, and would parse it for every row.
        let ids = format!("SELECT unnest({name}::text::uuid[])");
        match postgres {
            true if count <= MAX_LOOKED_UP => format!("= ANY(ARRAY({ids}))"),
            // IS TRUE prevents a join, so that the set is hashed: PostgreSQL assumes that any set is small,
            // and would compare each id with each row.
            true => format!("IN ({ids}) IS TRUE"),
            false => format!("IN (SELECT unhex(value) FROM json_each({name}))"),
        }
    }

    /// The condition, written after a column, that it is one of `numbers`.
    pub(crate) fn among_numbers(&mut self, numbers: impl IntoIterator<Item = i64>) -> String {
        // Digits need no quotes in either format.
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

    /// The condition, written after a column, that it is one of `texts`.
    pub(crate) fn among_texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> String {
        let texts: serde_json::Value = texts.into_iter().collect::<Vec<_>>().into();
        let name = self.value(texts.to_string());
        match self.is_postgres() {
            true => format!("= ANY(ARRAY(SELECT jsonb_array_elements_text({name}::text::jsonb)))"),
            false => format!("IN (SELECT value FROM json_each({name}))"),
        }
    }

    /// A table to join with, one row for each element of a JSON array: `{alias}.value` is the element,
    /// `{alias}.place` its index from 0. On both databases, `value ->> 0` is the element's first part.
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

    /// The expression that converts `text` to an id.
    pub(crate) fn id(&self, text: &str) -> String {
        if self.is_postgres() { format!("({text})::uuid") } else { format!("unhex({text})") }
    }

    /// The expression that converts `text` to a whole number.
    pub(crate) fn number(&self, text: &str) -> String {
        if self.is_postgres() { format!("({text})::bigint") } else { format!("({text})") }
    }

    /// The expression that converts `text`, `true` or `false` in JSON, to a Boolean value.
    pub(crate) fn flag(&self, text: &str) -> String {
        if self.is_postgres() { format!("({text})::boolean") } else { format!("({text})") }
    }

    /// The expression for the place of `part` in `text`, from 1 on; 0 if it isn't there.
    pub(crate) fn position(&mut self, text: &str, part: &str) -> String {
        let function = if self.is_postgres() { "strpos" } else { "instr" };
        format!("{function}({text}, {})", self.value(part))
    }

    /// The statement `text` with these parameters.
    pub(crate) fn statement(self, text: impl Into<String>) -> Statement {
        Statement::from_sql_and_values(self.backend, text, self.values)
    }
}

/// Formats hexadecimal texts as an array of PostgreSQL or JSON.
fn list(postgres: bool, parts: impl Iterator<Item = String>) -> String {
    let (open, close, quote) = if postgres { ('{', '}', "") } else { ('[', ']', "\"") };
    let mut list = String::from(open);
    for (position, part) in parts.enumerate() {
        let comma = if position == 0 { "" } else { "," };
        // Writing to a String can't fail.
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
