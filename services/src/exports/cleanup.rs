//! Deletes exports after their day, and what interrupted and canceled ones have left.

use std::collections::{BTreeMap, HashSet};

use domain::{
    exports::ExportState,
    ids::{ExportId, OrganizationId},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{content::delete_chunks, folder::ExportFolder};
use crate::{ServiceResult, Services, entities::exports};

/// Exports deleted by one transaction.
const BATCH_SIZE: u64 = 100;

/// Deletes expired exports with their files. Until then, they can't be downloaded either.
pub async fn delete_expired(services: &Services, folder: &ExportFolder) -> ServiceResult<()> {
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
    if services.database.is_postgres() {
        return Ok(());
    }
    let in_use = [ExportState::Waiting, ExportState::Running, ExportState::Ready].map(ExportState::name);
    let kept: HashSet<ExportId> = exports::Entity::find()
        .select_only()
        .column(exports::Column::Id)
        .filter(exports::Column::State.is_in(in_use))
        .into_tuple::<Uuid>()
        .all(services.database.read())
        .await?
        .into_iter()
        .map(ExportId::new)
        .collect();
    folder.delete_others(move |export| kept.contains(&export)).await
}
