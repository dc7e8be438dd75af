//! Usage and costs in buckets, in the form of OpenAI's usage API.

use domain::{
    ids::{ApiKeyId, ProjectId},
    models::Service,
    time::Timestamp,
    usage::Group,
};
use serde::Serialize;
use services::usage::breakdown::{Breakdown, Span, SpanShare, SpanWidth};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use crate::v1::{
    error::V1Error,
    input::{QueryParams, number},
    parameters::{integer, list_of, one_of, query_param},
};

/// The latest accepted time, 2200-01-01, in seconds of Unix time.
const MAX_TIME: i64 = 7_258_118_400;
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// Buckets on a page: the default and the maximum.
#[derive(Clone, Copy)]
pub(super) struct BucketLimits {
    pub(super) hours: (i64, i64),
    pub(super) days: (i64, i64),
}

/// The requested breakdown, and the beginning of its next page.
pub(super) struct BucketQuery {
    pub(super) breakdown: Breakdown,
    /// In seconds of Unix time.
    next: Option<i64>,
}

impl BucketQuery {
    /// Reads the parameters that usage and costs share.
    ///
    /// A bucket is a whole hour or day of UTC, even if `start_time` or `end_time` lie within one: that is how
    /// usage is stored.
    pub(super) fn read(
        query: QueryParams,
        now: Timestamp,
        service: Option<Service>,
        limits: BucketLimits,
    ) -> Result<Self, V1Error> {
        let query = query.reject_unknown(&[
            "start_time",
            "end_time",
            "bucket_width",
            "group_by",
            "project_ids",
            "api_key_ids",
            "models",
            "limit",
            "page",
        ])?;
        let width = query.one("bucket_width", parse_width)?.unwrap_or_default();
        let (seconds, (default_limit, max_limit)) = match width {
            SpanWidth::Hour => (HOUR, limits.hours),
            SpanWidth::Day => (DAY, limits.days),
        };
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
        let breakdown = Breakdown {
            width,
            from: Timestamp::from_millis(from * 1000),
            to: Timestamp::from_millis(to * 1000),
            groups: query.many("group_by", parse_group)?,
            service,
            projects: query.many("project_ids", str::parse)?,
            api_keys: query.many("api_key_ids", str::parse)?,
            models: query.many("models", |model| Ok::<_, String>(model.to_owned()))?,
        };
        Ok(Self { breakdown, next: (to < end).then_some(to) })
    }

    /// The response, with `result` for each part of a bucket.
    pub(super) fn page<T>(&self, spans: Vec<Span>, result: impl Fn(SpanShare) -> T) -> BucketPage<T> {
        let bucket = |span: Span| Bucket {
            object: "bucket",
            start_time: span.from.millis() / 1000,
            end_time: span.to.millis() / 1000,
            results: span.shares.into_iter().map(&result).collect(),
        };
        BucketPage {
            object: "page",
            data: spans.into_iter().map(bucket).collect(),
            has_more: self.next.is_some(),
            next_page: self.next.map(|start| format!("{PAGE_PREFIX}{start}")),
        }
    }
}

impl IntoParams for BucketQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let start = query_param(
            "start_time",
            "Start, in Unix seconds. The bucket that contains it is returned as a whole.",
            integer(0, MAX_TIME),
        );
        vec![
            ParameterBuilder::from(start).required(Required::True).build(),
            query_param(
                "end_time",
                "End, in Unix seconds, exclusive; now by default. The bucket that contains it is returned as a whole.",
                integer(0, MAX_TIME),
            ),
            query_param("bucket_width", "Length of a bucket, in UTC; `1d` by default.", one_of(&["1h", "1d"])),
            query_param(
                "group_by",
                "Dimensions by which a bucket's results are grouped; one result for all by default.",
                list_of(one_of(&["project_id", "api_key_id", "model", "line_item"])),
            ),
            query_param("project_ids", "Projects to restrict the results to.", list_of(ProjectId::schema())),
            query_param("api_key_ids", "Keys to restrict the results to.", list_of(ApiKeyId::schema())),
            query_param("models", "Models to restrict the results to.", list_of(String::schema())),
            query_param(
                "limit",
                "Number of buckets per page; 24 hours or 7 days by default. The maximum is 168 hours, or 31 days for usage \
                 and 180 days for costs.",
                integer(1, 180),
            ),
            query_param("page", "The `next_page` of the previous page; omit it for the first page.", String::schema()),
        ]
    }
}

/// The prefix of a page's name, before its beginning in seconds.
const PAGE_PREFIX: &str = "page_";

fn parse_width(text: &str) -> Result<SpanWidth, &'static str> {
    match text {
        "1h" => Ok(SpanWidth::Hour),
        "1d" => Ok(SpanWidth::Day),
        "1m" => Err("Usage by minute isn't available. Use \"1h\" or \"1d\"."),
        _ => Err("`bucket_width` must be \"1h\" or \"1d\"."),
    }
}

fn parse_group(text: &str) -> Result<Group, &'static str> {
    match text {
        "project_id" => Ok(Group::Project),
        "api_key_id" => Ok(Group::ApiKey),
        // A cost's line item is its model.
        "model" | "line_item" => Ok(Group::Model),
        _ => Err("`group_by` must be project_id, api_key_id or model."),
    }
}

/// A page of consecutive buckets.
#[derive(Serialize, ToSchema)]
pub(super) struct BucketPage<T> {
    #[schema(example = "page")]
    object: &'static str,
    data: Vec<Bucket<T>>,
    /// Whether there is a next page.
    has_more: bool,
    /// The parameter `page` of the next page; `null` if there is none.
    #[schema(required)]
    next_page: Option<String>,
}

/// An hour or day of UTC.
#[derive(Serialize, ToSchema)]
struct Bucket<T> {
    #[schema(example = "bucket")]
    object: &'static str,
    /// Start, in seconds of Unix time.
    start_time: i64,
    /// End, in seconds of Unix time, exclusive.
    end_time: i64,
    /// A result for each group that has calls; empty if there were none.
    results: Vec<T>,
}
