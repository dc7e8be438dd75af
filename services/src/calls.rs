//! Calls, the rows of Logs.

mod activity;
mod counted_range;
mod details;
mod ends;
mod export;
mod facets;
mod find;
mod list;
pub mod partitions;
pub(crate) mod rare;
mod rejections;
pub mod retention;
mod rows;
mod search;
mod tags;

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::json;
use uuid::Uuid;

pub use activity::activity;
pub use details::get;
pub use ends::latest;
pub use export::export;
pub use facets::facets;
pub(crate) use find::find;
pub use list::list;
pub(crate) use list::{CallBatch, batch, newest};
pub(crate) use rejections::count_rejections;
pub use tags::{tag_names, tag_values};

use crate::{ServiceResult, database::Bound};

/// Maximum number of calls looked up by one statement.
const BATCH_SIZE: usize = 5_000;

/// Finds the ids of those calls that are stored, given pairs of organization and id.
pub(crate) async fn find_stored(
    database: &DatabaseConnection,
    calls: impl IntoIterator<Item = (Uuid, Uuid)>,
) -> ServiceResult<HashSet<Uuid>> {
    let pair = |(organization, id): (Uuid, Uuid)| json!([organization.simple().to_string(), id.simple().to_string()]);
    let pairs: Vec<_> = calls.into_iter().map(pair).collect();
    let mut stored = HashSet::new();
    for pairs in pairs.chunks(BATCH_SIZE) {
        let mut bound = Bound::new(database.get_database_backend());
        let rows = bound.rows(json!(pairs).to_string(), "w");
        // Each pair is looked up by its key: two separate lists would be looked up in all combinations.
        let [organization, id] = [0, 1].map(|part| bound.id(&format!("w.value ->> {part}")));
        let sql = format!(
            "SELECT c.id FROM {rows} CROSS JOIN calls c WHERE c.organization_id = {organization} AND c.id = {id}"
        );
        for row in database.query_all_raw(bound.statement(sql)).await? {
            stored.insert(row.try_get("", "id")?);
        }
    }
    Ok(stored)
}
