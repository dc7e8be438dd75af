//! Drops partitions of calls and their tags, on PostgreSQL, that hold nothing which an organization keeps.

use domain::{calls::CALL_DAYS, time::Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Keeper;
use crate::{
    Database, ServiceResult,
    calls::partitions::{Month, MonthlyTable},
    database::Redefinition,
};

/// Drops the partitions of past months in which no organization has calls that it keeps, first those of tags.
pub(super) async fn drop_unused(database: &Database, keepers: &[Keeper], now: Timestamp) -> ServiceResult<()> {
    for table in [MonthlyTable::CallTags, MonthlyTable::Calls] {
        drop_partitions(database, table, keepers, now).await?;
    }
    Ok(())
}

async fn drop_partitions(
    database: &Database,
    table: MonthlyTable,
    keepers: &[Keeper],
    now: Timestamp,
) -> ServiceResult<()> {
    let sql = format!(
        "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = '{}'::regclass",
        table.name()
    );
    let rows = database.read().query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let newest = now.plus_days(-i64::from(*CALL_DAYS.start()));
    for row in rows {
        let name: String = row.try_get("", "name")?;
        let month = table.month(&name).filter(|month| month.end() <= newest);
        if let Some(month) = month
            && let Err(error) = database.redefine(&redefinition(table.name(), &name, month, keepers)).await
        {
            tracing::warn!(partition = name, %error, "can't drop a partition without calls that are kept");
        }
    }
    Ok(())
}

fn redefinition(table: &str, partition: &str, month: Month, keepers: &[Keeper]) -> Redefinition {
    let keeps = |keeper: &&Keeper| keeper.since.is_none_or(|since| since < month.end());
    let ids: Vec<String> = keepers.iter().filter(keeps).map(|keeper| keeper.organization.uuid().to_string()).collect();
    // One look-up for each organization, in any number of rows that are deleted or dead. Ids need no escaping.
    let kept = format!(
        "EXISTS (SELECT 1 FROM unnest('{{{}}}'::uuid[]) AS o(id) CROSS JOIN LATERAL \
         (SELECT 1 FROM {partition} c WHERE c.organization_id = o.id LIMIT 1) k)",
        ids.join(",")
    );
    let condition = format!("SELECT NOT {kept} AS needed");
    Redefinition {
        condition: Statement::from_string(DbBackend::Postgres, condition),
        statements: vec![
            format!("ALTER TABLE {table} DETACH PARTITION {partition}"),
            // A call may have come before the lock that the statement above took.
            format!("DO $$ BEGIN IF {kept} THEN RAISE 'a call came'; END IF; END $$"),
            format!("DROP TABLE {partition}"),
        ],
    }
}
