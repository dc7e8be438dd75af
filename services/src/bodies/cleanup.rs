//! Where bodies lie, and how they go when their days are over.

use domain::time::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Statement, Value,
};

use super::store::{DAY_MILLIS, expires_day};
use crate::{
    ServiceResult, Services,
    database::Lock,
    entities::{body_sums, organizations},
};

/// How many days ahead of today's bodies have a partition.
const AHEAD: i64 = 2;
/// How many rows are deleted in one transaction, so that calls don't wait for it.
const BATCH: u64 = 500;

/// Makes the partitions that the next days' bodies go to, and deletes what is kept no more. To be done some times a day:
/// what has no partition goes to the default one, and what is over isn't shown, whenever this comes.
pub async fn run(services: &Services) -> ServiceResult<()> {
    let today = services.now().millis().div_euclid(DAY_MILLIS);
    if services.database.is_postgres() {
        make_partitions(services, today).await?;
        drop_partitions(services, today).await?;
    }
    delete_expired(services, today).await?;
    delete_unwanted(services).await
}

/// The partitions of the days on which today's bodies and those of the next days expire, by what organizations chose.
async fn make_partitions(services: &Services, today: i64) -> ServiceResult<()> {
    let chosen = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::BodyDays)
        .distinct()
        .into_tuple::<i32>()
        .all(services.database.read())
        .await?;
    for days in chosen.into_iter().filter_map(|days| u32::try_from(days).ok()).filter(|days| *days > 0) {
        for ahead in 0..=AHEAD {
            let day = expires_day(Timestamp::from_millis((today + ahead) * DAY_MILLIS), days);
            if let Err(error) = make_partition(services, day).await {
                tracing::warn!(day, %error, "can't make a partition for bodies; they go to the default one");
            }
        }
    }
    Ok(())
}

async fn make_partition(services: &Services, day: i32) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    services.database.lock(&transaction, Lock::Partitions).await?;
    // PostgreSQL refuses a partition for rows that the default one holds already: that day stays there.
    let free =
        "SELECT to_regclass($1) IS NULL AND NOT EXISTS (SELECT 1 FROM bodies_default WHERE expires_day = $2) AS free";
    let values: [Value; 2] = [name(day).into(), day.into()];
    let row = transaction.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, free, values)).await?;
    if row.is_some_and(|row| row.try_get("", "free").unwrap_or(false)) {
        let (table, next) = (name(day), day.saturating_add(1));
        // No parameters in definitions; numbers have nothing to escape.
        let sql = format!("CREATE TABLE {table} PARTITION OF bodies FOR VALUES FROM ({day}) TO ({next})");
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(transaction.commit().await?)
}

fn name(day: i32) -> String {
    format!("bodies_{day}")
}

async fn drop_partitions(services: &Services, today: i64) -> ServiceResult<()> {
    let sql = "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE i.inhparent = 'bodies'::regclass";
    let rows = services.database.read().query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    for row in rows {
        let table: String = row.try_get("", "name")?;
        let day = table.strip_prefix("bodies_").and_then(|day| day.parse::<i32>().ok());
        if let Some(day) = day.filter(|day| i64::from(*day) <= today) {
            let transaction = services.database.begin().await?;
            services.database.lock(&transaction, Lock::Partitions).await?;
            transaction.execute_unprepared(&format!("DROP TABLE IF EXISTS {}", name(day))).await?;
            transaction.commit().await?;
        }
    }
    Ok(())
}

/// On PostgreSQL only what lies in the default partition is left for this.
async fn delete_expired(services: &Services, today: i64) -> ServiceResult<()> {
    let today = i32::try_from(today).unwrap_or(i32::MAX);
    delete(services, "expires_day <= $1", today.into()).await?;
    let sums = body_sums::Entity::delete_many().filter(body_sums::Column::ExpiresDay.lte(today));
    forget(services, sums).await
}

/// What organizations kept that keep none any more.
async fn delete_unwanted(services: &Services) -> ServiceResult<()> {
    let unwanted = "organization_id IN (SELECT id FROM organizations WHERE body_days = $1)";
    delete(services, unwanted, 0.into()).await?;
    let keep_none = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::Id)
        .filter(organizations::Column::BodyDays.eq(0));
    let sums = body_sums::Column::OrganizationId.in_subquery(QueryTrait::into_query(keep_none));
    forget(services, body_sums::Entity::delete_many().filter(sums)).await
}

/// Deletes sums of what is deleted.
async fn forget(services: &Services, sums: sea_orm::DeleteMany<body_sums::Entity>) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    sums.exec(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Deletes the rows for which `condition` holds, batch by batch.
async fn delete(services: &Services, condition: &str, value: Value) -> ServiceResult<()> {
    let sql = if services.database.is_postgres() {
        format!(
            "DELETE FROM bodies WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM bodies WHERE {condition} LIMIT {BATCH})"
        )
    } else {
        format!("DELETE FROM bodies WHERE rowid IN (SELECT rowid FROM bodies WHERE {condition} LIMIT {BATCH})")
    };
    loop {
        let transaction = services.database.begin().await?;
        let statement = Statement::from_sql_and_values(transaction.get_database_backend(), &sql, [value.clone()]);
        let deleted = transaction.execute_raw(statement).await?.rows_affected();
        transaction.commit().await?;
        if deleted < BATCH {
            return Ok(());
        }
    }
}
