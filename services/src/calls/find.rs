//! Finds calls by their ID, or by the request ID that their client gave them.

use domain::{
    calls::Call,
    ids::{CallId, OrganizationId, ProjectId},
};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{retention::kept_since, rows};
use crate::{
    Actor, ServiceResult, Services,
    entities::{calls, client_requests, series},
    projects::ProjectScope,
};

/// Finds the call with this ID, and the newest ones, at most `limit`, whose client gave them this request ID, within
/// `scope`.
pub(crate) async fn find(
    services: &Services,
    actor: &Actor,
    scope: &ProjectScope,
    text: &str,
    limit: u64,
) -> ServiceResult<Vec<Call>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let (database, organization) = (services.database.read(), actor.organization.id);
    let mut ids: Vec<Uuid> = client_requests::Entity::find()
        .select_only()
        .column(client_requests::Column::CallId)
        .filter(client_requests::Column::OrganizationId.eq(organization.uuid()))
        .filter(client_requests::Column::RequestId.eq(text))
        .order_by_desc(client_requests::Column::CallId)
        .limit(limit)
        .into_tuple()
        .all(database)
        .await?;
    ids.extend(text.parse::<CallId>().ok().map(|id| id.uuid()));
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = calls::of(organization)
        .filter(calls::Column::Id.is_in(ids))
        .join(sea_orm::JoinType::InnerJoin, calls::series())
        .select_also(series::Entity)
        .order_by_desc(calls::Column::Id)
        .all(database)
        .await?;
    let since = kept_since(services, &actor.organization).await?;
    let visible = |(call, series): (calls::Model, Option<series::Model>)| {
        let series = series.filter(|series| scope.contains(ProjectId::new(series.project_id)))?;
        since.is_none_or(|since| CallId::new(call.id).started_at() >= since).then_some((call, series))
    };
    rows::to_calls(database, organization, found.into_iter().filter_map(visible).collect()).await
}

/// Finds the request ID that the client gave a call.
pub(super) async fn client_request_id(
    database: &DatabaseConnection,
    organization: OrganizationId,
    call: CallId,
) -> ServiceResult<Option<String>> {
    let row = client_requests::Entity::find_by_id((organization.uuid(), call.uuid())).one(database).await?;
    Ok(row.map(|row| row.request_id))
}
