//! Resolutions of the buckets that rollups are stored in.

use chrono_tz::Tz;
use domain::time::Timestamp;

use crate::zones;

/// The length of a rollup's bucket. The table stores its number.
///
/// The hours and days of every zone are made of quarter hours; UTC hours and the organization's days are
/// stored too, so that long ranges read fewer rows.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(i16)]
pub(crate) enum Resolution {
    QuarterHour = 1,
    /// An hour in UTC.
    Hour = 2,
    /// A day in the organization's time zone.
    Day = 3,
}

impl Resolution {
    pub(crate) const ALL: [Self; 3] = [Self::QuarterHour, Self::Hour, Self::Day];

    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// The start of the bucket that contains `moment`; `zone` is the organization's.
    pub(crate) fn bucket(self, moment: Timestamp, zone: Tz) -> Timestamp {
        match self.millis() {
            Some(millis) => Timestamp::from_millis(moment.millis().div_euclid(millis) * millis),
            None => zones::start_of_day(zones::date(moment, zone), zone),
        }
    }

    /// The length of a bucket in milliseconds; `None` for days, whose length varies.
    pub(crate) const fn millis(self) -> Option<i64> {
        match self {
            Self::QuarterHour => Some(15 * 60_000),
            Self::Hour => Some(60 * 60_000),
            Self::Day => None,
        }
    }
}
