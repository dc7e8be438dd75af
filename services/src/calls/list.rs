//! Lists calls by page.

use domain::{
    calls::{Call, CallPage, CallQuery, Outcome, PAGE_SIZE},
    usage::Filter,
};
use sea_orm::ConnectionTrait;

use super::{rows, search::Search};
use crate::{
    Actor, ServiceResult, Services, database::Bound, entities::series::ANY_OUTCOME, projects::ProjectScope,
    usage::series_condition,
};

/// Returns a page of calls, newest first.
pub async fn list(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<CallPage> {
    let page = usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
    // One more than the page, to know whether there are more.
    let search = Search::new(services, actor, query).await?;
    let mut calls = find(services, actor, &search, u64::from(PAGE_SIZE) + 1).await?;
    let more = calls.len() > page;
    calls.truncate(page);
    Ok(CallPage { calls, more, kept_since: search.kept_since() })
}

/// Returns the newest `limit` calls that match `query`.
pub(crate) async fn newest(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    limit: u64,
) -> ServiceResult<Vec<Call>> {
    find(services, actor, &Search::new(services, actor, query).await?, limit).await
}

async fn find(services: &Services, actor: &Actor, search: &Search, limit: u64) -> ServiceResult<Vec<Call>> {
    let database = services.database.read();
    let rows = search.page(database, limit).await?;
    rows::to_calls(database, actor.organization.id, rows).await
}

/// Whether a call within `scope` was ever accepted.
pub(crate) async fn ever_called(services: &Services, actor: &Actor, scope: &ProjectScope) -> ServiceResult<bool> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(actor.organization.id.uuid());
    let condition = series_condition(scope, &Filter::default(), &mut bound);
    let refused = Outcome::Refused;
    // A series is inserted together with its first call.
    let sql = format!(
        "SELECT s.id FROM series s WHERE s.organization_id = {organization} \
         AND s.outcome NOT IN ('{ANY_OUTCOME}', '{refused}') AND {condition} LIMIT 1"
    );
    Ok(database.query_one_raw(bound.statement(sql)).await?.is_some())
}
