//! All keys of a query, for a file.

use domain::api_keys::{ApiKey, KeyQuery};
use futures::{Stream, stream};

use super::{figures, list};
use crate::{Actor, ServiceResult, Services};

/// How many keys are read at a time.
const PAGE: usize = 200;

/// All keys that `query` asks for and the asker may see, in its order, in pages. Which they are is settled at the
/// beginning, so that none is missed or told twice however the list changes meanwhile; a page of the query says nothing.
pub async fn export(
    services: &Services,
    actor: &Actor,
    query: &KeyQuery,
) -> ServiceResult<impl Stream<Item = ServiceResult<Vec<ApiKey>>> + Send + use<>> {
    let ids = list::ids(services, actor, query).await?;
    let state = (services.clone(), actor.organization.clone(), ids.into_iter());
    Ok(stream::try_unfold(state, async |(services, organization, mut ids)| {
        let page: Vec<_> = ids.by_ref().take(PAGE).collect();
        if page.is_empty() {
            return Ok(None);
        }
        let keys = figures::load(&services, &organization, &page).await?;
        Ok(Some((keys, (services, organization, ids))))
    }))
}
