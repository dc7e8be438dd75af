//! Usage in hours or days of UTC, by any combination of dimensions: what programs read and count on with.

use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId},
    models::Service,
    permissions::Permission,
    time::Timestamp,
    usage::{Filter, Group, Measures, View},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    resolution::Resolution,
    sums::{Columns, IntoStatement, Slice, column, select},
};
use crate::{
    Actor, ServiceResult, Services,
    entities::{rollups, series},
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

    /// What is narrowed here beyond a slice.
    fn condition(&self) -> Condition {
        let keys = self.api_keys.iter().map(|key| key.uuid());
        Condition::all()
            .add_option(self.service.map(|service| series::Column::Service.eq(service.name())))
            .add_option((!self.api_keys.is_empty()).then(|| series::Column::ApiKeyId.is_in(keys)))
            .add_option((!self.models.is_empty()).then(|| series::Column::Model.is_in(&self.models)))
    }
}

/// The usage of each span, as far as the asker may see it.
///
/// Sums equal those of [`report`](super::report) over the same time.
pub async fn breakdown(services: &Services, actor: &Actor, asked: &Breakdown) -> ServiceResult<Vec<Span>> {
    services.settled().await;
    let database = services.database.read();
    let scope = narrowed(projects::scope(database, actor, Permission::ViewUsage).await?, &asked.projects);
    let slice = Slice {
        organization: &actor.organization,
        resolution: match (asked.width, actor.organization.time_zone) {
            (View::Day, Tz::UTC) => Resolution::Day,
            _ => Resolution::Hour,
        },
        from: asked.from,
        to: asked.to,
        scope: &scope,
        filter: &Filter::default(),
    };
    let query = query(&slice, asked).limit(MOST_RESULTS + 1);
    let rows = database.query_all_raw(query.into_statement(database)).await?;
    if rows.len() as u64 > MOST_RESULTS {
        let message =
            format!("These are more than {MOST_RESULTS} results: ask for fewer buckets, or narrow them down.");
        return Err(FieldErrors::of("limit", message).into());
    }
    let mut spans = asked.spans();
    for row in rows {
        let at: i64 = row.try_get("", "span")?;
        let index = (at - asked.from.millis()).div_euclid(asked.millis());
        let Some(span) = usize::try_from(index).ok().and_then(|index| spans.get_mut(index)) else { continue };
        span.shares.push(share(&row, &asked.groups)?);
    }
    Ok(spans)
}

/// The sums by span and all groups together, where there were calls: those that were refused never count.
fn query(slice: &Slice<'_>, asked: &Breakdown) -> Select<rollups::Entity> {
    // With the number written out: PostgreSQL takes the same parameter twice for two that may differ.
    let span = Expr::cust(format!("(rollups.bucket - rollups.bucket % {})", asked.millis()));
    let query = select(slice)
        .filter(asked.condition())
        .expr_as(span.clone(), "span")
        .group_by(span.clone())
        .having(rollups::Column::Calls.sum().gt(0))
        .order_by_asc(span);
    asked.groups.iter().fold(query, |query, group| {
        let column = column(*group);
        query.column(column).group_by(column).order_by_asc(column)
    })
}

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
        measures: Measures { refused: 0, ..Columns::from_query_result(row, "")?.into() },
    })
}

/// `scope` without all projects but these; an empty list narrows nothing.
fn narrowed(scope: Scope, projects: &[ProjectId]) -> Scope {
    if projects.is_empty() {
        return scope;
    }
    Scope::Only(projects.iter().copied().filter(|project| scope.holds(*project)).collect())
}
