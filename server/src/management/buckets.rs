//! Queries of usage and costs in buckets, in the form of OpenAI's usage API.

use std::marker::PhantomData;

use domain::{ids::ProjectId, time::Timestamp, usage::Filter};
use services::usage::breakdown::{Breakdown, SpanShare, SpanWidth, UsageResource};
use utoipa::{
    IntoParams, PartialSchema,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::{
    dimensions::{FilterName, GroupName, Grouping},
    tables::Cell,
};
use crate::v1::{
    error::V1Error,
    input::{QueryParams, number},
    parameters::{integer, list_of, one_of, query_param},
};

/// The latest accepted time, 2200-01-01, in seconds of Unix time.
const MAX_TIME: i64 = 7_258_118_400;

/// Minutes and hours on a page: the default and the maximum. OpenAI's limits, which has neither for costs.
const MINUTES: (i64, i64) = (60, 1440);
const HOURS: (i64, i64) = (24, 168);

/// Parameters of all resources but their own filters.
const SHARED_PARAMETERS: [&str; 7] =
    ["start_time", "end_time", "bucket_width", "group_by", "project_ids", "limit", "page"];

/// The result of one group in a bucket, and what its resource's queries may say.
pub(super) trait BucketResult: Sized {
    const RESOURCE: UsageResource;
    /// Values of `group_by`.
    const GROUPS: &'static [GroupName];
    /// Parameters beside those of all resources.
    const FILTERS: &'static [FilterName];
    /// Days on a page: the default and the maximum. OpenAI's limits.
    const DAYS: (i64, i64) = (7, 31);
    /// Names of the columns of a table.
    const COLUMNS: &'static [&'static str];

    fn new(share: SpanShare, query: &BucketQuery<Self>) -> Self;

    /// The values of [`Self::COLUMNS`].
    fn cells(&self) -> Vec<&dyn Cell>;
}

/// The requested breakdown to results of type `T`, and the beginning of its next page.
pub(super) struct BucketQuery<T> {
    pub(super) breakdown: Breakdown,
    pub(super) grouping: Grouping,
    /// In seconds of Unix time.
    pub(super) next: Option<i64>,
    result: PhantomData<fn() -> T>,
}

impl<T: BucketResult> BucketQuery<T> {
    /// Reads the parameters.
    ///
    /// A bucket is a whole minute, hour or day of UTC, even if `start_time` or `end_time` lie within one: that is how
    /// usage is stored.
    pub(super) fn read(query: QueryParams, now: Timestamp) -> Result<Self, V1Error> {
        let own = T::FILTERS.iter().map(|filter| filter.name());
        let query = query.reject_unknown(&SHARED_PARAMETERS.into_iter().chain(own).collect::<Vec<_>>())?;
        let width = query.one("bucket_width", parse_width)?.unwrap_or_default();
        let seconds = width.millis() / 1000;
        let (default_limit, max_limit) = limits::<T>(width);
        let time = number(0, MAX_TIME);
        let start = query.one("start_time", &time)?;
        let start =
            start.ok_or_else(|| V1Error::invalid("start_time", "`start_time` is required, in Unix seconds."))?;
        let end = query.one("end_time", &time)?.unwrap_or(now.millis().div_euclid(1000) + 1);
        if end <= start {
            return Err(V1Error::invalid("end_time", "`end_time` must be after `start_time`."));
        }
        let (start, end) = (start.div_euclid(seconds) * seconds, (end + seconds - 1).div_euclid(seconds) * seconds);
        let page = query.one("page", |page| {
            let time = page.strip_prefix(PAGE_PREFIX).and_then(|time| time.parse().ok());
            time.filter(|time| time % seconds == 0 && (start..end).contains(time))
                .ok_or("`page` doesn't belong to this query.")
        })?;
        let from = page.unwrap_or(start);
        let limit = query.one("limit", number(1, max_limit))?.unwrap_or(default_limit);
        let to = end.min(from + limit * seconds);
        let grouping = Grouping::read(&query, T::GROUPS)?;
        let mut filter = Filter { projects: query.many("project_ids", str::parse)?, ..Filter::default() };
        let mut resource = T::RESOURCE;
        for name in T::FILTERS {
            if !name.read(&query, &mut filter)? {
                resource = UsageResource::Unmetered;
            }
        }
        let breakdown = Breakdown {
            resource,
            width,
            from: Timestamp::from_millis(from * 1000),
            to: Timestamp::from_millis(to * 1000),
            groups: grouping.dimensions(),
            filter,
        };
        Ok(Self { breakdown, grouping, next: (to < end).then_some(to), result: PhantomData })
    }

    /// The parameter `page` of the next page; `None` on the last one.
    pub(super) fn next_page(&self) -> Option<String> {
        self.next.map(|start| format!("{PAGE_PREFIX}{start}"))
    }
}

/// Buckets on a page: the default and the maximum.
const fn limits<T: BucketResult>(width: SpanWidth) -> (i64, i64) {
    match width {
        SpanWidth::Minute => MINUTES,
        SpanWidth::Hour => HOURS,
        SpanWidth::Day => T::DAYS,
    }
}

impl<T: BucketResult> IntoParams for BucketQuery<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let start = query_param(
            "start_time",
            "Start, in Unix seconds. The bucket that contains it is returned as a whole.",
            integer(0, MAX_TIME),
        );
        let groups: Vec<&str> = T::GROUPS.iter().map(|group| group.name()).collect();
        let (default_days, max_days) = T::DAYS;
        let mut parameters = vec![
            ParameterBuilder::from(start).required(Required::True).build(),
            query_param(
                "end_time",
                "End, in Unix seconds, exclusive; now by default. The bucket that contains it is returned as a whole.",
                integer(0, MAX_TIME),
            ),
            query_param(
                "bucket_width",
                "Length of a bucket, in UTC; `1d` by default. Minutes are known as long as calls are kept.",
                one_of(&["1m", "1h", "1d"]),
            ),
            query_param(
                "group_by",
                "Dimensions by which a bucket's results are grouped; one result for all by default.",
                list_of(one_of(&groups)),
            ),
            query_param("project_ids", "Projects to restrict the results to.", list_of(ProjectId::schema())),
            query_param(
                "limit",
                &format!(
                    "Number of buckets per page; {} minutes, {} hours or {default_days} days by default. The maximum is {} \
                     minutes, {} hours or {max_days} days.",
                    MINUTES.0, HOURS.0, MINUTES.1, HOURS.1
                ),
                integer(1, MINUTES.1),
            ),
            query_param("page", "The `next_page` of the previous page; omit it for the first page.", String::schema()),
        ];
        parameters.extend(T::FILTERS.iter().map(|filter| filter.parameter()));
        parameters
    }
}

/// The prefix of a page's name, before its beginning in seconds.
const PAGE_PREFIX: &str = "page_";

fn parse_width(text: &str) -> Result<SpanWidth, &'static str> {
    match text {
        "1m" => Ok(SpanWidth::Minute),
        "1h" => Ok(SpanWidth::Hour),
        "1d" => Ok(SpanWidth::Day),
        _ => Err("`bucket_width` must be \"1m\", \"1h\" or \"1d\"."),
    }
}
