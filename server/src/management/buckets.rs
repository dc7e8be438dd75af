//! Usage and costs in buckets, as OpenAI's usage API tells them.

use domain::{
    models::Service,
    time::Timestamp,
    usage::{Group, View},
};
use serde::Serialize;
use services::usage::breakdown::{Breakdown, Share, Span};

use crate::v1::error::Refusal;
use crate::v1::input::{Query, number};

/// The end of the years that are told, 2200-01-01, in seconds.
const LATEST: i64 = 7_258_118_400;
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// How many buckets a page holds where nobody says, and at most.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) hours: (i64, i64),
    pub(super) days: (i64, i64),
}

/// What is asked for, and where its next page would begin.
pub(super) struct Asked {
    pub(super) breakdown: Breakdown,
    /// In seconds.
    next: Option<i64>,
}

impl Asked {
    /// Reads what usage and costs are asked alike.
    ///
    /// A bucket is an hour or a day of UTC, whole, also where `start_time` or `end_time` lie within: that is how usage
    /// is kept.
    pub(super) fn read(
        query: Query,
        now: Timestamp,
        service: Option<Service>,
        limits: Limits,
    ) -> Result<Self, Refusal> {
        let query = query.only(&[
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
        let width = query.one("bucket_width", width)?.unwrap_or_default();
        let (seconds, (usual, most)) = match width {
            View::Hour => (HOUR, limits.hours),
            View::Day => (DAY, limits.days),
        };
        let time = number(0, LATEST);
        let start = query.one("start_time", &time)?;
        let start = start.ok_or_else(|| Refusal::invalid("start_time", "Say since when, in seconds of Unix time."))?;
        let end = query.one("end_time", &time)?.unwrap_or(now.millis().div_euclid(1000) + 1);
        if end <= start {
            return Err(Refusal::invalid("end_time", "It must be after start_time, and isn't included."));
        }
        let (start, end) = (start.div_euclid(seconds) * seconds, (end + seconds - 1).div_euclid(seconds) * seconds);
        let page = query.one("page", |page| {
            let at = page.strip_prefix(PAGE).and_then(|at| at.parse().ok());
            at.filter(|at| at % seconds == 0 && (start..end).contains(at))
                .ok_or("This is no page of this very question.")
        })?;
        let from = page.unwrap_or(start);
        let limit = query.one("limit", number(1, most))?.unwrap_or(usual);
        let to = end.min(from + limit * seconds);
        let breakdown = Breakdown {
            width,
            from: Timestamp::from_millis(from * 1000),
            to: Timestamp::from_millis(to * 1000),
            groups: query.many("group_by", group)?,
            service,
            projects: query.many("project_ids", str::parse)?,
            api_keys: query.many("api_key_ids", str::parse)?,
            models: query.many("models", |model| Ok::<_, String>(model.to_owned()))?,
        };
        Ok(Self { breakdown, next: (to < end).then_some(to) })
    }

    /// The answer, with `result` for each part of a bucket.
    pub(super) fn page<T>(&self, spans: Vec<Span>, result: impl Fn(Share) -> T) -> Page<T> {
        let bucket = |span: Span| Bucket {
            object: "bucket",
            start_time: span.from.millis() / 1000,
            end_time: span.to.millis() / 1000,
            results: span.shares.into_iter().map(&result).collect(),
        };
        Page {
            object: "page",
            data: spans.into_iter().map(bucket).collect(),
            has_more: self.next.is_some(),
            next_page: self.next.map(|at| format!("{PAGE}{at}")),
        }
    }
}

/// What the name of a page begins with; when it begins follows.
const PAGE: &str = "page_";

fn width(text: &str) -> Result<View, &'static str> {
    match text {
        "1h" => Ok(View::Hour),
        "1d" => Ok(View::Day),
        "1m" => Err("Usage isn't kept by minutes. Ask for \"1h\" or \"1d\"."),
        _ => Err("A bucket is \"1h\" or \"1d\" wide."),
    }
}

fn group(text: &str) -> Result<Group, &'static str> {
    match text {
        "project_id" => Ok(Group::Project),
        "api_key_id" => Ok(Group::ApiKey),
        // What a cost is for is a model.
        "model" | "line_item" => Ok(Group::Model),
        _ => Err("Group by project_id, api_key_id or model."),
    }
}

/// Consecutive buckets.
#[derive(Serialize)]
pub(super) struct Page<T> {
    object: &'static str,
    data: Vec<Bucket<T>>,
    has_more: bool,
    next_page: Option<String>,
}

#[derive(Serialize)]
struct Bucket<T> {
    object: &'static str,
    /// In seconds of Unix time.
    start_time: i64,
    end_time: i64,
    results: Vec<T>,
}
