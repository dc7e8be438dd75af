//! The monthly partitions that PostgreSQL keeps calls in.

use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use domain::{ids::CallId, time::Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{ServiceResult, Services, database::DatabaseTransaction, database::Lock};

/// How many months from this one on have a partition.
const AHEAD: u32 = 2;

/// Makes the partitions of this month, the one before and those soon to come, where there are none.
///
/// What has none goes to the default partition, so that a failure here costs speed, never a call: it is
/// logged and passed over. Nothing is done on SQLite.
pub async fn ensure(services: &Services) -> ServiceResult<()> {
    if !services.database.is_postgres() {
        return Ok(());
    }
    let today = services.now().to_chrono().date_naive();
    let first = today.with_day(1).unwrap_or(today).checked_sub_months(Months::new(1)).unwrap_or(today);
    for month in (0..=AHEAD + 1).filter_map(|later| first.checked_add_months(Months::new(later))) {
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
    // PostgreSQL refuses a partition for rows that the default one holds already: those months stay there.
    let held = "SELECT EXISTS (SELECT 1 FROM calls_default WHERE id >= $1 AND id < $2) AS found";
    if !exists && !self::exists(&transaction, held, [from.into(), to.into()]).await? {
        // No parameters in definitions; a name made of numbers and two ids have nothing to escape.
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
