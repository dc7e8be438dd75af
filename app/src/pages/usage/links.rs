//! Targets of the links in a report's chart and table: narrower pages, and the calls behind a number.

use domain::{
    calls::{Outcome, OutcomeFilter},
    ids::ApiKeyId,
    time::Timestamp,
    usage::{
        CustomRange, Filter, Group, Metric, MinuteRange, OTHERS, Range, StatusFilter, UsageQuery, UsageReport, View,
        parse_day,
    },
};

use crate::{
    addresses::{LogsAddress, UsageAddress},
    components::local_day,
};

const MINUTE_MILLIS: i64 = 60_000;
/// The longest range that opens by minute, in milliseconds.
const MAX_MINUTES_MILLIS: i64 = 3 * 60 * MINUTE_MILLIS;

/// Targets of the links in a report's chart and table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Links {
    /// The organization's slug.
    pub(crate) organization: String,
    /// The usage page of the report.
    pub(crate) address: UsageAddress,
    /// Whether the member may read calls, without which no link leads to them.
    pub(crate) to_logs: bool,
}

/// Where a bar leads: texts and addresses.
#[derive(Default)]
pub(super) struct BarLinks {
    pub(super) main: Option<(&'static str, String)>,
    pub(super) other: Option<(&'static str, String)>,
}

impl Links {
    /// The calls that the metric counts, from bucket `first` to the end of bucket `last`; `None` where no filter says which
    /// they are.
    pub(crate) fn calls(&self, report: &UsageReport, first: usize, last: usize) -> Option<LogsAddress> {
        let filter = self.address.query.filter.clone();
        let filter = match self.address.query.metric {
            Metric::Errors => with_outcome(filter, OutcomeFilter::Errors)?,
            Metric::Rejected => with_outcome(filter, OutcomeFilter::Only(Outcome::Refused))?,
            _ => filter,
        };
        self.calls_between(report, first, last, filter)
    }

    /// All calls of the report's range that match a filter, whatever the metric.
    pub(super) fn calls_of(&self, report: &UsageReport, filter: Filter) -> Option<LogsAddress> {
        self.calls_between(report, 0, report.buckets.len().saturating_sub(1), filter)
    }

    /// All calls of the report that the metric counts.
    pub(crate) fn all_calls(&self, report: &UsageReport) -> Option<LogsAddress> {
        self.calls(report, 0, report.buckets.len().saturating_sub(1))
    }

    fn calls_between(&self, report: &UsageReport, first: usize, last: usize, filter: Filter) -> Option<LogsAddress> {
        self.to_logs.then(|| LogsAddress {
            from: report.buckets.get(first).copied(),
            to: Some(report.bucket_end(last)),
            filter,
            time_zone: self.address.query.time_zone.clone(),
            ..LogsAddress::default()
        })
    }

    /// The filter narrowed to one series; `None` if the series has no single value, or if the filter already is that narrow.
    pub(crate) fn narrowed_filter(&self, key: &str) -> Option<Filter> {
        let query = &self.address.query;
        if key == OTHERS { None } else { query.filter.narrowed(&query.group, key) }
    }

    /// The usage page narrowed to one series, or with all groups for the sum of the others.
    pub(crate) fn series(&self, key: &str) -> Option<String> {
        if key == OTHERS {
            return Some(self.groups(true));
        }
        let filter = self.narrowed_filter(key)?;
        Some(self.down(UsageQuery { filter, all_groups: false, ..self.address.query.clone() }))
    }

    /// The usage page narrowed to a model and a key; `None` where one of them is unknown.
    pub(super) fn model_key(&self, model: &str, api_key: Option<ApiKeyId>) -> Option<String> {
        let query = &self.address.query;
        let filter = query.filter.with_values(&Group::Model, &[model.to_owned()])?;
        let filter = Filter { api_keys: vec![api_key?], ..filter };
        Some(self.down(UsageQuery { filter, all_groups: false, ..query.clone() }))
    }

    /// The usage page with all groups in its table, or only with those that have a series.
    pub(crate) fn groups(&self, all_groups: bool) -> String {
        self.page(UsageQuery { all_groups, ..self.address.query.clone() })
    }

    /// The usage page with another metric. A grouping that wasn't chosen is that of the metric.
    pub(super) fn metric(&self, metric: Metric) -> String {
        let query = self.address.query.clone();
        let is_chosen = query.group != own_group(query.metric);
        let group = if is_chosen { query.group.clone() } else { own_group(metric) };
        // The groups that were opened are those of the grouping.
        let all_groups = query.all_groups && group == query.group;
        self.page(UsageQuery { metric, group, all_groups, ..query })
    }

    /// The usage page with another query, at the same level.
    pub(crate) fn page(&self, query: UsageQuery) -> String {
        self.address.with_query(query).href(&self.organization)
    }

    /// The usage page with a narrower query, one level below.
    fn down(&self, query: UsageQuery) -> String {
        self.address.narrowed(query).href(&self.organization)
    }

    /// The usage page of the buckets from `first` to `last` alone; `None` where that is the range already.
    pub(super) fn closer(&self, report: &UsageReport, first: usize, last: usize) -> Option<String> {
        let (from, to) = (*report.buckets.get(first)?, report.bucket_end(last));
        let query = &self.address.query;
        let is_of_days = matches!(report.view, View::Day | View::Week | View::Month);
        let range = match query.range {
            // Its first and last bucket may be parts of days.
            Range::Between(_) => between(from, to)?,
            _ if is_of_days => days(from, to, &report.time_zone)?,
            _ => between(from, to)?,
        };
        let view = (to.millis() - from.millis() <= MAX_MINUTES_MILLIS).then_some(View::Minute);
        let is_whole = first == 0 && last + 1 == report.buckets.len();
        let narrower = UsageQuery { range, view, all_groups: false, ..query.clone() };
        (!is_whole).then(|| self.down(narrower))
    }

    /// Where the bar of a bucket with calls leads: months and weeks to their days; days, hours and minutes to their calls.
    pub(super) fn bar(&self, report: &UsageReport, bucket: usize) -> BarLinks {
        let calls = self.calls(report, bucket, bucket);
        let calls = calls.map(|calls| (view_label(self.address.query.metric), calls.href(&self.organization)));
        let closer = |label| Some((label, self.closer(report, bucket, bucket)?));
        let (main, other) = match report.view {
            View::Month | View::Week => (closer("View days"), calls),
            View::Day => (calls, closer("View hours")),
            View::Hour => (calls, closer("View minutes")),
            View::Minute => (calls, None),
        };
        if main.is_none() { BarLinks { main: other, other: None } } else { BarLinks { main, other } }
    }
}

/// The filter of those calls that ended so; `None` where none does, or where their statuses don't say it: calls that were
/// rejected and calls that failed may have the same.
pub(super) fn with_outcome(filter: Filter, outcome: OutcomeFilter) -> Option<Filter> {
    let wanted = StatusFilter::Outcome(outcome);
    if filter.statuses.is_empty() || filter.statuses.contains(&wanted) {
        return Some(Filter { statuses: vec![wanted], ..filter });
    }
    let is_error = |status: &StatusFilter| {
        matches!(status, StatusFilter::Outcome(OutcomeFilter::Only(Outcome::Failed | Outcome::Interrupted)))
    };
    let are_outcomes = filter.statuses.iter().all(|status| matches!(status, StatusFilter::Outcome(_)));
    let mut statuses = filter.statuses.clone();
    statuses.retain(|status| outcome == OutcomeFilter::Errors && is_error(status));
    (are_outcomes && !statuses.is_empty()).then_some(Filter { statuses, ..filter })
}

/// The grouping in which a metric's tile opens its chart.
fn own_group(metric: Metric) -> Group {
    if metric == Metric::Calls { Group::Endpoint } else { Group::default() }
}

/// The range of whole days from `from` up to `to`, in a zone.
fn days(from: Timestamp, to: Timestamp, zone: &str) -> Option<Range> {
    let day = |moment| parse_day(&local_day(moment, zone));
    CustomRange::new(day(from)?, day(to.plus_millis(-1))?).map(Range::Custom)
}

/// The range of minutes from `from` up to `to`, both rounded outwards.
fn between(from: Timestamp, to: Timestamp) -> Option<Range> {
    let start = from.millis().div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS;
    let end = (to.millis() + MINUTE_MILLIS - 1).div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS;
    MinuteRange::new(Timestamp::from_millis(start), Timestamp::from_millis(end)).map(Range::Between)
}

/// The label of a link to the calls that a metric counts.
pub(super) const fn view_label(metric: Metric) -> &'static str {
    match metric {
        Metric::Errors => "View errors",
        Metric::Rejected => "View rejected calls",
        _ => "View calls",
    }
}
