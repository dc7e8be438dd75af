//! Calls: the rows of Logs.

mod details;
mod export;
mod list;
pub mod partitions;
pub(crate) mod rare;
mod search;
mod shown;

use domain::ids::{CallId, OrganizationId};
use sea_orm::{QueryOrder, QuerySelect};

pub use details::get;
pub use export::export;
pub use list::list;
pub(crate) use list::{ever_called, newest};

use crate::{ServiceResult, Services, entities::calls};

/// The newest call of an organization: one step down an index.
pub async fn latest(services: &Services, organization: OrganizationId) -> ServiceResult<Option<CallId>> {
    let id = calls::of(organization)
        .select_only()
        .column(calls::Column::Id)
        .order_by_desc(calls::Column::Id)
        .limit(1)
        .into_tuple::<uuid::Uuid>()
        .one(services.database.read())
        .await?;
    Ok(id.map(CallId::new))
}
