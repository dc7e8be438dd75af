//! Makes the partitions of bodies, and deletes expired bodies.

use std::collections::BTreeMap;

use domain::time::{DAY_MILLIS, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
    sea_query::Expr,
};
use uuid::Uuid;

use super::store::expires_day;
use crate::{
    ServiceResult, Services,
    database::Redefinition,
    entities::{bodies, body_sums, organizations},
};

/// Days ahead of today whose bodies get a partition.
const DAYS_AHEAD: i64 = 2;
/// Rows deleted in one transaction, few enough that calls don't wait for it.
const BATCH_SIZE: u64 = 500;

/// Makes the partitions of the next days' bodies, and deletes expired and unwanted ones. To be run some times
/// a day: if it is late, bodies go to the default partition, and expired ones still aren't shown.
pub async fn run(services: &Services) -> ServiceResult<()> {
    let today = services.now().millis().div_euclid(DAY_MILLIS);
    if services.database.is_postgres() {
        make_partitions(services, today).await?;
        drop_partitions(services, today).await?;
    }
    delete_expired(services, today).await?;
    delete_unwanted(services).await
}

/// Makes the partitions of the days on which today's bodies and those of the next days expire, for each
/// retention that organizations chose.
async fn make_partitions(services: &Services, today: i64) -> ServiceResult<()> {
    let retentions = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::BodyDays)
        .distinct()
        .into_tuple::<i32>()
        .all(services.database.read())
        .await?;
    for days in retentions.into_iter().filter_map(|days| u32::try_from(days).ok()).filter(|days| *days > 0) {
        for ahead in 0..=DAYS_AHEAD {
            let day = expires_day(Timestamp::from_millis((today + ahead) * DAY_MILLIS), days);
            if let Err(error) = make_partition(services, day).await {
                tracing::warn!(day, %error, "can't make a partition for bodies; they go to the default one");
            }
        }
    }
    Ok(())
}

async fn make_partition(services: &Services, day: i32) -> ServiceResult<()> {
    let (table, next) = (partition_name(day), day.saturating_add(1));
    // PostgreSQL rejects a partition for rows that the default one contains already: that day stays there.
    let condition =
        "SELECT to_regclass($1) IS NULL AND NOT EXISTS (SELECT 1 FROM bodies_default WHERE expires_day = $2) AS needed";
    let values: [Value; 2] = [table.as_str().into(), day.into()];
    let condition = Statement::from_sql_and_values(DbBackend::Postgres, condition, values);
    // Attached rather than created in its place, so that no insert waits. Definitions take no parameters; numbers need
    // no escaping.
    let statements = vec![
        format!("CREATE TABLE {table} (LIKE bodies INCLUDING ALL)"),
        format!("ALTER TABLE bodies ATTACH PARTITION {table} FOR VALUES FROM ({day}) TO ({next})"),
    ];
    services.database.redefine(&Redefinition { condition, statements }).await.map(drop)
}

fn partition_name(day: i32) -> String {
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
            drop_partition(services, &partition_name(day)).await?;
        }
    }
    Ok(())
}

async fn drop_partition(services: &Services, table: &str) -> ServiceResult<()> {
    let condition = "SELECT to_regclass($1) IS NOT NULL AS needed";
    let condition = Statement::from_sql_and_values(DbBackend::Postgres, condition, [table.into()]);
    // A table with a default partition can't let others go concurrently.
    let statements = vec![format!("ALTER TABLE bodies DETACH PARTITION {table}"), format!("DROP TABLE {table}")];
    services.database.redefine(&Redefinition { condition, statements }).await.map(drop)
}

/// Deletes expired bodies and their sums; on PostgreSQL the bodies left in the default partition.
async fn delete_expired(services: &Services, today: i64) -> ServiceResult<()> {
    let today = i32::try_from(today).unwrap_or(i32::MAX);
    delete_bodies(services, bodies::Column::ExpiresDay.lte(today)).await?;
    delete_sums(services, body_sums::Column::ExpiresDay.lte(today)).await
}

/// Deletes bodies, and their sums, of organizations that store none any more.
async fn delete_unwanted(services: &Services) -> ServiceResult<()> {
    let keep_none = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::Id)
        .filter(organizations::Column::BodyDays.eq(0))
        .into_tuple::<Uuid>()
        .all(services.database.read())
        .await?;
    for organization in keep_none {
        delete_bodies(services, bodies::Column::OrganizationId.eq(organization)).await?;
        delete_sums(services, body_sums::Column::OrganizationId.eq(organization)).await?;
    }
    Ok(())
}

/// Deletes the bodies for which `condition` holds, batch by batch, and each batch by organization: a statement
/// changes rows of one organization, so that the database can be distributed.
async fn delete_bodies(services: &Services, condition: Expr) -> ServiceResult<()> {
    loop {
        let found = bodies::Entity::find()
            .select_only()
            .columns([bodies::Column::OrganizationId, bodies::Column::CallId])
            .filter(condition.clone())
            .limit(BATCH_SIZE)
            .into_tuple::<(Uuid, Uuid)>()
            .all(services.database.read())
            .await?;
        let is_last = (found.len() as u64) < BATCH_SIZE;
        let mut calls: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for (organization, call) in found {
            calls.entry(organization).or_default().push(call);
        }
        if !calls.is_empty() {
            let transaction = services.database.begin().await?;
            for (organization, calls) in calls {
                bodies::Entity::delete_many()
                    .filter(bodies::Column::OrganizationId.eq(organization))
                    .filter(bodies::Column::CallId.is_in(calls))
                    // On PostgreSQL this leaves one partition to search.
                    .filter(condition.clone())
                    .exec(&transaction)
                    .await?;
            }
            transaction.commit().await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Deletes the sums for which `condition` holds, organization by organization.
async fn delete_sums(services: &Services, condition: Expr) -> ServiceResult<()> {
    let organizations = body_sums::Entity::find()
        .select_only()
        .column(body_sums::Column::OrganizationId)
        .distinct()
        .filter(condition.clone())
        .order_by_asc(body_sums::Column::OrganizationId)
        .into_tuple::<Uuid>()
        .all(services.database.read())
        .await?;
    if organizations.is_empty() {
        return Ok(());
    }
    let transaction = services.database.begin().await?;
    for organization in organizations {
        body_sums::Entity::delete_many()
            .filter(body_sums::Column::OrganizationId.eq(organization))
            .filter(condition.clone())
            .exec(&transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}
