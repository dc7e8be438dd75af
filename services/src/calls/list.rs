//! Lists calls by page.

use domain::calls::{Call, CallPage, CallQuery, PAGE_SIZE};

use super::{rows, search::Search};
use crate::{Actor, ServiceResult, Services};

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
