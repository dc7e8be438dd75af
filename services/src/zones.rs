//! Days in time zones, which may have 23 or 25 hours, begin at one in the morning, or not exist.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use domain::time::Timestamp;

/// The local date in `zone` at `moment`.
pub(crate) fn date(moment: Timestamp, zone: Tz) -> NaiveDate {
    let date = moment.to_chrono().with_timezone(&zone).date_naive();
    // Where clocks once fell back over midnight (St. John's, 00:01 to 23:01), a day that has begun continues,
    // though clocks show the day before again.
    match date.checked_add_days(Days::new(1)) {
        Some(next) if start_of_day(next, zone) <= moment => next,
        _ => date,
    }
}

/// The first moment of `date` in `zone`, or of the next day where the zone skipped that date (Samoa,
/// 2011-12-30).
pub(crate) fn start_of_day(date: NaiveDate, zone: Tz) -> Timestamp {
    moment(date.and_time(NaiveTime::MIN), zone)
}

/// The first moment at which clocks in `zone` show `local`, or the first after it where they skip it.
pub(crate) fn moment(local: NaiveDateTime, zone: Tz) -> Timestamp {
    // No zone ever skipped more than a day.
    const STEPS: i32 = 25 * 4;
    let found = (0..=STEPS).find_map(|step| {
        let later = local.checked_add_signed(TimeDelta::minutes(15) * step)?;
        zone.from_local_datetime(&later).earliest()
    });
    found.map_or_else(|| local.and_utc().into(), |moment| moment.to_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America, Asia, Europe, Pacific};

    fn start(date: &str, zone: Tz) -> String {
        start_of_day(date.parse().unwrap(), zone).to_string()
    }

    #[test]
    fn a_day_begins_when_its_midnight_does_or_when_clocks_first_show_it() {
        assert_eq!(start("2026-03-29", Europe::Berlin), "2026-03-28T23:00:00Z");
        assert_eq!(start("2026-03-30", Europe::Berlin), "2026-03-29T22:00:00Z");
        assert_eq!(start("2026-01-01", Asia::Kathmandu), "2025-12-31T18:15:00Z");
        // Clocks went from 23:59:59 to 01:00.
        assert_eq!(start("2018-11-04", America::Sao_Paulo), "2018-11-04T03:00:00Z");
        assert_eq!(start("2021-03-28", Asia::Beirut), "2021-03-27T22:00:00Z");
        // Midnight comes twice: the day begins with the first.
        assert_eq!(start("2021-11-07", America::Havana), "2021-11-07T04:00:00Z");
        // A date that never was.
        assert_eq!(start("2011-12-30", Pacific::Apia), start("2011-12-31", Pacific::Apia));
    }

    #[test]
    fn a_day_that_has_begun_goes_on_though_clocks_fall_back_over_midnight() {
        // 2010-11-07 in St. John's: at 00:01 back to 23:01.
        let zone = America::St_Johns;
        let begun = start_of_day("2010-11-07".parse().unwrap(), zone);
        for minutes in [0, 1, 30, 61, 600] {
            assert_eq!(date(begun.plus_minutes(minutes), zone).to_string(), "2010-11-07", "{minutes}");
        }
        assert_eq!(date(begun.plus_minutes(-1), zone).to_string(), "2010-11-06");
    }
}
