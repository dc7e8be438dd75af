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
        let rows = search.page(database, BATCH_SIZE).await?;
        let full = rows.len() as u64 == BATCH_SIZE;
        let calls = rows::to_calls(database, organization, rows).await?;
        let Some(last) = calls.last() else { return Ok(None) };
        search.continue_after(last.id);
        Ok(Some((calls, full.then_some((services, organization, search)))))
    }))
}
