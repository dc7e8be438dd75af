//! Filters of usage, calls and keys: a project or a key that doesn't exist isn't filtered by but rejected,
//! since the empty result would be taken for a true one.

use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, OrganizationId, ProjectId},
    usage::Filter,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    ServiceResult,
    database::Bound,
    entities::{api_keys, projects},
    projects::ProjectScope,
};

/// Rejects a filter that names a project or a key which isn't within `scope`.
///
/// # Errors
/// The fields `project` and `key` are invalid. Those of another organization don't exist.
pub(crate) async fn check(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    filter: &Filter,
) -> ServiceResult<()> {
    let mut errors = FieldErrors::default();
    if let Some(project) = filter.project
        && !has_project(database, organization, scope, project).await?
    {
        errors.add("project", UNKNOWN_PROJECT);
    }
    if let Some(key) = filter.api_key
        && !has_key(database, organization, scope, key).await?
    {
        errors.add("key", "This key doesn't exist, or you don't have access to it.");
    }
    Ok(errors.into_result()?)
}

/// Rejects a project that isn't within `scope`.
///
/// # Errors
/// The field `project` is invalid.
pub(crate) async fn check_project(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    project: ProjectId,
) -> ServiceResult<()> {
    if has_project(database, organization, scope, project).await? {
        return Ok(());
    }
    Err(FieldErrors::of("project", UNKNOWN_PROJECT).into())
}

const UNKNOWN_PROJECT: &str = "This project doesn't exist, or you don't have access to it.";

async fn has_project(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    project: ProjectId,
) -> ServiceResult<bool> {
    match scope {
        ProjectScope::Only(projects) => Ok(projects.contains(&project)),
        ProjectScope::All => {
            let found = projects::of(organization).filter(projects::Column::Id.eq(project.uuid())).one(database);
            Ok(found.await?.is_some())
        }
    }
}

/// Whether the key is in a project within `scope`, or was when it made a call.
async fn has_key(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    key: ApiKeyId,
) -> ServiceResult<bool> {
    let project = api_keys::of(organization)
        .select_only()
        .column(api_keys::Column::ProjectId)
        .filter(api_keys::Column::Id.eq(key.uuid()))
        .into_tuple::<Option<Uuid>>()
        .one(database)
        .await?;
    let Some(project) = project else { return Ok(false) };
    let ProjectScope::Only(projects) = scope else { return Ok(true) };
    if project.is_some_and(|project| scope.contains(ProjectId::new(project))) {
        return Ok(true);
    }
    let mut bound = Bound::new(database.get_database_backend());
    let (organization, key) = (bound.value(organization.uuid()), bound.value(key.uuid()));
    let in_scope = bound.among_ids(projects.iter().map(|project| project.uuid()));
    let sql = format!(
        "SELECT s.id FROM series s WHERE s.organization_id = {organization} AND s.api_key_id = {key} \
         AND s.project_id {in_scope} LIMIT 1"
    );
    Ok(database.query_one_raw(bound.statement(sql)).await?.is_some())
}
