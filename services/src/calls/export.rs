//! All calls of a query, for a file.

use domain::calls::{Call, CallQuery};
use futures::{Stream, stream};

use super::{rows, search::Search};
use crate::{Actor, ServiceResult, Services};

/// How many calls are read at a time.
const PAGE: u64 = 1_000;

/// All calls that `query` asks for, newest first, in pages: what a file holds is as long as it needs to be, and
/// memory isn't. Calls that come in meanwhile aren't in it.
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
        let rows = search.page(database, PAGE).await?;
        let full = rows.len() as u64 == PAGE;
        let calls = rows::calls(database, organization, rows).await?;
        let Some(last) = calls.last() else { return Ok(None) };
        search.after(last.id);
        Ok(Some((calls, full.then_some((services, organization, search)))))
    }))
}
