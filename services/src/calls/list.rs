//! Lists calls by page.

use domain::{
    calls::{Call, CallPage, CallQuery, PAGE_SIZE},
    ids::CallId,
    time::Timestamp,
};

use super::{rows, search::Search};
use crate::{Actor, ServiceResult, Services, projects::ProjectScope};

/// Calls found by a search, newest first.
pub(crate) struct CallBatch {
    pub(crate) calls: Vec<Call>,
    /// See [`CallPage::stopped_at`].
    pub(crate) stopped_at: Option<CallId>,
    /// See [`CallPage::kept_since`].
    pub(crate) kept_since: Option<Timestamp>,
}

/// Returns a page of calls, newest first.
pub async fn list(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<CallPage> {
    // One more than the page, to know whether there are more.
    let batch = find(services, actor, &Search::new(services, actor, query).await?, u64::from(PAGE_SIZE) + 1).await?;
    Ok(batch.into_page())
}

/// Returns the newest `limit` calls that match `query`.
pub(crate) async fn newest(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    limit: u64,
) -> ServiceResult<Vec<Call>> {
    Ok(find(services, actor, &Search::new(services, actor, query).await?, limit).await?.calls)
}

/// Returns the newest `limit` calls within `scope` that match `query`. The scope must not be larger than the one in which
/// `actor` may see calls.
pub(crate) async fn batch(
    services: &Services,
    actor: &Actor,
    scope: ProjectScope,
    query: &CallQuery,
    limit: u64,
) -> ServiceResult<CallBatch> {
    services.wait_until_stored().await;
    find(services, actor, &Search::within(services, actor, scope, query).await?, limit).await
}

async fn find(services: &Services, actor: &Actor, search: &Search, limit: u64) -> ServiceResult<CallBatch> {
    let database = services.database.read();
    let found = search.page(database, limit).await?;
    let calls = rows::to_calls(database, actor.organization.id, found.rows).await?;
    Ok(CallBatch { calls, stopped_at: found.stopped_at, kept_since: search.kept_since() })
}

impl CallBatch {
    /// The page of a batch of one more calls than a page has.
    pub(crate) fn into_page(self) -> CallPage {
        let Self { mut calls, stopped_at, kept_since } = self;
        let page = usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
        let is_full = calls.len() > page;
        calls.truncate(page);
        // A full page is continued after its last call.
        let stopped_at = stopped_at.filter(|_| !is_full);
        CallPage { calls, more: is_full || stopped_at.is_some(), kept_since, stopped_at }
    }
}
