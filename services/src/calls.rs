//! Calls: the rows of Logs.

mod details;
mod export;
mod list;
pub mod partitions;
pub(crate) mod rare;
mod rows;
mod search;

use std::collections::HashSet;

use domain::ids::{CallId, OrganizationId};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

pub use details::get;
pub use export::export;
pub use list::list;
pub(crate) use list::{ever_called, newest};

use crate::{ServiceResult, Services, database::Bound, entities::calls};

/// The newest call of an organization: one step down an index.
pub async fn latest(services: &Services, organization: OrganizationId) -> ServiceResult<Option<CallId>> {
    let id = calls::of(organization)
        .select_only()
        .column(calls::Column::Id)
        .order_by_desc(calls::Column::Id)
        .limit(1)
        .into_tuple::<Uuid>()
        .one(services.database.read())
        .await?;
    Ok(id.map(CallId::new))
}

/// How many calls one statement looks for.
const AT_ONCE: usize = 5_000;

/// Which of these calls are stored, each by its organization and its id.
pub(crate) async fn stored(
    database: &DatabaseConnection,
    calls: impl IntoIterator<Item = (Uuid, Uuid)>,
) -> ServiceResult<HashSet<Uuid>> {
    let pair = |(organization, id): (Uuid, Uuid)| json!([organization.simple().to_string(), id.simple().to_string()]);
    let pairs: Vec<_> = calls.into_iter().map(pair).collect();
    let mut stored = HashSet::new();
    for pairs in pairs.chunks(AT_ONCE) {
        let mut bound = Bound::new(database.get_database_backend());
        let rows = bound.rows(json!(pairs).to_string(), "w");
        // Each by its key: a list of organizations and one of ids would be looked up in all combinations.
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
