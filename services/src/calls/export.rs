//! Streams all calls of a query, for export to a file.

use domain::calls::{Call, CallQuery};
use futures::{Stream, stream};

use super::{rows, search::Search};
use crate::{Actor, ServiceResult, Services};

/// Number of calls read at once.
const BATCH_SIZE: u64 = 1_000;

/// Streams all calls that match `query` in batches, newest first, so that memory doesn't limit the file's
/// size. Calls that come in meanwhile aren't included.
pub async fn export(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
) -> ServiceResult<impl Stream<Item = ServiceResult<Vec<Call>>> + Send + use<>> {
    let search = Search::new(services, actor, query).await?;
    let state = Some((services.clone(), actor.organization.id, search));
    Ok(stream::try_unfold(state, async |state| {
        let Some((services, organization, mut search)) = state else { return Ok(None) };
        let database = services.database.read();
        let found = search.page(database, BATCH_SIZE).await?;
        let is_full = found.rows.len() as u64 == BATCH_SIZE;
        let calls = rows::to_calls(database, organization, found.rows).await?;
        // A search that has taken its time goes on where it stopped: a file has all calls.
        let next = found.stopped_at.or_else(|| calls.last().map(|call| call.id).filter(|_| is_full));
        let Some(next) = next else { return Ok((!calls.is_empty()).then_some((calls, None))) };
        search.continue_after(next);
        Ok(Some((calls, Some((services, organization, search)))))
    }))
}
