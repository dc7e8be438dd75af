//! Whose the things are that a request may refer to.

use std::collections::BTreeSet;

use sea_orm::{
    EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use uuid::Uuid;

use super::{Kind, is_id, owner};
use crate::{
    ServiceResult, Services,
    api_keys::directory::KeyRecord,
    entities::provider_objects::{Column, Entity},
};

/// How many ids are looked up by one query.
const AT_ONCE: usize = 512;

/// Something that a provider keeps under one of the ids that were asked for.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: String,
    /// `None` for a kind that an older or newer server knows.
    pub kind: Option<Kind>,
    pub provider: String,
    /// Whether it is the asker's: of the same organization, and of the same project or of none like the key.
    pub is_askers: bool,
    /// Whether it wasn't deleted, and hasn't expired.
    pub lives: bool,
}

type Row = (Uuid, Uuid, String, String, String, Option<i64>);

/// All that providers keep under these ids, of whatever kind and whoever it belongs to, also what was deleted. Capitals and
/// small letters count as the same: no two ids differ by that alone, and a provider may not care.
pub async fn whose(services: &Services, key: &KeyRecord, ids: &[&str]) -> ServiceResult<Vec<Kept>> {
    let ids = ids.iter().filter(|id| is_id(id));
    let folded: BTreeSet<String> = ids.map(|id| id.to_ascii_lowercase()).collect();
    let folded: Vec<String> = folded.into_iter().collect();
    let (now, mut all) = (services.now().millis(), Vec::new());
    for ids in folded.chunks(AT_ONCE) {
        // As many as the next power of two, so that there are few different statements to prepare.
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
        all.extend(rows.into_iter().map(|(organization, project, kind, id, provider, deleted_at)| Kept {
            id,
            kind: kind.parse().ok(),
            provider,
            is_askers: organization == key.organization.id.uuid() && project == owner(key.project_id),
            lives: deleted_at.is_none_or(|deleted_at| deleted_at > now),
        }));
    }
    Ok(all)
}
