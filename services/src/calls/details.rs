//! Details of a call.

use domain::{
    calls::CallDetails,
    ids::{CallId, ProjectId},
    permissions::Permission,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{
    find::client_request_id,
    rare::{CallStory, RareProperties},
    retention::kept_since,
    rows,
};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    entities::{calls, prices, series},
    models::prices::price_of,
    names, projects,
};

/// Returns a call with the price that was applied.
pub async fn get(services: &Services, actor: &Actor, id: CallId) -> ServiceResult<CallDetails> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let organization = actor.organization.id;
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
    if kept_since(services, &actor.organization).await?.is_some_and(|since| id.started_at() < since) {
        return Err(ServiceError::NotFound);
    }
    let found = calls::of(organization)
        .filter(calls::Column::Id.eq(id.uuid()))
        .join(sea_orm::JoinType::InnerJoin, calls::series())
        .select_also(series::Entity)
        .one(database)
        .await?;
    let Some((row, Some(series))) = found else { return Err(ServiceError::NotFound) };
    if !scope.contains(ProjectId::new(series.project_id)) {
        return Err(ServiceError::NotFound);
    }
    let price = match row.price_id {
        Some(price) => prices::Entity::find_by_id(price).one(database).await?.as_ref().map(price_of),
        None => None,
    };
    let member = names::find_member(database, series.member_id).await?;
    let is_own_key = actor.user_id().is_some_and(|user| user.uuid() == series.member_id);
    let client_request_id = client_request_id(database, organization, id).await?;
    let CallStory { rejection, attempts, body_exclusion } = RareProperties::parse(row.rare.as_deref()).into_story();
    let call = rows::to_calls(database, organization, vec![(row, series)]).await?.pop();
    let call = call.ok_or(ServiceError::NotFound)?;
    Ok(CallDetails { call, price, member, is_own_key, client_request_id, rejection, attempts, body_exclusion })
}
