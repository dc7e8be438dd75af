//! Billing periods: calendar months.

use chrono::{Datelike, Months};
use domain::time::Timestamp;

use crate::{Organization, ServiceResult, usage, zones};

/// The beginning and the end of the month that contains `moment`, in the named time zone or by default in the organization's.
///
/// # Errors
/// There is no such zone.
pub fn billing_period(
    organization: &Organization,
    time_zone: Option<&str>,
    moment: Timestamp,
) -> ServiceResult<(Timestamp, Timestamp)> {
    let zone = usage::zone(organization, time_zone)?;
    let day = zones::date(moment, zone);
    let first = day.with_day(1).unwrap_or(day);
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    Ok((zones::start_of_day(first, zone), zones::start_of_day(next, zone)))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use domain::ids::OrganizationId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_month_is_that_of_the_zone() {
        let organization = Organization {
            id: OrganizationId::new(Uuid::nil()),
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            time_zone: Tz::Europe__Berlin,
        };
        let period = |zone, moment: &str| {
            let (start, end) = billing_period(&organization, zone, moment.parse().unwrap()).unwrap();
            [start.to_string(), end.to_string()]
        };
        assert_eq!(period(None, "2026-10-31T22:59:59Z"), ["2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"]);
        assert_eq!(period(None, "2026-10-31T23:00:00Z"), ["2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"]);
        assert_eq!(period(Some("UTC"), "2026-12-31T23:00:00Z"), ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]);
        assert!(billing_period(&organization, Some("Mars/Base"), Timestamp::default()).is_err());
    }
}
