//! The month's and the last 30 days' usage, for the overview: each rollup is summed once for all that is shown of its day.

use chrono::{Datelike, NaiveDate};
use domain::{
    overview::{DayKind, MAX_TOP_GROUPS, Projection},
    time::Timestamp,
    usage::{
        Comparison, Distribution, Durations, Filter, Group, GroupTotal, MAX_SERIES, Measures, Metric, Range, Series,
        UsageReport, View,
    },
};

use super::{
    buckets::{self, Buckets},
    earlier::EarlierBuckets,
    grouped_sums::{GroupedSum, Selection},
    groups::{GroupSums, ReportSums, sum_others},
    labels::Labels,
    sources::Sources,
    sums::{self, Histogram},
};
use crate::{Actor, Organization, ServiceResult, Services, projects::ProjectScope, zones};

/// The usage that the overview shows.
pub(crate) struct UsageSummary {
    /// Usage of the month so far, in the organization's time zone.
    pub(crate) month: Measures,
    /// Usage of the same days of the previous month.
    pub(crate) previous: Measures,
    pub(crate) projection: Option<Projection>,
    /// Usage of the last 30 days by model.
    pub(crate) recent: UsageReport,
    /// Times to the last byte, by the buckets of `recent`.
    pub(crate) latencies: Vec<Distribution>,
    pub(crate) top_keys: Vec<GroupTotal>,
    pub(crate) top_projects: Vec<GroupTotal>,
}

/// Sums the usage within `scope`.
pub(crate) async fn summary(services: &Services, actor: &Actor, scope: &ProjectScope) -> ServiceResult<UsageSummary> {
    services.wait_until_stored().await;
    let (organization, now) = (&actor.organization, services.now());
    let days = SummaryDays::new(organization, now);
    let reading = Reading { services, organization, scope };
    // Concurrently, since each reads all rollups of its range.
    let (sums, previous, top_keys, top_projects) = tokio::try_join!(
        reading.by_day(&days),
        reading.previous(&days, now),
        reading.top(&days, Group::ApiKey),
        reading.top(&days, Group::Project),
    )?;
    let DaySums { by_day, by_model, latencies } = sums;
    let of_month = by_day.get(days.month_start..).unwrap_or_default();
    let mut month = Measures::default();
    of_month.iter().for_each(|day| month += *day);
    let projection = days.project(of_month);
    let (mut groups, total) = by_model.into_groups(Metric::Spend);
    // Rejected calls alone don't end the first steps.
    let ever_called = total.calls > 0 || month.calls > 0 || sums::ever_called(services, actor, scope).await?;
    let row_count = groups.iter().map(|(_, group)| group.points.len() as u64).sum();
    let others = groups.split_off(groups.len().min(MAX_SERIES));
    let keys: Vec<&str> = groups.iter().map(|(key, _)| key.as_str()).collect();
    let labels = Labels::find(services.database.read(), organization, &Group::Model, &keys).await?;
    let series = groups.into_iter().map(|(key, group)| {
        let label = labels.get(&key);
        group.into_series(key, label)
    });
    let mut series: Vec<Series> = series.collect();
    series.extend(sum_others(others));
    let mut durations = Durations::default();
    latencies.iter().for_each(|day| durations.latency += *day);
    let Buckets { starts, end } = days.recent();
    let recent = UsageReport {
        time_zone: organization.time_zone.name().to_owned(),
        view: View::Day,
        buckets: starts,
        end,
        read_at: now,
        series,
        other_groups: Vec::new(),
        row_count,
        total,
        durations,
        compared: None,
        ever_called,
    };
    Ok(UsageSummary { month, previous, projection, recent, latencies, top_keys, top_projects })
}

/// The days of the month so far and the last 30 days.
struct SummaryDays {
    /// All of them: one month's first day may be before the 30 days, or after their first.
    all: Buckets,
    /// Index of the month's first day.
    month_start: usize,
    /// Index of the first of the 30 days.
    recent_start: usize,
    first_of_month: NaiveDate,
    today: NaiveDate,
}

impl SummaryDays {
    fn new(organization: &Organization, now: Timestamp) -> Self {
        let zone = organization.time_zone;
        let (first_of_month, today) = buckets::days(Range::MonthToDate, zone, now);
        let (first_of_recent, _) = buckets::days(Range::Last30Days, zone, now);
        let after = today.succ_opt().unwrap_or(today);
        let all = buckets::every_day(first_of_month.min(first_of_recent), after, zone);
        let index = |day| {
            let start = zones::start_of_day(day, zone);
            all.starts.partition_point(|other| *other < start)
        };
        let (month_start, recent_start) = (index(first_of_month), index(first_of_recent));
        Self { all, month_start, recent_start, first_of_month, today }
    }

    fn since(&self, first: usize) -> Buckets {
        Buckets { starts: self.all.starts.iter().skip(first).copied().collect(), end: self.all.end }
    }

    fn month(&self) -> Buckets {
        self.since(self.month_start)
    }

    fn recent(&self) -> Buckets {
        self.since(self.recent_start)
    }

    /// Projects the usage of the month's days to its end.
    fn project(&self, of_month: &[Measures]) -> Option<Projection> {
        // A day that the zone skipped has no bucket, and days are of a kind by their order: only once in Samoa is one wrong.
        let kinds = self.first_of_month.iter_days().map(DayKind::of);
        let days: Vec<(DayKind, Measures)> = kinds.zip(of_month.iter().copied()).collect();
        let is_of_month = |day: &NaiveDate| day.month() == self.first_of_month.month();
        let to_come: Vec<DayKind> = self.today.iter_days().skip(1).take_while(is_of_month).map(DayKind::of).collect();
        Projection::of(&days, &to_come)
    }
}

/// Sums of the days.
struct DaySums {
    /// All usage, by the index of the day.
    by_day: Vec<Measures>,
    /// Usage of the 30 days by model.
    by_model: ReportSums,
    latencies: Vec<Distribution>,
}

/// Whose usage is summed.
struct Reading<'a> {
    services: &'a Services,
    organization: &'a Organization,
    scope: &'a ProjectScope,
}

impl Reading<'_> {
    fn sources(&self, buckets: &Buckets) -> Sources {
        Sources::of(buckets, true, self.organization.time_zone)
    }

    const fn selection<'s>(&'s self, sources: &'s Sources, filter: &'s Filter) -> Selection<'s> {
        Selection { organization: self.organization, sources, scope: self.scope, filter }
    }

    async fn by_day(&self, days: &SummaryDays) -> ServiceResult<DaySums> {
        let count = days.all.starts.len();
        let mut by_day = vec![Measures::default(); count];
        let mut latencies = vec![Distribution::default(); count.saturating_sub(days.recent_start)];
        let mut by_model = ReportSums::new(false);
        let (sources, filter) = (self.sources(&days.all), Filter::default());
        let add = |sum: GroupedSum| {
            if let Some(day) = by_day.get_mut(sum.bucket) {
                *day += sum.measures;
            }
            let Some(bucket) = sum.bucket.checked_sub(days.recent_start) else { return };
            if let Some(day) = latencies.get_mut(bucket) {
                *day += sum.durations;
            }
            by_model.add(GroupedSum { bucket, ..sum });
        };
        let database = self.services.database.read();
        self.selection(&sources, &filter).for_each_sum(database, &Group::Model, Some(Histogram::Latency), add).await?;
        Ok(DaySums { by_day, by_model, latencies })
    }

    /// Sums the same days of the previous month.
    async fn previous(&self, days: &SummaryDays, now: Timestamp) -> ServiceResult<Measures> {
        let range = (Range::MonthToDate, View::Day);
        let zone = self.organization.time_zone;
        let earlier = EarlierBuckets::new(Comparison::LastMonth, range, &days.month(), zone, now);
        // No day is left out between the first and the last.
        let (sources, filter) = (self.sources(&earlier.buckets.whole()), Filter::default());
        self.selection(&sources, &filter).total(self.services.database.read()).await
    }

    /// Returns the groups that cost most in the last 30 days.
    async fn top(&self, days: &SummaryDays, group: Group) -> ServiceResult<Vec<GroupTotal>> {
        let (sources, filter) = (self.sources(&days.recent().whole()), Filter::default());
        let mut sums = ReportSums::new(false);
        let database = self.services.database.read();
        self.selection(&sources, &filter).for_each_sum(database, &group, None, |sum| sums.add(sum)).await?;
        let (mut groups, _) = sums.into_groups(Metric::Spend);
        groups.truncate(MAX_TOP_GROUPS);
        let keys: Vec<&str> = groups.iter().map(|(key, _)| key.as_str()).collect();
        let labels = Labels::find(database, self.organization, &group, &keys).await?;
        let total = |(key, sums): &(String, GroupSums)| GroupTotal {
            key: key.clone(),
            label: labels.get(key),
            total: sums.total,
        };
        Ok(groups.iter().map(total).collect())
    }
}
