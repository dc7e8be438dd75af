//! Lists calls by page.

use domain::{
    calls::{Call, CallPage, CallQuery, PAGE_SIZE},
    ids::CallId,
    time::Timestamp,
};

use super::{rows, search::Search};
use crate::{Actor, ServiceResult, Services};

/// Calls found by a search, newest first.
#[derive(Debug, Default)]
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
    Ok(batch(services, actor, query, u64::from(PAGE_SIZE) + 1).await?.into_page())
}

/// Returns the newest `limit` calls that match `query`.
pub(crate) async fn newest(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    limit: u64,
) -> ServiceResult<Vec<Call>> {
    Ok(batch(services, actor, query, limit).await?.calls)
}

/// Finds the newest `limit` calls that match `query`, or those of them that are found in time.
pub(crate) async fn batch(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    limit: u64,
) -> ServiceResult<CallBatch> {
    find(services, actor, &Search::new(services, actor, query).await?, limit).await
}

async fn find(services: &Services, actor: &Actor, search: &Search, limit: u64) -> ServiceResult<CallBatch> {
    let database = services.database.read();
    let found = search.page(database, limit).await?;
    let calls = rows::to_calls(database, actor.organization.id, found.rows).await?;
    Ok(CallBatch { calls, stopped_at: found.stopped_at, kept_since: search.kept_since() })
}

impl CallBatch {
    /// The call before which the search goes on, if this batch has at most `limit` calls; `None` at the search's end.
    pub(crate) fn next(&self, limit: u64) -> Option<CallId> {
        let last = || self.calls.last().map(|call| call.id).filter(|_| self.calls.len() as u64 == limit);
        self.stopped_at.or_else(last)
    }

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
