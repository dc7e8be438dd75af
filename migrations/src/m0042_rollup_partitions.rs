//! Rollups in monthly partitions on PostgreSQL, like calls. The table keeps its name and columns, so older servers go
//! on using it.
//!
//! Rows aren't moved: the existing table becomes the partition of all months up to the next one, under the name of the
//! month after them. Servers make those of later months. PostgreSQL reads the table once to check its bounds, which
//! keeps readers and writers waiting for about half a second per million rows; calls wait in the servers' journals.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Query for the month after the next one, or after the newest rollup's if that is later, and its beginning.
const FIRST_OWN_MONTH: &str = "SELECT to_char(month, 'YYYY_MM') AS month, (extract(epoch FROM month) * 1000)::bigint AS begin \
     FROM (SELECT date_trunc('month', greatest(now() AT TIME ZONE 'UTC', \
     to_timestamp(coalesce(max(bucket), 0) / 1000.0) AT TIME ZONE 'UTC')) + interval '2 months' AS month FROM rollups) later";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if connection.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        // Before the lock, since this reads the table too.
        let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, FIRST_OWN_MONTH)).await?;
        let row = row.ok_or_else(|| DbErr::Custom("the month is unknown".to_owned()))?;
        let (month, begin): (String, i64) = (row.try_get("", "month")?, row.try_get("", "begin")?);
        let earlier = format!("rollups_before_{month}");
        for statement in [
            format!("ALTER TABLE rollups RENAME TO {earlier}"),
            format!("ALTER INDEX rollups_pkey RENAME TO {earlier}_pkey"),
            format!("CREATE TABLE rollups (LIKE {earlier} INCLUDING ALL) PARTITION BY RANGE (bucket)"),
        ] {
            connection.execute_unprepared(&statement).await?;
        }
        let any = Statement::from_string(DbBackend::Postgres, format!("SELECT 1 FROM {earlier} LIMIT 1"));
        let attach = format!("ALTER TABLE rollups ATTACH PARTITION {earlier} FOR VALUES FROM (MINVALUE) TO ({begin})");
        let is_empty = connection.query_one_raw(any).await?.is_none();
        // Without rows, all months get a partition of their own.
        let existing = if is_empty { format!("DROP TABLE {earlier}") } else { attach };
        connection.execute_unprepared(&existing).await?;
        connection.execute_unprepared("CREATE TABLE rollups_default PARTITION OF rollups DEFAULT").await?;
        Ok(())
    }

    /// Copies all rows to one table.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if connection.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        for statement in [
            "LOCK TABLE rollups IN ACCESS EXCLUSIVE MODE",
            "CREATE TABLE rollups_together (LIKE rollups INCLUDING ALL)",
            "INSERT INTO rollups_together SELECT * FROM rollups",
            "DROP TABLE rollups",
            "ALTER TABLE rollups_together RENAME TO rollups",
            "ALTER INDEX rollups_together_pkey RENAME TO rollups_pkey",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
