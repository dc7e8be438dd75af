//! The schema's version, and servers that are older than it.

use std::collections::BTreeSet;

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde::Serialize;

use crate::{ServiceError, ServiceResult};

/// The migrations of a database, compared with those of this program.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SchemaStatus {
    /// Name of the latest migration that was applied; `None` for an empty database.
    pub version: Option<String>,
    /// Migrations of this program that weren't applied, in their order.
    pub pending: Vec<String>,
    /// Applied migrations that this program doesn't know: a newer version of it has applied them.
    pub unknown: Vec<String>,
}

/// Compares the database's migrations with this program's, without applying any.
pub(super) async fn status(connection: &impl ConnectionTrait) -> ServiceResult<SchemaStatus> {
    let applied: BTreeSet<String> = names(connection, "seaql_migrations", "version").await?.into_iter().collect();
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    Ok(SchemaStatus {
        version: applied.last().cloned(),
        pending: known.iter().filter(|name| !applied.contains(*name)).cloned().collect(),
        unknown: applied.into_iter().filter(|name| !known.contains(name)).collect(),
    })
}

/// Checks that this program can work with a schema that is newer than it: everything it knows was applied, and nothing
/// that servers have to know.
///
/// # Errors
/// A conflict that says what to do.
pub(super) async fn require_compatible(connection: &impl ConnectionTrait, schema: &SchemaStatus) -> ServiceResult<()> {
    let required = names(connection, "required_migrations", "name").await?;
    if let Some(name) = schema.unknown.iter().find(|name| required.contains(name)) {
        return Err(ServiceError::Conflict(format!(
            "This version of Tollhouse is too old for its database, which {name} of a newer version has changed. Start \
             that version or a later one."
        )));
    }
    if let Some(name) = schema.pending.first() {
        return Err(ServiceError::Conflict(format!(
            "Another version of Tollhouse has migrated its database, but not by {name}. Start a version that has all \
             migrations of both."
        )));
    }
    Ok(())
}

/// Whether the database has a table of this name.
pub(crate) async fn has_table(connection: &impl ConnectionTrait, name: &str) -> ServiceResult<bool> {
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => "SELECT 1 AS found WHERE to_regclass($1) IS NOT NULL",
        _ => "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = $1",
    };
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [name.into()]);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// All texts in a column of a table; none if there is no such table.
async fn names(connection: &impl ConnectionTrait, table: &str, column: &str) -> ServiceResult<Vec<String>> {
    if !has_table(connection, table).await? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {column} FROM {table}");
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", column)).collect::<Result<_, _>>()?)
}
