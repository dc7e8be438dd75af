//! How long calls are kept, and the deletion of older ones. Their rollups stay, and with them all figures.

mod delete;
mod partitions;

use chrono_tz::Tz;
use domain::{
    calls::CallRetention,
    errors::FieldErrors,
    ids::{CallId, OrganizationId},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{EntityTrait, QuerySelect};
use uuid::Uuid;

use super::ends::oldest;
pub use crate::kept_calls::kept_since;
use crate::{
    Actor, ServiceResult, Services,
    entities::organizations,
    kept_calls::{self, first_day, first_moment},
    projects::ProjectScope,
    usage, zones,
};

/// Deletes calls that are older than their organization keeps them, with their bodies. To be run at least once a day:
/// until then, older calls aren't shown.
pub async fn run(services: &Services) -> ServiceResult<()> {
    let now = services.now();
    let rows: Vec<(Uuid, String, Option<i32>, Option<i64>)> = organizations::Entity::find()
        .select_only()
        .columns([
            organizations::Column::Id,
            organizations::Column::TimeZone,
            organizations::Column::CallDays,
            organizations::Column::CallDefaultFrom,
        ])
        .into_tuple()
        .all(services.database.read())
        .await?;
    let keepers: Vec<Keeper> = rows
        .into_iter()
        .map(|(id, zone, days, default_from)| Keeper::new(id, &zone, kept_calls::retention(days, default_from), now))
        .collect();
    if keepers.iter().all(|keeper| keeper.since.is_none()) {
        return Ok(());
    }
    delete::delete_bodies(&services.database, &keepers).await?;
    delete::delete_client_requests(&services.database, &keepers).await?;
    // Whole months first, so that the tags of millions of calls aren't deleted one by one.
    if services.database.is_postgres() {
        partitions::drop_unused(&services.database, &keepers, now).await?;
    }
    delete::delete_tags(&services.database, &keepers).await?;
    delete::delete_calls(&services.database, &keepers).await
}

/// An organization, and the moment from which it keeps calls; `None` for all.
struct Keeper {
    organization: OrganizationId,
    since: Option<Timestamp>,
}

impl Keeper {
    fn new(organization: Uuid, zone: &str, retention: CallRetention, now: Timestamp) -> Self {
        // Only known names are stored; one that a later version drops becomes UTC.
        let zone = zone.parse().unwrap_or(Tz::UTC);
        Self {
            organization: OrganizationId::new(organization),
            since: retention.days_at(now).map(|days| first_moment(days, zone, now)),
        }
    }

    /// The lowest id that is kept.
    fn first_id(&self) -> Option<CallId> {
        self.since.map(CallId::lower_bound)
    }
}

/// Counts the calls that are kept now and that `retention` would delete, repetitions of rejected calls included.
///
/// Whole days are deleted, and their sums say how many calls they had: counting millions of rows would take seconds.
pub async fn count_deleted(services: &Services, actor: &Actor, retention: CallRetention) -> ServiceResult<i64> {
    actor.reach(Permission::ManageSettings)?;
    let mut errors = FieldErrors::default();
    let retention = retention.validated(&mut errors);
    errors.into_result()?;
    let (organization, zone) = (&actor.organization, actor.organization.time_zone);
    let Some(days) = retention.days else { return Ok(0) };
    let Some(oldest) = oldest(services, organization.id).await?.map(|call| call.started_at()) else { return Ok(0) };
    let kept_since = kept_since(services, organization).await?.map_or(oldest, |since| since.max(oldest));
    let (first, after) = (zones::date(kept_since, zone), first_day(days, zone, services.now()));
    if first >= after {
        return Ok(0);
    }
    let sums = usage::total(services, organization, &ProjectScope::All, first, after).await?;
    Ok(sums.calls.saturating_add(sums.refused))
}
