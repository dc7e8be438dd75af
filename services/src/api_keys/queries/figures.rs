//! Turns the ids of keys into keys as people see them, with what they did.

mod hinted;
mod month;
mod row;

use std::collections::HashMap;

use domain::api_keys::ApiKey;
use uuid::Uuid;

pub(in crate::api_keys) use self::month::calls_since;

use super::conditions::Selection;
use crate::{Organization, ServiceResult, Services};

/// The keys with these ids, in their order; one that isn't there is left out.
///
/// A handful of statements, however many keys these are: hundreds at a time are a good size.
pub(in crate::api_keys) async fn load(
    services: &Services,
    organization: &Organization,
    ids: &[Uuid],
) -> ServiceResult<Vec<ApiKey>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    services.settled().await;
    let keys = Selection::some(services, organization.id, ids);
    let (rows, mut months, kinds) = tokio::try_join!(
        row::read(services, keys.clone()),
        month::read(services, organization, keys.clone()),
        hinted::kinds(services, keys.clone()),
    )?;
    let mut hints = hinted::hints(services, organization, keys, &rows, &kinds).await?;
    let mut rows: HashMap<Uuid, row::Row> = rows.into_iter().map(|row| (row.id, row)).collect();
    let key = |id: &Uuid| Some(rows.remove(id)?.into_key(months.take(*id), hints.remove(id).unwrap_or_default()));
    ids.iter().filter_map(key).collect()
}
