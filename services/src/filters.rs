//! Filters of usage, calls and keys: a project, key or member that doesn't exist isn't filtered by but rejected,
//! since the empty result would be taken for a true one.

use std::collections::HashSet;

use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, OrganizationId, ProjectId, UserId},
    usage::Filter,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    ServiceResult,
    database::Bound,
    entities::{api_keys, memberships, projects},
    projects::ProjectScope,
};

/// Maximum length of a name in a filter, in characters; no model, path, provider or value of a tag is longer.
const MAX_NAME_LENGTH: usize = 200;

const UNKNOWN_PROJECT: &str = "This project doesn't exist, or you don't have access to it.";

/// Rejects a filter that names a project, key or member which isn't within `scope`, that has names which can't exist, or
/// too many values.
///
/// # Errors
/// The fields of these dimensions are invalid: `project`, `key`, `member`, `model`, `service`, `endpoint`, `provider`,
/// `status`, `tag`. Projects, keys and members of another organization don't exist.
pub(crate) async fn check(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    filter: &Filter,
) -> ServiceResult<()> {
    let mut errors = check_values(filter);
    if !errors.is_empty() {
        return Err(errors.into());
    }
    if !has_projects(database, organization, scope, &filter.projects).await? {
        errors.add("project", UNKNOWN_PROJECT);
    }
    if !has_keys(database, organization, scope, &filter.api_keys).await? {
        errors.add("key", "This key doesn't exist, or you don't have access to it.");
    }
    if !has_members(database, organization, scope, &filter.members).await? {
        errors.add("member", "This member doesn't exist, or you don't have access to their calls.");
    }
    Ok(errors.into_result()?)
}

/// Checks values by themselves.
fn check_values(filter: &Filter) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let Filter { projects, api_keys, members, models, services, endpoints, providers, statuses, tags } = filter;
    let lengths = [
        ("project", projects.len()),
        ("key", api_keys.len()),
        ("member", members.len()),
        ("model", models.len()),
        ("service", services.len()),
        ("endpoint", endpoints.len()),
        ("provider", providers.len()),
        ("status", statuses.len()),
        ("tag", tags.len()),
    ];
    for (field, _) in lengths.into_iter().filter(|(_, length)| *length > Filter::MAX_VALUES) {
        errors.add(field, format!("Choose at most {}.", Filter::MAX_VALUES));
    }
    let texts = |texts: &[String]| texts.iter().all(|text| can_be_name(text));
    let tags = tags.iter().all(|tag| can_be_name(&tag.value));
    let names =
        [("model", texts(models)), ("endpoint", texts(endpoints)), ("provider", texts(providers)), ("tag", tags)];
    for (field, _) in names.into_iter().filter(|(_, can_be)| !can_be) {
        errors.add(field, format!("Use up to {MAX_NAME_LENGTH} characters, without control characters."));
    }
    errors
}

/// Whether a name can exist. PostgreSQL takes no zero byte.
fn can_be_name(text: &str) -> bool {
    text.chars().count() <= MAX_NAME_LENGTH && !text.chars().any(char::is_control)
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
    if has_projects(database, organization, scope, &[project]).await? {
        return Ok(());
    }
    Err(FieldErrors::of("project", UNKNOWN_PROJECT).into())
}

async fn has_projects(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    wanted: &[ProjectId],
) -> ServiceResult<bool> {
    if wanted.is_empty() {
        return Ok(true);
    }
    if let ProjectScope::Only(projects) = scope {
        return Ok(wanted.iter().all(|project| projects.contains(project)));
    }
    let wanted: HashSet<Uuid> = wanted.iter().map(|project| project.uuid()).collect();
    let found: Vec<Uuid> = projects::of(organization)
        .select_only()
        .column(projects::Column::Id)
        .filter(projects::Column::Id.is_in(wanted.iter().copied()))
        .into_tuple()
        .all(database)
        .await?;
    Ok(found.len() == wanted.len())
}

/// Whether the keys are in projects within `scope`, or were when they made a call.
async fn has_keys(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    wanted: &[ApiKeyId],
) -> ServiceResult<bool> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let wanted: HashSet<Uuid> = wanted.iter().map(|key| key.uuid()).collect();
    let found: Vec<(Uuid, Option<Uuid>)> = api_keys::of(organization)
        .select_only()
        .columns([api_keys::Column::Id, api_keys::Column::ProjectId])
        .filter(api_keys::Column::Id.is_in(wanted.iter().copied()))
        .into_tuple()
        .all(database)
        .await?;
    if found.len() < wanted.len() {
        return Ok(false);
    }
    let is_elsewhere = |project: Option<Uuid>| !project.is_some_and(|project| scope.contains(ProjectId::new(project)));
    let elsewhere = match scope {
        ProjectScope::All => HashSet::new(),
        ProjectScope::Only(_) => {
            found.into_iter().filter(|(_, project)| is_elsewhere(*project)).map(|(key, _)| key).collect()
        }
    };
    have_series(database, organization, scope, "api_key_id", elsewhere).await
}

/// Whether the users are members of the organization, or have left calls within `scope`.
async fn has_members(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    wanted: &[UserId],
) -> ServiceResult<bool> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let mut wanted: HashSet<Uuid> = wanted.iter().map(|member| member.uuid()).collect();
    let found: Vec<Uuid> = memberships::Entity::find()
        .select_only()
        .column(memberships::Column::UserId)
        .filter(memberships::Column::OrganizationId.eq(organization.uuid()))
        .filter(memberships::Column::UserId.is_in(wanted.iter().copied()))
        .into_tuple()
        .all(database)
        .await?;
    for member in found {
        wanted.remove(&member);
    }
    have_series(database, organization, scope, "member_id", wanted).await
}

/// Whether each of these ids has calls within `scope`, as the `column` of a series.
async fn have_series(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    column: &str,
    ids: HashSet<Uuid>,
) -> ServiceResult<bool> {
    if ids.is_empty() {
        return Ok(true);
    }
    let count = ids.len();
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(organization.uuid());
    let ids = bound.among_ids(ids);
    let in_scope = match scope {
        ProjectScope::All => String::new(),
        ProjectScope::Only(projects) => {
            format!(" AND s.project_id {}", bound.among_ids(projects.iter().map(|project| project.uuid())))
        }
    };
    let sql = format!(
        "SELECT DISTINCT s.{column} FROM series s WHERE s.organization_id = {organization} AND s.{column} {ids}{in_scope}"
    );
    Ok(database.query_all_raw(bound.statement(sql)).await?.len() == count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_values_and_impossible_names_are_errors_of_their_fields() {
        let models = vec!["gpt-x".to_owned(); Filter::MAX_VALUES + 1];
        let endpoints = vec!["/v1/\0".to_owned()];
        let tags = vec!["customer:\u{7}".parse().unwrap()];
        let providers = vec!["p".repeat(MAX_NAME_LENGTH)];
        let errors = check_values(&Filter { models, endpoints, tags, providers, ..Filter::default() });
        let fields: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["endpoint", "model", "tag"]);
    }
}
