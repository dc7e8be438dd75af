//! Edits keys: their names, powers, networks, projects, rotation and rate limits.

use domain::{
    api_keys::{ApiKey, ApiKeyChanges},
    ids::{ApiKeyId, ProjectId},
    permissions::Permission,
};
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{create::require_offered, delegation, lock};
use crate::{
    Actor, ServiceResult, Services,
    api_keys::{
        queries::get,
        search_texts::{self, KeyTexts},
    },
    audit::{self, AuditEvent},
    audited_change::AuditedChange,
    changes::ChangeKind,
    entities::api_keys,
    models::Catalog,
    projects,
    rate_limits::of_row,
};

/// Edits a key, on every server within a second. If nothing differs, nothing happens.
pub async fn edit(services: &Services, actor: &Actor, id: ApiKeyId, changes: ApiKeyChanges) -> ServiceResult<ApiKey> {
    let organization = &actor.organization;
    let mut change = AuditedChange::begin(services, actor, &lock::MANAGE_PERMISSIONS).await?;
    let key = lock::lock_one(&change, id).await?;
    lock::require_usable(&key, change.now())?;
    let level = key.parse_level()?;
    let (edited, event) = apply(&services.catalog, &key, changes.validated(level)?)?;
    let Some(event) = event else {
        change.roll_back().await?;
        return get::load(services, organization, id).await;
    };
    if let Some(project) = edited.project_id.filter(|_| edited.project_id != key.project_id) {
        let project = ProjectId::new(project);
        projects::require_usable(&change, Permission::ManageApiKeys, project).await?;
    }
    delegation::of(&change)?.check_edit(&key, &edited)?;
    let texts = KeyTexts { id: key.id, name: edited.name.clone(), description: edited.description.clone() };
    edited.into_active_model().reset_all().update(change.transaction()).await?;
    search_texts::store(change.transaction(), key.organization_id, &[texts]).await?;
    change.announce(ChangeKind::ApiKey, [key.id]);
    change.record(event);
    change.commit().await?;
    get::load(services, organization, id).await
}

/// Applies `changes`. Returns the edited key and the event for the audit log, if anything differs.
fn apply(
    catalog: &Catalog,
    key: &api_keys::Model,
    changes: ApiKeyChanges,
) -> ServiceResult<(api_keys::Model, Option<AuditEvent>)> {
    let mut edited = key.clone();
    let mut difference = Difference::default();
    if let Some(name) = changes.name {
        difference.add("name", &key.name, &name)?;
        edited.name = name;
    }
    if let Some(description) = changes.description {
        difference.add("description", &key.description, &description)?;
        edited.description = description;
    }
    if let Some(scopes) = changes.scopes {
        edited.scopes = json!(scopes);
        difference.add("scopes", &key.scopes, &edited.scopes)?;
    }
    if let Some(models) = changes.models {
        // A model that is no longer offered may stay, or nothing else of the key could be changed.
        let before = key.parse_models()?;
        require_offered(catalog, models.iter().filter(|model| !before.contains(model)))?;
        edited.models = json!(models);
        difference.add("models", &key.models, &edited.models)?;
    }
    if let Some(networks) = changes.ip_allowlist {
        edited.ip_allowlist = json!(networks);
        difference.add("ip_allowlist", &key.ip_allowlist, &edited.ip_allowlist)?;
    }
    if let Some(project) = changes.project_id {
        difference.add("project", key.project_id.map(ProjectId::new), Some(project))?;
        edited.project_id = Some(project.uuid());
    }
    if let Some(days) = changes.rotate_every_days {
        edited.rotate_every_days = i32::try_from(days).ok().filter(|days| *days > 0);
        difference.add("rotate_every_days", key.rotate_every_days, edited.rotate_every_days)?;
    }
    if let Some(limits) = changes.rate_limits {
        difference.add("rate_limits", of_row(key.calls_per_minute, key.tokens_per_minute), limits)?;
        edited.calls_per_minute = limits.calls_per_minute.map(i64::from);
        edited.tokens_per_minute = limits.tokens_per_minute.map(i64::from);
    }
    if let Some(metadata_only) = changes.metadata_only {
        difference.add("metadata_only", key.metadata_only, metadata_only)?;
        edited.metadata_only = metadata_only;
    }
    Ok((edited, difference.into_event(ApiKeyId::new(key.id))?))
}

/// The fields that differ, before and after.
#[derive(Default)]
struct Difference {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Difference {
    fn add(&mut self, field: &str, before: impl Serialize, after: impl Serialize) -> ServiceResult<()> {
        let (before, after) = (audit::to_value(before)?, audit::to_value(after)?);
        if before != after {
            self.before.insert(field.to_owned(), before);
            self.after.insert(field.to_owned(), after);
        }
        Ok(())
    }

    fn into_event(self, id: ApiKeyId) -> ServiceResult<Option<AuditEvent>> {
        if self.after.is_empty() {
            return Ok(None);
        }
        AuditEvent::new("api_key.edited", "api_key", id).before(self.before)?.after(self.after).map(Some)
    }
}
