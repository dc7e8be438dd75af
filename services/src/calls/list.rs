//! Pages of calls.

use domain::{
    calls::{Call, CallPage, CallQuery, Outcome, PAGE_SIZE},
    usage::Filter,
};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use super::{search::Search, shown};
use crate::{Actor, ServiceResult, Services, entities::series, projects::Scope, usage::dimensions};

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
    shown::calls(database, actor.organization.id, rows).await
}

/// Whether a call was ever let through within `scope`.
pub(crate) async fn ever_called(services: &Services, actor: &Actor, scope: &Scope) -> ServiceResult<bool> {
    services.settled().await;
    // A series is made together with its first call.
    let found = series::of_calls(actor.organization.id)
        .select_only()
        .column(series::Column::Id)
        .filter(dimensions(scope, &Filter::default()))
        .filter(series::Column::Outcome.ne(Outcome::Refused.name()))
        .limit(1)
        .into_tuple::<i64>()
        .one(services.database.read())
        .await?;
    Ok(found.is_some())
}
