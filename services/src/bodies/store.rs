//! Stores bodies, many at a time.

use domain::{
    bodies::StoredBody,
    ids::{CallId, OrganizationId},
    time::{DAY_MILLIS, Timestamp},
};
use sea_orm::{EntityTrait, sea_query::OnConflict};

use super::{packed::PackedBodies, quota};
use crate::{ServiceError, ServiceResult, Services, entities::bodies};

/// The bodies of a finished call, cut and redacted as its organization wants.
#[derive(Clone, Debug)]
pub struct NewBodies {
    pub organization_id: OrganizationId,
    pub call_id: CallId,
    pub started_at: Timestamp,
    /// Number of days for which the bodies are kept.
    pub days: u32,
    pub request: StoredBody,
    pub response: StoredBody,
}

/// Returns the day, since the Unix epoch, on which bodies from `started_at` expire: after `days` whole days.
pub(super) fn expires_day(started_at: Timestamp, days: u32) -> i32 {
    let day = started_at.millis().div_euclid(DAY_MILLIS) + i64::from(days) + 1;
    i32::try_from(day).unwrap_or(i32::MAX)
}

/// Stores bodies in one transaction. Skips those of a call that has some already, and those beyond their
/// organization's quota. Returns the number of the latter.
pub async fn store(services: &Services, new: Vec<NewBodies>) -> ServiceResult<u64> {
    let packing = tokio::task::spawn_blocking(move || new.into_iter().map(pack).collect::<ServiceResult<Vec<_>>>());
    let rows = packing.await.map_err(|error| ServiceError::Internal(error.to_string()))??;
    let count = rows.len();
    if count == 0 {
        return Ok(0);
    }
    let transaction = services.database.begin().await?;
    let rows =
        quota::take_fitting(&transaction, services.now(), rows, services.quotas.get().stored_bodies_bytes).await?;
    let left_out = (count - rows.len()) as u64;
    if !rows.is_empty() {
        bodies::Entity::insert_many(rows.into_iter().map(bodies::ActiveModel::from))
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(left_out)
}

fn pack(new: NewBodies) -> ServiceResult<bodies::Model> {
    Ok(bodies::Model {
        organization_id: new.organization_id.uuid(),
        call_id: new.call_id.uuid(),
        expires_day: expires_day(new.started_at, new.days),
        packed: PackedBodies { request: new.request, response: new.response }.pack()?,
    })
}
