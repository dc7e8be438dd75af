//! Deletes exports after their day, and what interrupted and canceled ones have left; ends those whose jobs were given up.

use std::collections::{BTreeMap, HashSet};

use domain::{
    exports::ExportState,
    ids::{ExportId, OrganizationId},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use super::{
    JOB_KIND,
    content::delete_chunks,
    folder::{self, ExportFolder},
};
use crate::{
    ServiceResult, Services,
    entities::{exports, jobs},
    jobs::JobState,
};

/// Exports deleted by one transaction.
const BATCH_SIZE: u64 = 100;
/// What a member reads about a file whose job was given up.
const GIVEN_UP: &str = "The file couldn't be finished. Try again, with a shorter range if it is long.";

/// Deletes expired exports with their files, and ends those whose jobs were given up. Expired ones can't be downloaded before
/// either.
pub async fn delete_expired(services: &Services, folder: &ExportFolder) -> ServiceResult<()> {
    fail_given_up(services).await?;
    loop {
        let found = exports::Entity::find()
            .select_only()
            .columns([exports::Column::OrganizationId, exports::Column::Id])
            .filter(exports::Column::ExpiresAt.lte(services.now().millis()))
            .limit(BATCH_SIZE)
            .into_tuple::<(Uuid, Uuid)>()
            .all(services.database.read())
            .await?;
        let is_last = (found.len() as u64) < BATCH_SIZE;
        let mut expired: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for (organization, export) in found {
            expired.entry(organization).or_default().push(export);
        }
        // A statement changes rows of one organization, so that the database can be distributed.
        for (organization, ids) in expired {
            let transaction = services.database.begin().await?;
            for id in &ids {
                delete_chunks(&transaction, OrganizationId::new(organization), ExportId::new(*id)).await?;
            }
            exports::Entity::delete_many()
                .filter(exports::Column::OrganizationId.eq(organization))
                .filter(exports::Column::Id.is_in(ids))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
        }
        if is_last {
            break;
        }
    }
    match services.database.is_postgres() {
        true => Ok(()),
        false => delete_files(services, folder).await,
    }
}

/// Deletes the files in the folder that no export has, or a canceled one: its file counts until now.
async fn delete_files(services: &Services, folder: &ExportFolder) -> ServiceResult<()> {
    // Before the rows, so that a file that is begun meanwhile isn't among them.
    let files = folder.files().await?;
    let rows: Vec<(Uuid, Uuid, String)> = exports::Entity::find()
        .select_only()
        .columns([exports::Column::OrganizationId, exports::Column::Id, exports::Column::State])
        .into_tuple()
        .all(services.database.read())
        .await?;
    let in_use = [ExportState::Waiting, ExportState::Running, ExportState::Ready].map(ExportState::name);
    let kept: HashSet<ExportId> = rows
        .iter()
        .filter(|(.., state)| in_use.contains(&state.as_str()))
        .map(|(_, id, _)| ExportId::new(*id))
        .collect();
    let others = files.into_iter().filter(|(export, _)| !kept.contains(export));
    folder::delete(others.map(|(_, file)| file).collect()).await?;
    let mut canceled: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (organization, id, _) in rows.into_iter().filter(|(.., state)| state == ExportState::Canceled.name()) {
        canceled.entry(organization).or_default().push(id);
    }
    for (organization, ids) in canceled {
        let transaction = services.database.begin().await?;
        exports::Entity::update_many()
            .col_expr(exports::Column::Bytes, Expr::value(0_i64))
            .filter(exports::Column::OrganizationId.eq(organization))
            .filter(exports::Column::Id.is_in(ids))
            .filter(exports::Column::Bytes.gt(0_i64))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Ends the exports whose jobs were given up: an attempt that is cut off, since it takes too long, can't do so itself.
async fn fail_given_up(services: &Services) -> ServiceResult<()> {
    let now = services.now();
    let given_up: Vec<(Uuid, String)> = jobs::Entity::find()
        .select_only()
        .columns([jobs::Column::OrganizationId, jobs::Column::Cause])
        .filter(jobs::Column::Kind.eq(JOB_KIND))
        .filter(jobs::Column::State.eq(JobState::Dead as i16))
        // An older one's export has expired.
        .filter(jobs::Column::FinishedAt.gte(now.plus_days(-1).millis()))
        .into_tuple()
        .all(services.database.read())
        .await?;
    for (organization, cause) in given_up {
        let Ok(export) = cause.parse::<ExportId>() else { continue };
        let transaction = services.database.begin().await?;
        let failed = exports::Entity::update_many()
            .col_expr(exports::Column::State, Expr::value(ExportState::Failed.name()))
            .col_expr(exports::Column::Error, Expr::value(GIVEN_UP))
            .col_expr(exports::Column::Bytes, Expr::value(0_i64))
            .col_expr(exports::Column::FinishedAt, Expr::value(now.millis()))
            .filter(exports::Column::OrganizationId.eq(organization))
            .filter(exports::Column::Id.eq(export.uuid()))
            .filter(exports::Column::State.is_in([ExportState::Waiting, ExportState::Running].map(ExportState::name)))
            .exec(&transaction)
            .await?;
        if failed.rows_affected > 0 {
            delete_chunks(&transaction, OrganizationId::new(organization), export).await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}
