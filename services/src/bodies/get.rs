//! Loads the bodies of one call.

use domain::{
    bodies::{BodiesState, CallBodies},
    calls::CallDetails,
    ids::CallId,
    permissions::Permission,
    time::{DAY_MILLIS, Timestamp},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{packed::PackedBodies, store::expires_day};
use crate::{
    Actor, ServiceError, ServiceResult, Services, calls,
    entities::{bodies, organizations},
    organizations::body_settings,
    projects,
};

/// Loads a call's request and response bodies. The organization's current retention applies to older bodies
/// too: expired ones aren't shown, nor any if the organization stores none now.
pub async fn get(services: &Services, actor: &Actor, id: CallId) -> ServiceResult<BodiesState> {
    get_with_path(services, actor, id).await.map(|(_, state)| state)
}

/// Loads a call's bodies like [`get`], with the path of its request.
pub(super) async fn get_with_path(
    services: &Services,
    actor: &Actor,
    id: CallId,
) -> ServiceResult<(String, BodiesState)> {
    let database = services.database.read();
    let scope = projects::scope(database, actor, Permission::ViewBodies).await?;
    // If the call isn't the actor's to view, it is not found.
    let CallDetails { call, body_exclusion, .. } = calls::get(services, actor, id).await?;
    let is_visible = match &call.project {
        Some(project) => scope.contains(project.id),
        None => matches!(scope, projects::ProjectScope::All),
    };
    if !is_visible {
        return Err(ServiceError::NotFound);
    }
    let organization = organizations::Entity::find_by_id(actor.organization.id.uuid()).one(database).await?;
    let row = organization.ok_or(ServiceError::NotFound)?;
    let Some(days) = body_settings(row.body_days, row.body_limit, &row.body_redact)?.days else {
        return Ok((call.endpoint, BodiesState::Off));
    };
    if let Some(by) = body_exclusion {
        return Ok((call.endpoint, BodiesState::Excluded { by }));
    }
    let stored = bodies::Entity::find()
        .filter(bodies::Column::OrganizationId.eq(actor.organization.id.uuid()))
        .filter(bodies::Column::CallId.eq(id.uuid()))
        .one(database)
        .await?;
    let today = services.now().millis().div_euclid(DAY_MILLIS);
    let until = |row: &bodies::Model| i64::from(row.expires_day.min(expires_day(call.started_at, days)));
    let Some(stored) = stored.filter(|row| until(row) > today) else {
        return Ok((call.endpoint, BodiesState::Gone));
    };
    let expires_at = Timestamp::from_millis(until(&stored) * DAY_MILLIS);
    let PackedBodies { request, response } = PackedBodies::unpack(&stored.packed)?;
    Ok((call.endpoint, BodiesState::Kept(CallBodies { request, response, expires_at })))
}
