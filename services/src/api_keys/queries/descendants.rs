//! Finds the descendants of keys: a leaked key also exposes the keys that it made or rotated.

use domain::{
    api_keys::{Descendant, Descendants, Level, MAX_DESCENDANTS_SHOWN, Secret},
    errors::FieldErrors,
    ids::{ApiKeyId, OrganizationId, ProjectId},
    permissions::Permission,
};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{
    conditions::{KeyConditions, NEWEST_SECRET, USABLE},
    visibility::visible_keys,
};
use crate::{Actor, ServiceError, ServiceResult, Services, api_keys::MAX_REVOKED_AT_ONCE, entities::api_keys};

/// Returns the usable keys that these keys made or gave a secret to, directly or through others, the oldest
/// first, as far as the actor may view them. The actor must be able to view all of `ids`.
pub async fn descendants(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<Descendants> {
    load(services, actor, Permission::ViewApiKeys, ids).await
}

/// Returns descendants like [`descendants`], as far as the actor may revoke them.
pub async fn revocable_descendants(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<Descendants> {
    load(services, actor, Permission::ManageApiKeys, ids).await
}

async fn load(
    services: &Services,
    actor: &Actor,
    permission: Permission,
    ids: &[ApiKeyId],
) -> ServiceResult<Descendants> {
    let database = services.database.read();
    let visible = visible_keys(database, actor, permission).await?;
    if ids.len() > MAX_REVOKED_AT_ONCE {
        return Err(FieldErrors::of("ids", format!("Select at most {MAX_REVOKED_AT_ONCE} keys.")).into());
    }
    let organization = actor.organization.id;
    let mut requested: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    requested.sort_unstable();
    requested.dedup();
    let existing = KeyConditions::with_ids(services, organization, &requested);
    let existing = api_keys::Model::find_by_statement(existing.statement("SELECT k.* FROM api_keys k", ""));
    let existing = existing.all(database).await?;
    if existing.len() != requested.len() || !existing.iter().all(|key| visible.contains(key)) {
        return Err(ServiceError::NotFound);
    }
    let found = find_rows(database, KeyConditions::visible(services, organization, &visible), ids).await?;
    let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let keys = found.into_iter().take(MAX_DESCENDANTS_SHOWN).map(Row::into_descendant).collect::<ServiceResult<_>>()?;
    Ok(Descendants { count, keys })
}

/// Finds the ids of all descendants, visible or not, the oldest first.
pub(in crate::api_keys) async fn find_ids(
    services: &Services,
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[ApiKeyId],
) -> ServiceResult<Vec<ApiKeyId>> {
    let found = find_rows(database, KeyConditions::all(services, organization), ids).await?;
    Ok(found.into_iter().map(|row| ApiKeyId::new(row.id)).collect())
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    level: String,
    project_id: Option<Uuid>,
    last_four: Option<String>,
}

impl Row {
    fn into_descendant(self) -> ServiceResult<Descendant> {
        let level: Level = self.level.parse().map_err(ServiceError::Internal)?;
        Ok(Descendant {
            id: ApiKeyId::new(self.id),
            name: self.name,
            level,
            masked: Secret::masked(level, self.last_four.as_deref().unwrap_or_default()),
            project_id: self.project_id.map(ProjectId::new),
        })
    }
}

async fn find_rows(
    database: &impl ConnectionTrait,
    mut keys: KeyConditions,
    ids: &[ApiKeyId],
) -> ServiceResult<Vec<Row>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let among_ids = keys.among_ids(ids.iter().map(|id| id.uuid()));
    keys.and(USABLE);
    keys.and(format!("NOT (k.id {among_ids})"));
    // UNION finds each once: two keys may have rotated each other.
    let select = format!(
        "WITH RECURSIVE made (id) AS (\
         SELECT s.api_key_id FROM key_secrets s WHERE s.organization_id = $1 AND s.made_by {among_ids} \
         UNION SELECT s.api_key_id FROM made m JOIN key_secrets s ON s.made_by = m.id WHERE s.organization_id = $1) \
         SELECT k.id, k.name, k.level, k.project_id, (SELECT s.last_four {NEWEST_SECRET}) AS last_four \
         FROM made JOIN api_keys k ON k.id = made.id"
    );
    Ok(Row::find_by_statement(keys.statement(&select, "ORDER BY k.id")).all(database).await?)
}
