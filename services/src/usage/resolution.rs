//! The lengths of the buckets that rollups are kept in.

use chrono_tz::Tz;
use domain::time::Timestamp;

use crate::zones;

/// How long a rollup's bucket is. Its number is what the table stores.
///
/// Every zone's hours and days are made of quarter hours; UTC hours and the
/// organization's own days are there to read fewer rows for long ranges.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(i16)]
pub(crate) enum Resolution {
    QuarterHour = 1,
    /// Of UTC.
    Hour = 2,
    /// Of the organization's time zone.
    Day = 3,
}

impl Resolution {
    pub(crate) const ALL: [Self; 3] = [Self::QuarterHour, Self::Hour, Self::Day];

    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// When the bucket that holds `moment` begins; `zone` is the organization's.
    pub(crate) fn bucket(self, moment: Timestamp, zone: Tz) -> Timestamp {
        match self.millis() {
            Some(millis) => Timestamp::from_millis(moment.millis().div_euclid(millis) * millis),
            None => zones::start_of_day(zones::date(moment, zone), zone),
        }
    }

    /// The length of its buckets in milliseconds; `None` for days, whose length changes.
    pub(crate) const fn millis(self) -> Option<i64> {
        match self {
            Self::QuarterHour => Some(15 * 60_000),
            Self::Hour => Some(60 * 60_000),
            Self::Day => None,
        }
    }
}
