//! Usage by minutes, hours or days of UTC and any combination of dimensions, for programs that process it further.
//!
//! Hours and days are summed from rollups. Minutes, and quantities that rollups don't have, are summed from calls, so
//! they are known for as long as calls are kept.

mod dimensions;
mod resource;
mod totals;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    ids::CallId,
    permissions::Permission,
    time::{DAY_MILLIS, MINUTE_MILLIS, Timestamp},
    usage::{Filter, Measures},
};
use futures::TryStreamExt;
use sea_orm::StreamTrait;

pub use self::{
    dimensions::{ImageSource, SpanGroup, SpanKey},
    resource::UsageResource,
    totals::SpanTotals,
};
use super::{
    buckets::{Buckets, day_around},
    conditions::series_condition,
    cover::Cover,
    sums::{Slice, from},
};
use crate::{
    Actor, ServiceResult, Services,
    database::Bound,
    projects::{self, ProjectScope},
};

/// Maximum number of results of a breakdown, over all spans.
pub const MAX_RESULTS: u64 = 50_000;

/// The length of a span.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SpanWidth {
    Minute,
    Hour,
    #[default]
    Day,
}

impl SpanWidth {
    /// The length in milliseconds.
    pub const fn millis(self) -> i64 {
        match self {
            Self::Minute => MINUTE_MILLIS,
            Self::Hour => 60 * MINUTE_MILLIS,
            Self::Day => DAY_MILLIS,
        }
    }
}

/// A query for usage by span and group.
#[derive(Clone, Debug)]
pub struct Breakdown {
    pub resource: UsageResource,
    pub width: SpanWidth,
    /// The start of the first span, a full minute or hour or midnight in UTC.
    pub from: Timestamp,
    /// The end of the last span, likewise.
    pub to: Timestamp,
    /// Dimensions by which a span's results are grouped, each at most once.
    pub groups: Vec<SpanGroup>,
    /// The calls to include, by all dimensions but statuses and tags.
    pub filter: Filter,
}

/// A minute, hour or day of a breakdown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
    /// Usage by group; empty if there was none.
    pub shares: Vec<SpanShare>,
}

/// The usage of one group in a span.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpanShare {
    pub key: SpanKey,
    pub totals: SpanTotals,
}

impl Breakdown {
    /// Whether it is summed from calls, so that it lacks those that aren't kept any longer.
    pub const fn reads_calls(&self) -> bool {
        let is_metered = !matches!(self.resource, UsageResource::Unmetered);
        is_metered && (matches!(self.width, SpanWidth::Minute) || self.resource.is_of_calls())
    }

    /// All spans, without usage.
    fn spans(&self) -> Vec<Span> {
        let millis = self.width.millis();
        let next = |from: &Timestamp| Some(from.plus_millis(millis));
        let starts = std::iter::successors(Some(self.from), next).take_while(|from| *from < self.to);
        starts.map(|from| Span { from, to: from.plus_millis(millis), shares: Vec::new() }).collect()
    }

    /// The rollups that make up `spans`, given the organization's zone.
    fn cover(&self, spans: &[Span], zone: Tz) -> Cover {
        let starts = spans.iter().map(|span| span.from).collect();
        let buckets = Buckets { starts, end: spans.last().map_or(self.from, |span| span.to) };
        let days: &dyn Fn(Timestamp) -> [Timestamp; 2] = &|moment| day_around(moment, zone);
        // Full hours are added only, and distributions can't be subtracted.
        let has_days = self.width == SpanWidth::Day && self.resource != UsageResource::Latencies;
        Cover::of(&buckets, has_days.then_some(days))
    }
}

/// Returns the usage of each span, as far as the actor may see it.
///
/// Sums equal those of [`report`](super::report) over the same time.
pub async fn breakdown(services: &Services, actor: &Actor, request: &Breakdown) -> ServiceResult<Vec<Span>> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let scope = projects::scope(database, actor, Permission::ViewUsage).await?;
    let mut spans = request.spans();
    if request.resource == UsageResource::Unmetered {
        return Ok(spans);
    }
    let zone = actor.organization.time_zone;
    let cover = if request.reads_calls() { Cover::default() } else { request.cover(&spans, zone) };
    let mut bound = Bound::new(database.get_database_backend());
    let query = if request.reads_calls() {
        query_calls(actor, &scope, request, &mut bound)
    } else {
        let slice = Slice { organization: &actor.organization, cover: &cover, scope: &scope, filter: &request.filter };
        query_rollups(&slice, request, &mut bound)
    };
    // Streamed, since the number of results is known only once rows are summed by span.
    let mut rows = database.stream_raw(bound.statement(query)).await?;
    let mut results = 0;
    let mut current: Option<GroupSpans> = None;
    while let Some(row) = rows.try_next().await? {
        let key = SpanKey::read(&row, &request.groups)?;
        if current.as_ref().is_none_or(|current| current.key != key) {
            results += current.replace(GroupSpans::new(key)).map_or(0, |sums| sums.write_into(&mut spans));
            check_limit(results)?;
        }
        let slot: i64 = row.try_get("", "slot")?;
        let slot = usize::try_from(slot).unwrap_or(usize::MAX);
        let Some(current) = &mut current else { continue };
        if request.reads_calls() {
            current.add(slot, SpanTotals::read_calls(&row, request.resource)?);
        } else {
            let totals = SpanTotals::read_rollups(&row, request.resource)?;
            let counted = cover.count(slot, totals.measures);
            counted.for_each(|(span, measures)| current.add(span, SpanTotals { measures, ..totals.clone() }));
        }
    }
    results += current.map_or(0, |sums| sums.write_into(&mut spans));
    check_limit(results)?;
    Ok(spans)
}

fn check_limit(results: u64) -> ServiceResult<()> {
    if results <= MAX_RESULTS {
        return Ok(());
    }
    let message = format!("More than {MAX_RESULTS} results. Request fewer buckets, or filter them.");
    Err(FieldErrors::of("limit", message).into())
}

/// The sums read so far of one group.
struct GroupSpans {
    key: SpanKey,
    by_span: BTreeMap<usize, SpanTotals>,
}

impl GroupSpans {
    const fn new(key: SpanKey) -> Self {
        Self { key, by_span: BTreeMap::new() }
    }

    fn add(&mut self, span: usize, totals: SpanTotals) {
        *self.by_span.entry(span).or_default() += totals;
    }

    /// Adds shares to the spans with calls, not counting refused ones, and returns their number.
    fn write_into(self, spans: &mut [Span]) -> u64 {
        let mut results = 0;
        // Sums may cancel out, if the rollups belong to other spans.
        for (span, totals) in self.by_span.into_iter().filter(|(_, totals)| totals.measures.calls > 0) {
            if let Some(span) = spans.get_mut(span) {
                let totals = SpanTotals { measures: Measures { refused: 0, ..totals.measures }, ..totals };
                span.shares.push(SpanShare { key: self.key.clone(), totals });
                results += 1;
            }
        }
        results
    }
}

/// Builds the query for sums of rollups by slot and group, ordered by group.
fn query_rollups(slice: &Slice<'_>, request: &Breakdown, bound: &mut Bound) -> String {
    let slot = bound.number("p.value ->> 3");
    let columns = totals::rollup_columns(request.resource);
    let from = format!("{} AND {}", from(slice, bound), request.resource.condition());
    select(&slot, &columns, &request.groups, &from)
}

/// Builds the query for sums of calls by span and group, ordered by group.
fn query_calls(actor: &Actor, scope: &ProjectScope, request: &Breakdown, bound: &mut Bound) -> String {
    let slot = format!("(c.started_at - {}) / {}", request.from.millis(), request.width.millis());
    let columns = totals::call_columns(request.resource, bound);
    // SQLite joins the tables in this order: speeches are few, and found by the index of their series.
    let is_looked_up = request.resource == UsageResource::Speeches && request.width != SpanWidth::Minute;
    let tables = if is_looked_up { "series s CROSS JOIN calls c" } else { "calls c CROSS JOIN series s" };
    let organization = bound.value(actor.organization.id.uuid());
    let first = bound.value(CallId::lower_bound(request.from).uuid());
    let after = bound.value(CallId::lower_bound(request.to).uuid());
    let from = format!(
        "FROM {tables} WHERE c.organization_id = {organization} AND c.id >= {first} AND c.id < {after} \
         AND {of_call} AND s.organization_id = {organization} AND s.id = c.series_id AND {of_resource} AND {of_series}",
        of_call = totals::call_condition(request.resource, bound),
        of_resource = request.resource.condition(),
        of_series = series_condition(scope, &request.filter, bound),
    );
    select(&slot, &columns, &request.groups, &from)
}

/// The query for `columns` by slot and group.
fn select(slot: &str, columns: &str, groups: &[SpanGroup], from: &str) -> String {
    let selected: String = groups.iter().map(|group| format!(", {}", group.selected())).collect();
    let order: String = groups.iter().map(|group| format!("{}, ", group.expression())).collect();
    format!("SELECT {slot} AS slot, {columns}{selected} {from} GROUP BY {order}1 ORDER BY {order}1")
}
