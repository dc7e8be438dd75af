//! Monthly partitions of calls on PostgreSQL.

use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use domain::{ids::CallId, time::Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{ServiceResult, Services, database::DatabaseTransaction, database::Lock};

/// Number of months after this one that get a partition in advance.
const MONTHS_AHEAD: u32 = 2;

/// Creates missing partitions for the previous month, this month and the next [`MONTHS_AHEAD`].
///
/// Calls without a partition go to the default one. A failure therefore costs speed, never a call, and is
/// only logged. Does nothing on SQLite.
pub async fn ensure(services: &Services) -> ServiceResult<()> {
    if !services.database.is_postgres() {
        return Ok(());
    }
    let today = services.now().to_chrono().date_naive();
    let first = today.with_day(1).unwrap_or(today).checked_sub_months(Months::new(1)).unwrap_or(today);
    for month in (0..=MONTHS_AHEAD + 1).filter_map(|later| first.checked_add_months(Months::new(later))) {
        if let Err(error) = ensure_month(services, month).await {
            tracing::warn!(%month, %error, "can't make the month's partition; its calls go to the default one");
        }
    }
    Ok(())
}

async fn ensure_month(services: &Services, first: NaiveDate) -> ServiceResult<()> {
    let name = format!("calls_{:04}_{:02}", first.year(), first.month());
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    let bound = |day: NaiveDate| CallId::lower_bound(Timestamp::from(day.and_time(NaiveTime::MIN).and_utc())).uuid();
    let (from, to) = (bound(first), bound(next));
    let transaction = services.database.begin().await?;
    services.database.lock(&transaction, Lock::Partitions).await?;
    let exists = exists(&transaction, "SELECT to_regclass($1) IS NOT NULL AS found", [name.as_str().into()]).await?;
    // PostgreSQL refuses a partition for rows that are already in the default one: those months stay there.
    let has_rows = "SELECT EXISTS (SELECT 1 FROM calls_default WHERE id >= $1 AND id < $2) AS found";
    if !exists && !self::exists(&transaction, has_rows, [from.into(), to.into()]).await? {
        // Definitions take no parameters; a name made of numbers and two ids need no escaping.
        let sql = format!("CREATE TABLE {name} PARTITION OF calls FOR VALUES FROM ('{from}') TO ('{to}')");
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(transaction.commit().await?)
}

async fn exists<const N: usize>(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: [sea_orm::Value; N],
) -> ServiceResult<bool> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let row = transaction.query_one_raw(statement).await?;
    Ok(row.is_some_and(|row| row.try_get("", "found").unwrap_or(false)))
}
