//! From when on an organization's calls are kept.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use domain::{calls::CallRetention, time::Timestamp};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};

use crate::{Organization, ServiceResult, Services, entities::organizations, zones};

/// The moment from which an organization keeps calls; `None` for all.
pub async fn kept_since(services: &Services, organization: &Organization) -> ServiceResult<Option<Timestamp>> {
    kept_since_at(services.database.read(), organization, services.now()).await
}

/// Like [`kept_since`], at a moment.
pub(crate) async fn kept_since_at(
    database: &DatabaseConnection,
    organization: &Organization,
    now: Timestamp,
) -> ServiceResult<Option<Timestamp>> {
    let stored = organizations::Entity::find()
        .select_only()
        .columns([organizations::Column::CallDays, organizations::Column::CallDefaultFrom])
        .filter(organizations::Column::Id.eq(organization.id.uuid()))
        .into_tuple::<(Option<i32>, Option<i64>)>()
        .one(database)
        .await?;
    let days = stored.and_then(|(days, default_from)| retention(days, default_from).days_at(now));
    Ok(days.map(|days| first_moment(days, organization.time_zone, now)))
}

/// The stored choice of an organization. Days take precedence: a server of the previous version sets only them.
pub(crate) fn retention(days: Option<i32>, default_from: Option<i64>) -> CallRetention {
    match days.and_then(|days| u32::try_from(days).ok()) {
        Some(days) => CallRetention::chosen(Some(days)),
        None => CallRetention { days: None, default_from: default_from.map(Timestamp::from_millis) },
    }
}

/// The beginning of the day in `zone` that is `days` before today.
pub(crate) fn first_moment(days: u32, zone: Tz, now: Timestamp) -> Timestamp {
    zones::start_of_day(first_day(days, zone, now), zone)
}

/// The day in `zone` that is `days` before today.
pub(crate) fn first_day(days: u32, zone: Tz, now: Timestamp) -> NaiveDate {
    let today = zones::date(now, zone);
    today.checked_sub_days(Days::new(u64::from(days))).unwrap_or(today)
}

#[cfg(test)]
mod tests {
    use chrono_tz::{Asia, Europe};

    use super::*;

    #[test]
    fn whole_days_of_the_organization_are_kept() {
        let since = |days, zone, now: &str| first_moment(days, zone, now.parse().unwrap()).to_string();
        assert_eq!(since(35, Europe::Berlin, "2026-11-17T14:32:07Z"), "2026-10-12T22:00:00Z");
        assert_eq!(since(35, Asia::Kathmandu, "2026-11-17T18:14:59Z"), "2026-10-12T18:15:00Z");
        assert_eq!(since(35, Asia::Kathmandu, "2026-11-17T18:15:00Z"), "2026-10-13T18:15:00Z");
    }
}
