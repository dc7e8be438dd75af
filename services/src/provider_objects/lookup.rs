//! Looks up the owners of provider objects that a request refers to.

use std::collections::BTreeSet;

use sea_orm::{
    EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use uuid::Uuid;

use super::{ObjectKind, is_id, owner};
use crate::{
    ServiceResult, Services,
    api_keys::directory::KeyRecord,
    entities::provider_objects::{Column, Entity},
};

/// Number of ids in one query.
const BATCH_SIZE: usize = 512;

/// A provider object with one of the requested ids.
#[derive(Clone, Debug)]
pub struct KnownObject {
    pub id: String,
    /// `None` for a kind that only an older or newer server knows.
    pub kind: Option<ObjectKind>,
    pub provider: String,
    /// Whether it belongs to the key's organization and project, or to no project like the key.
    pub is_callers: bool,
    /// Whether it is neither deleted nor expired.
    pub is_live: bool,
}

type Row = (Uuid, Uuid, String, String, String, Option<i64>);

/// Finds all objects with these ids, of any kind and owner, including deleted ones. Ignores case: no two ids
/// differ only in case, and a provider may ignore it too.
pub async fn find_by_ids(services: &Services, key: &KeyRecord, ids: &[&str]) -> ServiceResult<Vec<KnownObject>> {
    let ids = ids.iter().filter(|id| is_id(id));
    let folded: BTreeSet<String> = ids.map(|id| id.to_ascii_lowercase()).collect();
    let folded: Vec<String> = folded.into_iter().collect();
    let (now, mut objects) = (services.now().millis(), Vec::new());
    for ids in folded.chunks(BATCH_SIZE) {
        // Padded to the next power of two, so that there are few different statements to prepare.
        let last = ids.last().cloned().into_iter();
        let padding = last.cycle().take(ids.len().next_power_of_two() - ids.len());
        let rows: Vec<Row> = Entity::find()
            .select_only()
            .columns([
                Column::OrganizationId,
                Column::ProjectId,
                Column::Kind,
                Column::Id,
                Column::Provider,
                Column::DeletedAt,
            ])
            .filter(Expr::expr(Func::lower(Expr::col(Column::Id))).is_in(ids.iter().cloned().chain(padding)))
            .into_tuple()
            .all(services.database.read())
            .await?;
        objects.extend(rows.into_iter().map(|(organization, project, kind, id, provider, deleted_at)| KnownObject {
            id,
            kind: kind.parse().ok(),
            provider,
            is_callers: organization == key.organization.id.uuid() && project == owner(key.project_id),
            is_live: deleted_at.is_none_or(|deleted_at| deleted_at > now),
        }));
    }
    Ok(objects)
}
