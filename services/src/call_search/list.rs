//! Lists and exports calls, also those with a text in their bodies.

use std::time::{Duration, Instant};

use domain::calls::{Call, CallPage, CallQuery, PAGE_SIZE};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    Actor, ServiceError, ServiceResult, Services,
    bodies::TextSearch,
    calls::{self, CallBatch},
};

/// Number of calls whose bodies are searched before the time is looked at.
const BATCH_SIZE: u64 = 100;
/// Time after which a search for a text stops.
const MAX_TIME: Duration = Duration::from_secs(3);
/// Maximum number of searches for texts that run at once; others wait.
const MAX_SEARCHES: usize = 2;

static SEARCHES: Semaphore = Semaphore::const_new(MAX_SEARCHES);

/// Returns a page of calls, newest first. A search for a text ends early if its time is over; the next page goes on there.
pub async fn list(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<CallPage> {
    let Some(search) = TextSearch::new(services, actor, query).await? else {
        return calls::list(services, actor, query).await;
    };
    let _turn = turn().await?;
    let deadline = Instant::now() + MAX_TIME;
    let mut query = CallQuery { text: None, ..query.clone() };
    let mut found = CallBatch::default();
    loop {
        let batch = calls::batch(services, actor, &query, BATCH_SIZE).await?;
        let next = batch.next(BATCH_SIZE);
        found.kept_since = batch.kept_since;
        found.calls.extend(search.keep(services, batch.calls).await?);
        if next.is_none() || found.calls.len() > PAGE_SIZE as usize {
            return Ok(found.into_page());
        }
        if Instant::now() >= deadline {
            found.stopped_at = next;
            return Ok(found.into_page());
        }
        query.before = next;
    }
}

/// Streams all calls that match `query` in batches, newest first, as [`calls::export`] does.
pub async fn export(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
) -> ServiceResult<BoxStream<'static, ServiceResult<Vec<Call>>>> {
    let Some(search) = TextSearch::new(services, actor, query).await? else {
        return Ok(calls::export(services, actor, query).await?.boxed());
    };
    let query = CallQuery { text: None, ..query.clone() };
    let batches = calls::export(services, actor, &query).await?;
    let services = services.clone();
    let keep = move |batch: Vec<Call>| {
        let (services, search) = (services.clone(), search.clone());
        // For each batch, so that a long file doesn't keep lists waiting.
        async move {
            let _turn = turn().await?;
            search.keep(&services, batch).await
        }
    };
    Ok(batches.and_then(keep).boxed())
}

/// Waits until one search fewer runs than may.
async fn turn() -> ServiceResult<SemaphorePermit<'static>> {
    SEARCHES.acquire().await.map_err(|error| ServiceError::Internal(error.to_string()))
}
