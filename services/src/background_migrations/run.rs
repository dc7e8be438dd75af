//! Runs background migrations, each on one server at a time.

use std::time::{Duration, Instant};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use tokio::time::sleep;

use super::{BackgroundMigration, BackgroundWork, RowMigration, progress::Hold};
use crate::{
    ServiceResult, Services,
    entities::background_migrations::{Column, Entity},
};

/// Shortest pause between two steps.
const MIN_PAUSE: Duration = Duration::from_millis(5);

/// Runs all background migrations until nothing is left to do, or another server has them. The failure of one is
/// recorded and doesn't keep the others from running; the next call tries it again.
///
/// # Errors
/// The database doesn't answer.
pub async fn run(services: &Services) -> ServiceResult<()> {
    for migration in services.background_migrations {
        let hold = Hold::new(services, migration.name);
        if let Err(error) = work(services, migration, &hold).await
            && hold.fail(&error.to_string()).await?
        {
            tracing::warn!(migration = migration.name, %error, "a background migration failed, and is tried again");
        }
    }
    Ok(())
}

async fn work(services: &Services, migration: &BackgroundMigration, hold: &Hold<'_>) -> ServiceResult<()> {
    let database = &services.database;
    let remaining = match migration.work {
        BackgroundWork::Rows(rows) => rows.remaining(database.read()).await?,
        BackgroundWork::Index(index) => i64::from(!index.is_valid(database).await?),
    };
    if remaining == 0 && is_finished(services, migration.name).await? {
        return Ok(());
    }
    if !hold.begin(remaining).await? {
        return Ok(());
    }
    if remaining > 0 {
        tracing::info!(migration = migration.name, remaining, "a background migration runs");
    }
    let is_done = match migration.work {
        _ if remaining == 0 => true,
        BackgroundWork::Rows(rows) => walk(services, rows, hold).await? && rows.remaining(database.read()).await? == 0,
        BackgroundWork::Index(index) => index.build(database).await?,
    };
    if is_done { hold.finish().await } else { hold.release().await }
}

async fn is_finished(services: &Services, name: &str) -> ServiceResult<bool> {
    let finished = Entity::find().select_only().column(Column::Name);
    let finished = finished.filter(Column::Name.eq(name)).filter(Column::FinishedAt.is_not_null());
    Ok(finished.into_tuple::<String>().one(services.database.read()).await?.is_some())
}

/// Changes rows up to the last one. Returns `false` if another server has taken over.
async fn walk(services: &Services, rows: &dyn RowMigration, hold: &Hold<'_>) -> ServiceResult<bool> {
    loop {
        let began = Instant::now();
        let transaction = services.database.begin().await?;
        let Some(held) = hold.extend(&transaction).await? else { return Ok(false) };
        let migrated = rows.step(&transaction, held.cursor.as_deref()).await?;
        hold.advance(&transaction, &migrated).await?;
        transaction.commit().await?;
        if migrated.cursor.is_none() {
            return Ok(true);
        }
        // At least half of the time belongs to others who need the rows, the disk, or SQLite's writer.
        sleep(began.elapsed().max(MIN_PAUSE)).await;
    }
}
