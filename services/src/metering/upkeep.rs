//! Upkeep of rollups whose time is over: fewer rows with the same sums.
//!
//! It runs beside servers that write, in short transactions of one organization each. Calls that come late are added to
//! what it left, and it goes over those rows again.

mod halves;
mod writers;

use domain::{ids::OrganizationId, time::Timestamp};
use sea_orm::{EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::{ServiceResult, Services, entities::organizations};

/// Days after which few calls are added to a bucket, even one of a day.
const OPEN_DAYS: i64 = 2;
/// Days after which quarter hours of the second half of each hour are deleted. Servers of a version that reads them may
/// still run while a new one begins.
const HALVES_DAYS: i64 = 7;
/// Days within which calls come that other gateways report late, which are 35, and a few more.
const LATE_DAYS: i64 = 45;

/// The rollups that an upkeep goes over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UpkeepSpan {
    /// Those of the days for which calls still come.
    Recent,
    /// Also older ones: of the time before this upkeep existed, and those to which a journal added that was found late.
    All,
}

/// Merges the rows of several writers, and deletes quarter hours that no view reads.
pub async fn run(services: &Services, span: UpkeepSpan) -> ServiceResult<()> {
    let now = services.now();
    let from = match span {
        UpkeepSpan::Recent => now.plus_days(-LATE_DAYS),
        UpkeepSpan::All => Timestamp::from_millis(0),
    };
    let organizations = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::Id)
        .into_tuple::<Uuid>()
        .all(services.database.read())
        .await?;
    for organization in organizations.into_iter().map(OrganizationId::new) {
        halves::delete(&services.database, organization, from, now.plus_days(-HALVES_DAYS)).await?;
        if services.database.is_postgres() {
            writers::merge(&services.database, organization, from, now.plus_days(-OPEN_DAYS)).await?;
        }
    }
    Ok(())
}
