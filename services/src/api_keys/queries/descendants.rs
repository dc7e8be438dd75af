//! Keys that know each other's secrets: what a key made or rotated is as much in the hands of whoever held it as the key
//! itself.

use domain::{
    api_keys::{Descendant, Descendants, Level, MOST_DESCENDANTS, Secret},
    errors::FieldErrors,
    ids::{ApiKeyId, OrganizationId, ProjectId},
    permissions::Permission,
};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::conditions::{NEWEST_SECRET, Selection, USABLE};
use crate::api_keys::{commands::revoke::MOST_AT_ONCE, visible};
use crate::{Actor, ServiceError, ServiceResult, Services, entities::api_keys};

/// The keys that can be used and that these ones made or gave a secret to, and what those made, and so on: the oldest
/// first, as far as the asker may see them. All that is asked about must be the asker's to see.
pub async fn descendants(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<Descendants> {
    within(services, actor, Permission::ViewApiKeys, ids).await
}

/// The same, as far as the asker may revoke them.
pub async fn revocable(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<Descendants> {
    within(services, actor, Permission::ManageApiKeys, ids).await
}

async fn within(
    services: &Services,
    actor: &Actor,
    permission: Permission,
    ids: &[ApiKeyId],
) -> ServiceResult<Descendants> {
    let database = services.database.read();
    let visible = visible(database, actor, permission).await?;
    if ids.len() > MOST_AT_ONCE {
        return Err(FieldErrors::of("ids", format!("Ask about at most {MOST_AT_ONCE} keys.")).into());
    }
    let organization = actor.organization.id;
    let mut asked: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    asked.sort_unstable();
    asked.dedup();
    let known = Selection::some(services, organization, &asked);
    let known = api_keys::Model::find_by_statement(known.statement("SELECT k.* FROM api_keys k", ""));
    let known = known.all(database).await?;
    if known.len() != asked.len() || !known.iter().all(|key| visible.holds(key)) {
        return Err(ServiceError::NotFound);
    }
    let found = rows(database, Selection::visible(services, organization, &visible), ids).await?;
    let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let keys = found.into_iter().take(MOST_DESCENDANTS).map(Row::shown).collect::<ServiceResult<_>>()?;
    Ok(Descendants { count, keys })
}

/// The ids of all of them, the oldest first, whoever may see them.
pub(in crate::api_keys) async fn all(
    services: &Services,
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[ApiKeyId],
) -> ServiceResult<Vec<ApiKeyId>> {
    let found = rows(database, Selection::all(services, organization), ids).await?;
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
    fn shown(self) -> ServiceResult<Descendant> {
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

async fn rows(database: &impl ConnectionTrait, mut keys: Selection, ids: &[ApiKeyId]) -> ServiceResult<Vec<Row>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let asked = keys.among_ids(ids.iter().map(|id| id.uuid()));
    keys.and(USABLE);
    keys.and(format!("NOT (k.id {asked})"));
    // UNION finds each once: two keys may have rotated each other.
    let select = format!(
        "WITH RECURSIVE made (id) AS (\
         SELECT s.api_key_id FROM key_secrets s WHERE s.organization_id = $1 AND s.made_by {asked} \
         UNION SELECT s.api_key_id FROM made m JOIN key_secrets s ON s.made_by = m.id WHERE s.organization_id = $1) \
         SELECT k.id, k.name, k.level, k.project_id, (SELECT s.last_four {NEWEST_SECRET}) AS last_four \
         FROM made JOIN api_keys k ON k.id = made.id"
    );
    Ok(Row::find_by_statement(keys.statement(&select, "ORDER BY k.id")).all(database).await?)
}
