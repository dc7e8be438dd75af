//! Monthly partitions of calls on PostgreSQL.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use domain::{ids::CallId, time::Timestamp};
use sea_orm::{DbBackend, Statement};

use crate::{Database, ServiceResult, Services, database::Redefinition};

/// Number of months after this one that get a partition in advance.
const MONTHS_AHEAD: u32 = 2;

/// Creates missing partitions for the previous month, this month and the next [`MONTHS_AHEAD`].
///
/// Calls without a partition go to the default one. A failure therefore costs speed, never a call, and is
/// only logged. Does nothing on SQLite.
pub async fn ensure(services: &Services) -> ServiceResult<()> {
    let this = Month::of(services.now());
    for month in this.before().and_following(MONTHS_AHEAD + 1) {
        month.ensure(&services.database).await;
    }
    Ok(())
}

/// A month of calls, which one partition holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Month {
    first_day: NaiveDate,
}

impl Month {
    fn of(at: Timestamp) -> Self {
        let day = at.to_chrono().date_naive();
        Self { first_day: day.with_day(1).unwrap_or(day) }
    }

    fn before(self) -> Self {
        Self { first_day: self.first_day.checked_sub_months(Months::new(1)).unwrap_or(self.first_day) }
    }

    /// This month and `count` further ones.
    fn and_following(self, count: u32) -> impl Iterator<Item = Self> {
        (0..=count).filter_map(move |later| {
            self.first_day.checked_add_months(Months::new(later)).map(|first_day| Self { first_day })
        })
    }

    /// Creates the month's partition if it is missing. Returns whether that succeeded.
    async fn ensure(self, database: &Database) -> bool {
        if !database.is_postgres() {
            return true;
        }
        let outcome = self.try_ensuring(database).await;
        if let Err(error) = &outcome {
            let month = self.first_day;
            tracing::warn!(%month, %error, "can't make the month's partition; its calls go to the default one");
        }
        outcome.is_ok()
    }

    async fn try_ensuring(self, database: &Database) -> ServiceResult<bool> {
        let name = format!("calls_{:04}_{:02}", self.first_day.year(), self.first_day.month());
        let next = self.first_day.checked_add_months(Months::new(1)).unwrap_or(self.first_day);
        let bound =
            |day: NaiveDate| CallId::lower_bound(Timestamp::from(day.and_time(NaiveTime::MIN).and_utc())).uuid();
        let (from, to) = (bound(self.first_day), bound(next));
        // PostgreSQL refuses a partition for rows that are already in the default one: those months stay there.
        let condition = "SELECT to_regclass($1) IS NULL \
             AND NOT EXISTS (SELECT 1 FROM calls_default WHERE id >= $2 AND id < $3) AS needed";
        let values = [name.as_str().into(), from.into(), to.into()];
        let condition = Statement::from_sql_and_values(DbBackend::Postgres, condition, values);
        // A table that is attached once it is there doesn't keep inserts waiting, as a partition does that is created
        // in its place. Definitions take no parameters; a name made of numbers and two ids need no escaping.
        let statements = vec![
            format!("CREATE TABLE {name} (LIKE calls INCLUDING ALL)"),
            format!("ALTER TABLE calls ATTACH PARTITION {name} FOR VALUES FROM ('{from}') TO ('{to}')"),
        ];
        database.redefine(&Redefinition { condition, statements }).await
    }
}

/// Months that were seen to have a partition, or to get none.
#[derive(Debug, Default)]
pub(crate) struct KnownMonths(Mutex<BTreeSet<Month>>);

impl KnownMonths {
    /// Creates missing partitions for calls of these moments, before they are stored. Does nothing on SQLite.
    pub(crate) async fn ensure(&self, database: &Database, moments: impl IntoIterator<Item = Timestamp>) {
        if !database.is_postgres() {
            return;
        }
        let mut months: BTreeSet<Month> = moments.into_iter().map(Month::of).collect();
        months.retain(|month| !self.lock().contains(month));
        for month in months {
            if month.ensure(database).await {
                self.lock().insert(month);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Month>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
