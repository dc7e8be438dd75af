//! Searches for calls: lists, also by a text in bodies, and what the search field offers while a text is typed.

mod list;

use domain::{
    api_keys::KeyQuery,
    calls::{ApiKeyRef, CallMember, CallQuery, CallSuggestions, MAX_CLIENT_REQUEST_ID, SearchText},
    ids::{OrganizationId, UserId},
    permissions::Permission,
    projects::ProjectRef,
    usage::{Filter, TagCounts, TagFilter},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};

pub use list::{export, list};

use crate::{
    Actor, ServiceResult, Services, api_keys, calls,
    database::Bound,
    projects::{self, ProjectScope},
    usage::series_condition,
};

/// Maximum number of calls, and of values of each filter.
const MAX_SUGGESTIONS: usize = 5;
/// Maximum length of a text that names are compared with, in characters; names aren't longer.
const MAX_NAME_LENGTH: usize = 200;

/// Finds the calls whose ID, or whose client's own request ID, is `text`, and the values of filters with this text in
/// their names, as far as `actor` may see them. Only tags are those of calls that match `query`.
pub async fn suggest(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    text: &str,
) -> ServiceResult<CallSuggestions> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
    // Control characters are in no name, and PostgreSQL takes no zero byte.
    let text: String = text.trim().chars().filter(|letter| !letter.is_control()).take(MAX_CLIENT_REQUEST_ID).collect();
    let calls = calls::find(services, actor, &scope, &text, MAX_SUGGESTIONS as u64).await?;
    if text.chars().count() > MAX_NAME_LENGTH {
        return Ok(CallSuggestions { calls, ..CallSuggestions::default() });
    }
    let organization = actor.organization.id;
    Ok(CallSuggestions {
        calls,
        models: find_names(database, organization, &scope, "model", &text).await?,
        endpoints: find_names(database, organization, &scope, "endpoint", &text).await?,
        providers: find_names(database, organization, &scope, "provider", &text).await?,
        members: find_members(database, organization, &scope, &text).await?,
        tags: find_tags(services, actor, query, &text).await?,
        projects: find_projects(services, actor, &scope, &text).await?,
        api_keys: find_keys(services, actor, text).await?,
    })
}

/// Finds names in a column of the calls' series, those that begin with the text first.
async fn find_names(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    column: &'static str,
    text: &str,
) -> ServiceResult<Vec<String>> {
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(organization.uuid());
    let condition = series_condition(scope, &Filter::default(), &mut bound);
    let place = bound.position("lower(n.name)", &text.to_lowercase());
    let sql = format!(
        "SELECT n.name AS name, {place} AS place FROM (SELECT DISTINCT s.{column} AS name FROM series s \
         WHERE s.organization_id = {organization} AND s.{column} <> '' AND {condition}) n \
         WHERE {place} > 0 ORDER BY place, name LIMIT {MAX_SUGGESTIONS}"
    );
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?)
}

/// Finds members by whose keys calls were made.
async fn find_members(
    database: &DatabaseConnection,
    organization: OrganizationId,
    scope: &ProjectScope,
    text: &str,
) -> ServiceResult<Vec<CallMember>> {
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(organization.uuid());
    let condition = series_condition(scope, &Filter::default(), &mut bound);
    let place = bound.position("lower(u.name)", &text.to_lowercase());
    let sql = format!(
        "SELECT u.id AS id, u.name AS name, {place} AS place FROM (SELECT DISTINCT s.member_id AS id FROM series s \
         WHERE s.organization_id = {organization} AND {condition}) m JOIN users u ON u.id = m.id \
         WHERE {place} > 0 ORDER BY place, name, u.id LIMIT {MAX_SUGGESTIONS}"
    );
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    let member = |row: &sea_orm::QueryResult| {
        Ok(CallMember { id: UserId::new(row.try_get("", "id")?), name: row.try_get("", "name")? })
    };
    rows.iter().map(member).collect()
}

/// Finds names of tags for a text such as `tag.cust`, and values of one for `tag.customer:ac`
/// ([`SearchText::typed_value`]).
async fn find_tags(services: &Services, actor: &Actor, query: &CallQuery, text: &str) -> ServiceResult<TagCounts> {
    let Some(typed) = text.strip_prefix(SearchText::TAG_PREFIX) else { return Ok(TagCounts::default()) };
    match typed.parse::<TagFilter>() {
        Ok(TagFilter { name, value }) => calls::tag_values(services, actor, query, &name, &value).await,
        Err(_) => calls::tag_names(services, actor, query, typed).await,
    }
}

/// Finds projects, as far as their calls may be seen.
async fn find_projects(
    services: &Services,
    actor: &Actor,
    scope: &ProjectScope,
    text: &str,
) -> ServiceResult<Vec<ProjectRef>> {
    let text = text.to_lowercase();
    let projects = projects::list(services, actor).await?.into_iter();
    let fitting = projects.filter(|project| scope.contains(project.id) && project.name.to_lowercase().contains(&text));
    Ok(fitting.map(|project| ProjectRef { id: project.id, name: project.name }).take(MAX_SUGGESTIONS).collect())
}

/// Finds keys that the actor may view, the ones of the list of keys.
async fn find_keys(services: &Services, actor: &Actor, text: String) -> ServiceResult<Vec<ApiKeyRef>> {
    if actor.reach(Permission::ViewApiKeys).is_err() {
        return Ok(Vec::new());
    }
    let query = KeyQuery { search: text, ..KeyQuery::default() };
    let keys = api_keys::list(services, actor, &query).await?.keys.into_iter();
    Ok(keys.map(|key| ApiKeyRef { id: key.id, name: key.name, masked: key.masked }).take(MAX_SUGGESTIONS).collect())
}
