//! Loads keys by their ids, with their calls, spend and hints.

mod hinted;
mod month;
mod row;

use std::collections::HashMap;

use domain::api_keys::ApiKey;
use uuid::Uuid;

pub(in crate::api_keys) use self::month::count_calls_since;

use super::conditions::KeyConditions;
use crate::{Organization, ServiceResult, Services};

/// Loads the keys with these ids, in their order; missing ones are left out.
///
/// Takes a handful of statements, however many keys there are: hundreds at a time are a good size.
pub(in crate::api_keys) async fn load(
    services: &Services,
    organization: &Organization,
    ids: &[Uuid],
) -> ServiceResult<Vec<ApiKey>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    services.wait_until_stored().await;
    let keys = KeyConditions::with_ids(services, organization.id, ids);
    let (rows, mut months, kinds) = tokio::try_join!(
        row::read(services, keys.clone()),
        month::read(services, organization, keys.clone()),
        hinted::find_kinds(services, keys.clone()),
    )?;
    let mut hints = hinted::load_hints(services, organization, keys, &rows, &kinds).await?;
    let mut rows: HashMap<Uuid, row::KeyRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let key = |id: &Uuid| Some(rows.remove(id)?.into_key(months.take(*id), hints.remove(id).unwrap_or_default()));
    ids.iter().filter_map(key).collect()
}
