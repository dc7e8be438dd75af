//! Usage in hours or days of UTC, by any combination of dimensions: what programs read and count on with.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId},
    models::Service,
    permissions::Permission,
    time::Timestamp,
    usage::{Filter, Group, Measures, View},
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
    projects::{self, Scope},
};

/// Most results that are told at once, over all spans.
pub const MOST_RESULTS: u64 = 50_000;

/// What to break down. Empty lists narrow nothing.
#[derive(Clone, Debug)]
pub struct Breakdown {
    /// The length of a span.
    pub width: View,
    /// Where the first span begins, at a full hour or midnight of UTC.
    pub from: Timestamp,
    /// Where the last one ends, alike.
    pub to: Timestamp,
    /// What tells results of a span apart.
    pub groups: Vec<Group>,
    /// Only what was used of this service.
    pub service: Option<Service>,
    pub projects: Vec<ProjectId>,
    pub api_keys: Vec<ApiKeyId>,
    pub models: Vec<String>,
}

/// An hour or day.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
    /// By project, key and model; empty where nothing was used.
    pub shares: Vec<Share>,
}

/// A part of a span's usage. A dimension it isn't told apart by is `None`, as is one that a call doesn't have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Share {
    pub project: Option<ProjectId>,
    pub api_key: Option<ApiKeyId>,
    pub model: Option<String>,
    pub measures: Measures,
}

impl Breakdown {
    /// The length of a span in milliseconds.
    const fn millis(&self) -> i64 {
        match self.width {
            View::Hour => 60 * 60_000,
            View::Day => 24 * 60 * 60_000,
        }
    }

    /// All spans, with nothing in them.
    fn spans(&self) -> Vec<Span> {
        let next = |from: &Timestamp| Some(from.plus_millis(self.millis()));
        let starts = std::iter::successors(Some(self.from), next).take_while(|from| *from < self.to);
        starts.map(|from| Span { from, to: from.plus_millis(self.millis()), shares: Vec::new() }).collect()
    }

    /// What `spans` are made of, where days of this zone are rows.
    fn cover(&self, spans: &[Span], zone: Tz) -> Cover {
        let starts = spans.iter().map(|span| span.from).collect();
        let buckets = Buckets { starts, end: spans.last().map_or(self.from, |span| span.to) };
        let days: &dyn Fn(Timestamp) -> [Timestamp; 2] = &|moment| day_around(moment, zone);
        Cover::of(&buckets, (self.width == View::Day).then_some(days))
    }

    /// What is narrowed here beyond a slice.
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

/// The usage of each span, as far as the asker may see it.
///
/// Sums equal those of [`report`](super::report) over the same time.
pub async fn breakdown(services: &Services, actor: &Actor, asked: &Breakdown) -> ServiceResult<Vec<Span>> {
    services.settled().await;
    let database = services.database.read();
    let scope = narrowed(projects::scope(database, actor, Permission::ViewUsage).await?, &asked.projects);
    let mut spans = asked.spans();
    let cover = asked.cover(&spans, actor.organization.time_zone);
    let slice = Slice { organization: &actor.organization, cover: &cover, scope: &scope, filter: &Filter::default() };
    let mut bound = Bound::new(database.get_database_backend());
    let query = query(&slice, asked, &mut bound);
    // One at a time, since how many results they make is known only when they were counted together.
    let mut rows = database.stream_raw(bound.statement(query)).await?;
    let mut told = 0;
    let mut growing: Option<Growing> = None;
    while let Some(row) = rows.try_next().await? {
        let share = share(&row, &asked.groups)?;
        if growing.as_ref().is_none_or(|growing| growing.share != share) {
            told += growing.replace(Growing::new(share)).map_or(0, |whole| whole.tell(&mut spans));
            check(told)?;
        }
        let place: i64 = row.try_get("", "place")?;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let sums = Columns::from_query_result(&row, "")?.into();
        if let Some(growing) = &mut growing {
            cover.count(place, sums).for_each(|(span, measures)| growing.add(span, measures));
        }
    }
    told += growing.map_or(0, |whole| whole.tell(&mut spans));
    check(told)?;
    Ok(spans)
}

fn check(results: u64) -> ServiceResult<()> {
    if results <= MOST_RESULTS {
        return Ok(());
    }
    let message = format!("These are more than {MOST_RESULTS} results: ask for fewer buckets, or narrow them down.");
    Err(FieldErrors::of("limit", message).into())
}

/// What was read so far of what is told apart from all else.
struct Growing {
    /// Without measures.
    share: Share,
    by_span: BTreeMap<usize, Measures>,
}

impl Growing {
    const fn new(share: Share) -> Self {
        Self { share, by_span: BTreeMap::new() }
    }

    fn add(&mut self, span: usize, measures: Measures) {
        *self.by_span.entry(span).or_default() += measures;
    }

    /// Puts it into the spans where there were calls: those that were refused never count. Tells in how many.
    fn tell(self, spans: &mut [Span]) -> u64 {
        let mut told = 0;
        // All that was read of it may belong to other spans.
        for (span, measures) in self.by_span.into_iter().filter(|(_, measures)| measures.calls > 0) {
            if let Some(span) = spans.get_mut(span) {
                span.shares.push(Share { measures: Measures { refused: 0, ..measures }, ..self.share.clone() });
                told += 1;
            }
        }
        told
    }
}

/// The sums by all groups together, one group after another, and by place.
fn query(slice: &Slice<'_>, asked: &Breakdown, bound: &mut Bound) -> String {
    let place = bound.number("p.value ->> 3");
    let groups: Vec<&str> = asked.groups.iter().map(|group| column(*group)).collect();
    let selected: String = groups.iter().map(|group| format!(", {group}")).collect();
    let order: String = groups.iter().map(|group| format!("{group}, ")).collect();
    format!(
        "SELECT {place} AS place, {columns}{selected} {from}{narrowed} GROUP BY {order}1 ORDER BY {order}1",
        columns = columns(),
        from = from(slice, bound),
        narrowed = asked.condition(bound),
    )
}

/// What a row tells apart, without measures.
fn share(row: &QueryResult, groups: &[Group]) -> ServiceResult<Share> {
    let id = |group, name| -> ServiceResult<Option<Uuid>> {
        let id = if groups.contains(&group) { Some(row.try_get::<Uuid>("", name)?) } else { None };
        // The nil id stands for none.
        Ok(id.filter(|id| !id.is_nil()))
    };
    Ok(Share {
        project: id(Group::Project, "project_id")?.map(ProjectId::new),
        api_key: id(Group::ApiKey, "api_key_id")?.map(ApiKeyId::new),
        model: if groups.contains(&Group::Model) { Some(row.try_get("", "model")?) } else { None },
        measures: Measures::default(),
    })
}

/// `scope` without all projects but these; an empty list narrows nothing.
fn narrowed(scope: Scope, projects: &[ProjectId]) -> Scope {
    if projects.is_empty() {
        return scope;
    }
    Scope::Only(projects.iter().copied().filter(|project| scope.holds(*project)).collect())
}
