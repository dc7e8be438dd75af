//! Monthly partitions of calls, their tags and rollups on PostgreSQL.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use domain::{
    ids::CallId,
    time::{DAY_MILLIS, Timestamp},
};
use sea_orm::{DbBackend, Statement};

use crate::{Database, ServiceResult, Services, database::Redefinition};

/// Number of months after this one that get a partition in advance.
const MONTHS_AHEAD: usize = 2;
/// Days from the beginning of an organization's day to a call on it, rounded up: the day's rollup may belong to the
/// month before.
const ROLLUP_LEAD_DAYS: i64 = 2;

/// Creates missing partitions for the previous month, this month and the next [`MONTHS_AHEAD`].
///
/// Rows without a partition go to the default one. A failure therefore costs speed, never a call, and is
/// only logged. Does nothing on SQLite.
pub async fn ensure(services: &Services) -> ServiceResult<()> {
    let this = Month::of(services.now());
    for month in this.before().and_following(MONTHS_AHEAD + 1) {
        for table in MonthlyTable::ALL {
            month.ensure(&services.database, table).await;
        }
    }
    Ok(())
}

/// A table with a partition for each month.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum MonthlyTable {
    Calls,
    CallTags,
    Rollups,
}

impl MonthlyTable {
    const ALL: [Self; 3] = [Self::Calls, Self::CallTags, Self::Rollups];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::CallTags => "call_tags",
            Self::Rollups => "rollups",
        }
    }

    /// The column by which the table is partitioned.
    const fn column(self) -> &'static str {
        match self {
            Self::Calls => "id",
            Self::CallTags => "call_id",
            Self::Rollups => "bucket",
        }
    }

    /// The lowest value of the column in `month`, as a literal. Numbers and ids need no escaping.
    fn bound(self, month: Month) -> String {
        let begin = month.start();
        match self {
            Self::Calls | Self::CallTags => format!("'{}'", CallId::lower_bound(begin).uuid()),
            Self::Rollups => begin.millis().to_string(),
        }
    }

    /// The months to which rows of a call at `moment` may belong.
    fn months(self, moment: Timestamp) -> [Month; 2] {
        let earliest = match self {
            Self::Calls | Self::CallTags => moment,
            Self::Rollups => moment.plus_days(-ROLLUP_LEAD_DAYS),
        };
        [Month::of(earliest), Month::of(moment)]
    }

    /// The name of a month's partition.
    fn partition(self, month: Month) -> String {
        format!("{}_{month}", self.name())
    }

    /// The month of a partition with this name; `None` for one of several months.
    pub(super) fn month(self, partition: &str) -> Option<Month> {
        let (year, month) = partition.strip_prefix(self.name())?.strip_prefix('_')?.split_once('_')?;
        let first_day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
        Some(Month { first_day })
    }
}

/// A calendar month in UTC, which one partition of each table holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Month {
    first_day: NaiveDate,
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}_{:02}", self.first_day.year(), self.first_day.month())
    }
}

impl Month {
    fn of(at: Timestamp) -> Self {
        let day = at.to_chrono().date_naive();
        Self { first_day: day.with_day(1).unwrap_or(day) }
    }

    fn start(self) -> Timestamp {
        self.first_day.and_time(NaiveTime::MIN).and_utc().into()
    }

    /// The beginning of the month after.
    pub(super) fn end(self) -> Timestamp {
        self.after().start()
    }

    fn before(self) -> Self {
        Self { first_day: self.first_day.checked_sub_months(Months::new(1)).unwrap_or(self.first_day) }
    }

    fn after(self) -> Self {
        Self { first_day: self.first_day.checked_add_months(Months::new(1)).unwrap_or(self.first_day) }
    }

    /// This month and `count` further ones.
    fn and_following(self, count: usize) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |month| Some(month.after())).take(count + 1)
    }

    /// Creates the month's partition of a table if it is missing. Returns whether that succeeded.
    async fn ensure(self, database: &Database, table: MonthlyTable) -> bool {
        if !database.is_postgres() {
            return true;
        }
        let outcome = self.try_ensuring(database, table).await;
        if let Err(error) = &outcome {
            let (table, month) = (table.name(), self.first_day);
            tracing::warn!(table, %month, %error, "can't make the month's partition; its rows go to the default one");
        }
        outcome.is_ok()
    }

    async fn try_ensuring(self, database: &Database, monthly: MonthlyTable) -> ServiceResult<bool> {
        let (table, column, name) = (monthly.name(), monthly.column(), monthly.partition(self));
        let (from, to) = (monthly.bound(self), monthly.bound(self.after()));
        // PostgreSQL refuses a partition for rows that are already in the default one: those months stay there. Rollups
        // of the months before they were partitioned are together in one partition, named by the month after them.
        let condition = format!(
            "SELECT to_regclass('{name}') IS NULL \
             AND NOT EXISTS (SELECT 1 FROM {table}_default WHERE {column} >= {from} AND {column} < {to}) \
             AND NOT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             WHERE i.inhparent = '{table}'::regclass AND starts_with(c.relname::text, '{table}_before_') \
             AND c.relname > '{table}_before_{self}') AS needed"
        );
        let condition = Statement::from_string(DbBackend::Postgres, condition);
        // A table that is attached once it is there doesn't keep inserts waiting, as a partition does that is created
        // in its place.
        let statements = vec![
            format!("CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"),
            format!("ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"),
        ];
        database.redefine(&Redefinition { condition, statements }).await
    }
}

/// Months that were seen to have a partition, or to get none.
#[derive(Debug, Default)]
pub(crate) struct KnownMonths(Mutex<BTreeSet<(MonthlyTable, Month)>>);

impl KnownMonths {
    /// Creates missing partitions for calls of these moments, before they are stored. Does nothing on SQLite.
    pub(crate) async fn ensure(&self, database: &Database, moments: impl IntoIterator<Item = Timestamp>) {
        if !database.is_postgres() {
            return;
        }
        let days: BTreeSet<i64> = moments.into_iter().map(|moment| moment.millis().div_euclid(DAY_MILLIS)).collect();
        let months = |day: i64| {
            let begin = Timestamp::from_millis(day * DAY_MILLIS);
            MonthlyTable::ALL.map(|table| table.months(begin).map(|month| (table, month)))
        };
        let mut months: BTreeSet<_> = days.into_iter().flat_map(months).flatten().collect();
        months.retain(|month| !self.lock().contains(month));
        for (table, month) in months {
            if month.ensure(database, table).await {
                self.lock().insert((table, month));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(MonthlyTable, Month)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
