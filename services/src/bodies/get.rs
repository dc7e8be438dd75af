//! What was said in one call.

use domain::{
    bodies::{Bodies, KeptBodies},
    ids::CallId,
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    packed::Sides,
    store::{DAY_MILLIS, expires_day},
};
use crate::{
    Actor, ServiceError, ServiceResult, Services, calls,
    entities::{bodies, organizations},
    organizations::body_settings,
    projects,
};

/// What was said in a call, for whoever may read it. What the organization decided since holds for what was kept
/// before, too: nothing is shown of older days, or where it keeps none any more.
pub async fn get(services: &Services, actor: &Actor, id: CallId) -> ServiceResult<KeptBodies> {
    let database = services.database.read();
    let scope = projects::scope(database, actor, Permission::ViewBodies).await?;
    // Answers as for a call that doesn't exist, where it isn't the actor's to see.
    let call = calls::get(services, actor, id).await?.call;
    let reached = match &call.project {
        Some(project) => scope.holds(project.id),
        None => matches!(scope, projects::Scope::All),
    };
    if !reached {
        return Err(ServiceError::NotFound);
    }
    let organization = organizations::Entity::find_by_id(actor.organization.id.uuid()).one(database).await?;
    let row = organization.ok_or(ServiceError::NotFound)?;
    let Some(days) = body_settings(row.body_days, row.body_limit, &row.body_redact)?.days else {
        return Ok(KeptBodies::Off);
    };
    let stored = bodies::Entity::find()
        .filter(bodies::Column::OrganizationId.eq(actor.organization.id.uuid()))
        .filter(bodies::Column::CallId.eq(id.uuid()))
        .one(database)
        .await?;
    let today = services.now().millis().div_euclid(DAY_MILLIS);
    let until = |row: &bodies::Model| i64::from(row.expires_day.min(expires_day(call.started_at, days)));
    let Some(stored) = stored.filter(|row| until(row) > today) else { return Ok(KeptBodies::Gone) };
    let expires_at = Timestamp::from_millis(until(&stored) * DAY_MILLIS);
    let Sides { request, response } = Sides::unpack(&stored.packed)?;
    Ok(KeptBodies::Kept(Bodies { request, response, expires_at }))
}
