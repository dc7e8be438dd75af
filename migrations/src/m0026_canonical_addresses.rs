//! Normalizes mail addresses to the form in which they are looked up. Where two accounts have one normalized
//! address, the later one keeps its old form and can't be found any longer: it could be mistaken for the
//! other.

use domain::validation;
use sea_orm_migration::{prelude::*, sea_orm::Statement};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        let users = "SELECT email FROM users ORDER BY created_at, id";
        let update =
            "UPDATE users SET email = $1 WHERE email = $2 AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email = $1)";
        for row in connection.query_all_raw(Statement::from_string(backend, users)).await? {
            let email: String = row.try_get("", "email")?;
            if let Some(canonical) = validation::email(&email).ok().filter(|canonical| *canonical != email) {
                let values = [canonical.into(), email.into()];
                connection.execute_raw(Statement::from_sql_and_values(backend, update, values)).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
