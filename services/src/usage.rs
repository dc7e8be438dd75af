//! Usage: what chart, tiles, table and CSV show.

mod buckets;
mod report;
pub(crate) mod resolution;
mod sums;

use std::collections::HashMap;

use domain::usage::{Filter, Measures, Range, View};
use uuid::Uuid;

pub use report::report;
pub(crate) use report::total;
pub(crate) use sums::dimensions;

use crate::{Organization, ServiceResult, Services, projects::Scope};

/// This month's usage so far, by key.
pub(crate) async fn month_by_api_key(
    services: &Services,
    organization: &Organization,
) -> ServiceResult<HashMap<Uuid, Measures>> {
    let zone = organization.time_zone;
    let month = buckets::of(Range::MonthToDate, View::Day, zone, services.now())?;
    let slice = sums::Slice {
        organization,
        resolution: resolution::Resolution::Day,
        from: month.start(),
        to: month.end,
        scope: &Scope::All,
        filter: &Filter::default(),
    };
    sums::by_api_key(services.database.read(), &slice).await
}
