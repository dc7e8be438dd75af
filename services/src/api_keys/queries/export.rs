//! Exports all keys of a query.

use domain::api_keys::{ApiKey, KeyQuery};
use futures::{Stream, stream};

use super::{figures, list};
use crate::{Actor, ServiceResult, Services};

/// Keys read at a time.
const PAGE_SIZE: usize = 200;

/// Streams all keys that match `query` and that the actor may view, in its order, in pages. Their ids are
/// fixed at the beginning, so that none is missed or repeated however the list changes meanwhile; the query's
/// page is ignored.
pub async fn export(
    services: &Services,
    actor: &Actor,
    query: &KeyQuery,
) -> ServiceResult<impl Stream<Item = ServiceResult<Vec<ApiKey>>> + Send + use<>> {
    let ids = list::find_ids(services, actor, query).await?;
    let state = (services.clone(), actor.organization.clone(), ids.into_iter());
    Ok(stream::try_unfold(state, async |(services, organization, mut ids)| {
        let page: Vec<_> = ids.by_ref().take(PAGE_SIZE).collect();
        if page.is_empty() {
            return Ok(None);
        }
        let keys = figures::load(&services, &organization, &page).await?;
        Ok(Some((keys, (services, organization, ids))))
    }))
}
