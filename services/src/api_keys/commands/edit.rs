//! Changing what may be changed of a key.

use domain::{
    api_keys::{ApiKey, ApiKeyChanges, Level},
    ids::{ApiKeyId, ProjectId},
    permissions::Permission,
};
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{create::require_offered, delegation, lock};
use crate::api_keys::queries::get;
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    audit::{self, Deed},
    audited_change::Acting,
    changes::Kind,
    entities::api_keys,
    models::Catalog,
    projects,
    rate_limits::of_row,
};

/// Changes a key, on every server within a second. Where nothing differs, nothing happens.
pub async fn edit(services: &Services, actor: &Actor, id: ApiKeyId, changes: ApiKeyChanges) -> ServiceResult<ApiKey> {
    let organization = &actor.organization;
    let mut acting = Acting::begin(services, actor, &lock::MANAGING).await?;
    let key = lock::one(&acting, id).await?;
    lock::require_usable(&key, acting.now())?;
    let level: Level = key.level.parse().map_err(ServiceError::Internal)?;
    let (edited, deed) = apply(&services.catalog, &key, changes.validated(level)?)?;
    let Some(deed) = deed else {
        acting.abandon().await?;
        return get::shown(services, organization, id).await;
    };
    if let Some(project) = edited.project_id.filter(|_| edited.project_id != key.project_id) {
        let project = ProjectId::new(project);
        projects::require_usable(&acting, Permission::ManageApiKeys, project).await?;
    }
    delegation::of(&acting)?.check_edit(&key, &edited)?;
    edited.into_active_model().reset_all().update(acting.transaction()).await?;
    acting.announce(Kind::ApiKey, [key.id]);
    acting.tell(deed);
    acting.commit().await?;
    get::shown(services, organization, id).await
}

/// The key as it becomes, and what the audit log tells of that: nothing where nothing differs.
fn apply(
    catalog: &Catalog,
    key: &api_keys::Model,
    changes: ApiKeyChanges,
) -> ServiceResult<(api_keys::Model, Option<Deed>)> {
    let mut edited = key.clone();
    let mut difference = Difference::default();
    if let Some(name) = changes.name {
        difference.note("name", &key.name, &name)?;
        edited.name = name;
    }
    if let Some(description) = changes.description {
        difference.note("description", &key.description, &description)?;
        edited.description = description;
    }
    if let Some(scopes) = changes.scopes {
        edited.scopes = json!(scopes);
        difference.note("scopes", &key.scopes, &edited.scopes)?;
    }
    if let Some(models) = changes.models {
        // One that isn't offered any more may stay, or nothing else of the key could be changed.
        let before: Vec<String> = delegation::list(&key.models, key)?;
        require_offered(catalog, models.iter().filter(|model| !before.contains(model)))?;
        edited.models = json!(models);
        difference.note("models", &key.models, &edited.models)?;
    }
    if let Some(networks) = changes.ip_allowlist {
        edited.ip_allowlist = json!(networks);
        difference.note("ip_allowlist", &key.ip_allowlist, &edited.ip_allowlist)?;
    }
    if let Some(project) = changes.project_id {
        difference.note("project", key.project_id.map(ProjectId::new), Some(project))?;
        edited.project_id = Some(project.uuid());
    }
    if let Some(days) = changes.rotate_every_days {
        edited.rotate_every_days = i32::try_from(days).ok().filter(|days| *days > 0);
        difference.note("rotate_every_days", key.rotate_every_days, edited.rotate_every_days)?;
    }
    if let Some(limits) = changes.rate_limits {
        difference.note("rate_limits", of_row(key.calls_per_minute, key.tokens_per_minute), limits)?;
        edited.calls_per_minute = limits.calls_per_minute.map(i64::from);
        edited.tokens_per_minute = limits.tokens_per_minute.map(i64::from);
    }
    Ok((edited, difference.into_deed(ApiKeyId::new(key.id))?))
}

/// What differs, field by field, as it was and as it becomes.
#[derive(Default)]
struct Difference {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Difference {
    fn note(&mut self, field: &str, before: impl Serialize, after: impl Serialize) -> ServiceResult<()> {
        let (before, after) = (audit::value(before)?, audit::value(after)?);
        if before != after {
            self.before.insert(field.to_owned(), before);
            self.after.insert(field.to_owned(), after);
        }
        Ok(())
    }

    fn into_deed(self, id: ApiKeyId) -> ServiceResult<Option<Deed>> {
        if self.after.is_empty() {
            return Ok(None);
        }
        Deed::new("api_key.edited", "api_key", id).before(self.before)?.after(self.after).map(Some)
    }
}
