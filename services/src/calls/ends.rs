//! The oldest and the newest call of an organization, each by one index lookup.

use domain::ids::{CallId, OrganizationId};
use sea_orm::{Order, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{ServiceResult, Services, entities::calls};

/// Finds the newest call of an organization.
pub async fn latest(services: &Services, organization: OrganizationId) -> ServiceResult<Option<CallId>> {
    first(services, organization, Order::Desc).await
}

/// Finds the oldest call of an organization.
pub(super) async fn oldest(services: &Services, organization: OrganizationId) -> ServiceResult<Option<CallId>> {
    first(services, organization, Order::Asc).await
}

async fn first(services: &Services, organization: OrganizationId, order: Order) -> ServiceResult<Option<CallId>> {
    let id = calls::of(organization)
        .select_only()
        .column(calls::Column::Id)
        .order_by(calls::Column::Id, order)
        .limit(1)
        .into_tuple::<Uuid>()
        .one(services.database.read())
        .await?;
    Ok(id.map(CallId::new))
}
