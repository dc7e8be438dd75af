//! Pages of calls.

use domain::{
    calls::{Call, CallPage, CallQuery, Outcome, PAGE_SIZE},
    usage::Filter,
};
use sea_orm::ConnectionTrait;

use super::{rows, search::Search};
use crate::{
    Actor, ServiceResult, Services, database::Bound, entities::series::ANY_OUTCOME, projects::Scope, usage::dimensions,
};

/// A page of calls, the newest first.
pub async fn list(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<CallPage> {
    let page = usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
    // One more tells whether there are more.
    let mut calls = newest(services, actor, query, u64::from(PAGE_SIZE) + 1).await?;
    let more = calls.len() > page;
    calls.truncate(page);
    Ok(CallPage { calls, more })
}

/// The newest `limit` calls that `query` asks for.
pub(crate) async fn newest(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    limit: u64,
) -> ServiceResult<Vec<Call>> {
    let database = services.database.read();
    let rows = Search::new(services, actor, query).await?.page(database, limit).await?;
    rows::calls(database, actor.organization.id, rows).await
}

/// Whether a call was ever let through within `scope`.
pub(crate) async fn ever_called(services: &Services, actor: &Actor, scope: &Scope) -> ServiceResult<bool> {
    services.settled().await;
    let database = services.database.read();
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(actor.organization.id.uuid());
    let within = dimensions(scope, &Filter::default(), &mut bound);
    let refused = Outcome::Refused;
    // A series is made together with its first call.
    let sql = format!(
        "SELECT s.id FROM series s WHERE s.organization_id = {organization} \
         AND s.outcome NOT IN ('{ANY_OUTCOME}', '{refused}') AND {within} LIMIT 1"
    );
    Ok(database.query_one_raw(bound.statement(sql)).await?.is_some())
}
