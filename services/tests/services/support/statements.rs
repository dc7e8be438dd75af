//! Statements that services execute on PostgreSQL, and the check that a database that is distributed by organization
//! could execute them too.

mod checker;
mod equalities;
mod tables;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use sea_orm::{DbBackend, Statement};

pub(crate) use self::{checker::check, tables::Tables};

/// What statements begin with that read or change rows.
const KINDS: [&str; 5] = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"];
/// Texts of statements that were found to be good, so that each is parsed once for all tests.
static CHECKED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The texts of the statements that were executed on PostgreSQL.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatementLog(Arc<Mutex<BTreeSet<String>>>);

impl StatementLog {
    /// Adds a statement that reads or changes rows; definitions of tables are of no interest.
    pub(crate) fn add(&self, statement: &Statement) {
        let sql = statement.sql.as_str();
        if statement.db_backend != DbBackend::Postgres || !KINDS.iter().any(|kind| sql.starts_with(kind)) {
            return;
        }
        let mut texts = self.0.lock().unwrap();
        if !texts.contains(sql) {
            texts.insert(sql.to_owned());
        }
    }

    /// Panics if a distributed database couldn't execute one of the statements.
    pub(crate) fn check(&self) {
        let unchecked: Vec<String> = self.0.lock().unwrap().difference(&CHECKED.lock().unwrap()).cloned().collect();
        if unchecked.is_empty() {
            return;
        }
        let tables = Tables::documented();
        let problem = |sql: &String| check(sql, &tables).err().map(|problem| format!("{problem}:\n{sql}"));
        let problems: Vec<String> = unchecked.iter().filter_map(problem).collect();
        assert!(problems.is_empty(), "not for a distributed database (docs/scaling.md):\n{}", problems.join("\n\n"));
        CHECKED.lock().unwrap().extend(unchecked);
    }
}
