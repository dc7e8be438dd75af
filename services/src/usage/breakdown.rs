//! Usage by hours or days of UTC and any combination of dimensions, for programs that process it further.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId},
    models::Service,
    permissions::Permission,
    time::{DAY_MILLIS, Timestamp},
    usage::{Filter, Group, Measures},
};
use futures::TryStreamExt;
use sea_orm::{FromQueryResult, QueryResult, StreamTrait};
use uuid::Uuid;

use super::{
    buckets::{Buckets, day_around},
    cover::Cover,
    sums::{Columns, Slice, column, columns, from},
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
    Hour,
    #[default]
    Day,
}

/// A query for usage by span and group. Empty lists filter nothing.
#[derive(Clone, Debug)]
pub struct Breakdown {
    pub width: SpanWidth,
    /// The start of the first span, a full hour or midnight in UTC.
    pub from: Timestamp,
    /// The end of the last span, likewise.
    pub to: Timestamp,
    /// Dimensions by which a span's results are grouped.
    pub groups: Vec<Group>,
    /// The only service to include.
    pub service: Option<Service>,
    pub projects: Vec<ProjectId>,
    pub api_keys: Vec<ApiKeyId>,
    pub models: Vec<String>,
}

/// An hour or day of a breakdown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
    /// Usage by project, key and model; empty if there was none.
    pub shares: Vec<SpanShare>,
}

/// A part of a span's usage. Dimensions that aren't grouped by, or that its calls don't have, are `None`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpanShare {
    pub project: Option<ProjectId>,
    pub api_key: Option<ApiKeyId>,
    pub model: Option<String>,
    pub measures: Measures,
}

impl Breakdown {
    /// The length of a span in milliseconds.
    const fn millis(&self) -> i64 {
        match self.width {
            SpanWidth::Hour => 60 * 60_000,
            SpanWidth::Day => DAY_MILLIS,
        }
    }

    /// All spans, without usage.
    fn spans(&self) -> Vec<Span> {
        let next = |from: &Timestamp| Some(from.plus_millis(self.millis()));
        let starts = std::iter::successors(Some(self.from), next).take_while(|from| *from < self.to);
        starts.map(|from| Span { from, to: from.plus_millis(self.millis()), shares: Vec::new() }).collect()
    }

    /// The rollups that make up `spans`, given the organization's zone.
    fn cover(&self, spans: &[Span], zone: Tz) -> Cover {
        let starts = spans.iter().map(|span| span.from).collect();
        let buckets = Buckets { starts, end: spans.last().map_or(self.from, |span| span.to) };
        let days: &dyn Fn(Timestamp) -> [Timestamp; 2] = &|moment| day_around(moment, zone);
        Cover::of(&buckets, (self.width == SpanWidth::Day).then_some(days))
    }

    /// The conditions that a slice doesn't cover.
    fn condition(&self, bound: &mut Bound) -> String {
        let mut condition = String::new();
        if let Some(service) = self.service {
            condition.push_str(&format!(" AND s.service = '{service}'"));
        }
        if !self.api_keys.is_empty() {
            let among = bound.among_ids(self.api_keys.iter().map(|key| key.uuid()));
            condition.push_str(&format!(" AND s.api_key_id {among}"));
        }
        if !self.models.is_empty() {
            let among = bound.among_texts(self.models.iter().map(String::as_str));
            condition.push_str(&format!(" AND s.model {among}"));
        }
        condition
    }
}

/// Returns the usage of each span, as far as the actor may see it.
///
/// Sums equal those of [`report`](super::report) over the same time.
pub async fn breakdown(services: &Services, actor: &Actor, request: &Breakdown) -> ServiceResult<Vec<Span>> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let scope = narrow(projects::scope(database, actor, Permission::ViewUsage).await?, &request.projects);
    let mut spans = request.spans();
    let cover = request.cover(&spans, actor.organization.time_zone);
    let slice = Slice { organization: &actor.organization, cover: &cover, scope: &scope, filter: &Filter::default() };
    let mut bound = Bound::new(database.get_database_backend());
    let query = build_query(&slice, request, &mut bound);
    // Streamed, since the number of results is known only once rows are summed by span.
    let mut rows = database.stream_raw(bound.statement(query)).await?;
    let mut results = 0;
    let mut current: Option<SpanSums> = None;
    while let Some(row) = rows.try_next().await? {
        let share = read_share(&row, &request.groups)?;
        if current.as_ref().is_none_or(|current| current.share != share) {
            results += current.replace(SpanSums::new(share)).map_or(0, |sums| sums.write_into(&mut spans));
            check_limit(results)?;
        }
        let slot: i64 = row.try_get("", "slot")?;
        let slot = usize::try_from(slot).unwrap_or(usize::MAX);
        let sums = Columns::from_query_result(&row, "")?.into();
        if let Some(current) = &mut current {
            cover.count(slot, sums).for_each(|(span, measures)| current.add(span, measures));
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

/// The sums read so far of one combination of groups.
struct SpanSums {
    /// The combination, without measures.
    share: SpanShare,
    by_span: BTreeMap<usize, Measures>,
}

impl SpanSums {
    const fn new(share: SpanShare) -> Self {
        Self { share, by_span: BTreeMap::new() }
    }

    fn add(&mut self, span: usize, measures: Measures) {
        *self.by_span.entry(span).or_default() += measures;
    }

    /// Adds shares to the spans with calls, not counting refused ones, and returns their number.
    fn write_into(self, spans: &mut [Span]) -> u64 {
        let mut results = 0;
        // Sums may cancel out, if the rollups belong to other spans.
        for (span, measures) in self.by_span.into_iter().filter(|(_, measures)| measures.calls > 0) {
            if let Some(span) = spans.get_mut(span) {
                span.shares.push(SpanShare { measures: Measures { refused: 0, ..measures }, ..self.share.clone() });
                results += 1;
            }
        }
        results
    }
}

/// Builds the query for sums by slot and combination of groups, ordered by combination.
fn build_query(slice: &Slice<'_>, request: &Breakdown, bound: &mut Bound) -> String {
    let slot = bound.number("p.value ->> 3");
    let groups: Vec<&str> = request.groups.iter().map(|group| column(*group)).collect();
    let selected: String = groups.iter().map(|group| format!(", {group}")).collect();
    let order: String = groups.iter().map(|group| format!("{group}, ")).collect();
    format!(
        "SELECT {slot} AS slot, {columns}{selected} {from}{narrowed} GROUP BY {order}1 ORDER BY {order}1",
        columns = columns(),
        from = from(slice, bound),
        narrowed = request.condition(bound),
    )
}

/// Reads a row's combination of groups, without measures.
fn read_share(row: &QueryResult, groups: &[Group]) -> ServiceResult<SpanShare> {
    let id = |group, name| -> ServiceResult<Option<Uuid>> {
        let id = if groups.contains(&group) { Some(row.try_get::<Uuid>("", name)?) } else { None };
        // The nil id stands for none.
        Ok(id.filter(|id| !id.is_nil()))
    };
    Ok(SpanShare {
        project: id(Group::Project, "project_id")?.map(ProjectId::new),
        api_key: id(Group::ApiKey, "api_key_id")?.map(ApiKeyId::new),
        model: if groups.contains(&Group::Model) { Some(row.try_get("", "model")?) } else { None },
        measures: Measures::default(),
    })
}

/// Narrows `scope` to these projects; an empty list changes nothing.
fn narrow(scope: ProjectScope, projects: &[ProjectId]) -> ProjectScope {
    if projects.is_empty() {
        return scope;
    }
    ProjectScope::Only(projects.iter().copied().filter(|project| scope.contains(*project)).collect())
}
