//! Sums rollups for reports and breakdowns.

use domain::{
    calls::Outcome,
    ids::{ApiKeyId, ProjectId},
    money::Money,
    usage::{Filter, Group, Measures},
};
use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, StreamTrait};
use serde_json::json;
use uuid::Uuid;

use super::cover::{Cover, Stretch};
use crate::{
    Actor, Organization, ServiceResult, Services, database::Bound, entities::series::ANY_OUTCOME,
    projects::ProjectScope,
};

const NANOS_PER_DOLLAR: i64 = 1_000_000_000;

/// The rollups to sum.
pub(crate) struct Slice<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) cover: &'a Cover,
    pub(crate) scope: &'a ProjectScope,
    pub(crate) filter: &'a Filter,
}

/// The sums of one slot and group.
pub(crate) struct Sum {
    /// See [`Stretch::slot`].
    pub(crate) slot: usize,
    /// See [`domain::usage::Series::key`].
    pub(crate) key: String,
    pub(crate) measures: Measures,
}

/// The row of a query with [`columns`].
#[derive(FromQueryResult)]
pub(super) struct Columns {
    calls: i64,
    errors: i64,
    refused: i64,
    tokens_in: i64,
    cached_tokens_in: i64,
    tokens_out: i64,
    dollars: i64,
    nanos: i64,
    unpriced: i64,
}

impl From<Columns> for Measures {
    fn from(sums: Columns) -> Self {
        let nanos = i128::from(sums.dollars) * i128::from(NANOS_PER_DOLLAR) + i128::from(sums.nanos);
        Self {
            calls: sums.calls,
            errors: sums.errors,
            refused: sums.refused,
            tokens_in: sums.tokens_in,
            cached_tokens_in: sums.cached_tokens_in,
            tokens_out: sums.tokens_out,
            spend: Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)),
            unpriced: sums.unpriced,
        }
    }
}

/// Streams the sums by slot and group to `each`, from one query. Collecting
/// them would take too much memory for many keys over a long time.
pub(crate) async fn for_each_sum(
    database: &DatabaseConnection,
    slice: &Slice<'_>,
    group: Group,
    mut each: impl FnMut(Sum) + Send,
) -> ServiceResult<()> {
    let mut bound = Bound::new(database.get_database_backend());
    let from = from(slice, &mut bound);
    let slot = bound.number("p.value ->> 3");
    let column = column(group);
    let sql = format!("SELECT {slot} AS slot, {column} AS grouping, {} {from} GROUP BY 1, {column}", columns());
    let mut rows = database.stream_raw(bound.statement(sql)).await?;
    while let Some(row) = rows.try_next().await? {
        let key = match group {
            Group::Model => row.try_get("", "grouping")?,
            Group::ApiKey => id_key(row.try_get("", "grouping")?, |id| ApiKeyId::new(id).to_string()),
            Group::Project => id_key(row.try_get("", "grouping")?, |id| ProjectId::new(id).to_string()),
        };
        let slot: i64 = row.try_get("", "slot")?;
        let slot = usize::try_from(slot).unwrap_or(usize::MAX);
        each(Sum { slot, key, measures: Columns::from_query_result(&row, "")?.into() });
    }
    Ok(())
}

/// Sums the whole slice.
pub(crate) async fn total(database: &DatabaseConnection, slice: &Slice<'_>) -> ServiceResult<Measures> {
    let mut bound = Bound::new(database.get_database_backend());
    let from = from(slice, &mut bound);
    let sql = format!("SELECT {} {from}", columns());
    let sums = Columns::find_by_statement(bound.statement(sql)).one(database).await?;
    Ok(sums.map(Measures::from).unwrap_or_default())
}

/// The column of `series s` that a group stands for.
pub(super) const fn column(group: Group) -> &'static str {
    match group {
        Group::Model => "s.model",
        Group::ApiKey => "s.api_key_id",
        Group::Project => "s.project_id",
    }
}

/// The text of an id; empty for the nil id, which stands for none.
fn id_key(id: Uuid, text: impl FnOnce(Uuid) -> String) -> String {
    if id.is_nil() { String::new() } else { text(id) }
}

/// The sums of `rollups r` that [`Columns`] reads.
pub(super) fn columns() -> String {
    // PostgreSQL sums to `numeric`, and the sum of nothing is NULL.
    let sum = |expression: &str, name: &str| format!("CAST(coalesce(sum({expression}), 0) AS bigint) AS {name}");
    let counts = ["calls", "errors", "refused", "tokens_in", "cached_tokens_in", "tokens_out", "unpriced"];
    let mut columns: Vec<String> = counts.into_iter().map(|name| sum(&format!("r.{name}"), name)).collect();
    // In two parts, so that a sum of amounts near the limit of 64 bits doesn't overflow.
    columns.push(sum(&format!("r.cost_nanos / {NANOS_PER_DOLLAR}"), "dollars"));
    columns.push(sum(&format!("r.cost_nanos % {NANOS_PER_DOLLAR}"), "nanos"));
    columns.join(", ")
}

/// `FROM` and `WHERE` of the slice's rollups `r` with their series
/// `s`. Each stretch `p` is looked up in the rollups' index.
pub(super) fn from(slice: &Slice<'_>, bound: &mut Bound) -> String {
    let row = |stretch: &Stretch| {
        json!([stretch.resolution.number(), stretch.from.millis(), stretch.to.millis(), stretch.slot])
    };
    let rows: Vec<_> = slice.cover.stretches.iter().map(row).collect();
    let stretches = bound.rows(json!(rows).to_string(), "p");
    let [resolution, from, to] = [0, 1, 2].map(|part| bound.number(&format!("p.value ->> {part}")));
    let organization = bound.value(slice.organization.id.uuid());
    let condition = series_condition(slice.scope, slice.filter, bound);
    let of_stretch = format!(
        "r.organization_id = {organization} AND r.resolution = {resolution} AND r.bucket >= {from} AND r.bucket < {to}"
    );
    let of_series = format!("s.organization_id = {organization} AND s.id = r.series_id AND {condition}");
    // With a plain join, PostgreSQL compares all rollups with
    // all stretches. SQLite joins the tables in this order.
    match bound.backend() {
        DbBackend::Postgres => format!(
            "FROM {stretches} CROSS JOIN LATERAL (SELECT r.* FROM rollups r WHERE {of_stretch} OFFSET 0) r \
             CROSS JOIN series s WHERE {of_series}"
        ),
        _ => format!("FROM {stretches} CROSS JOIN rollups r CROSS JOIN series s WHERE {of_stretch} AND {of_series}"),
    }
}

/// The condition that `scope` and `filter` put on series `s`.
pub(crate) fn series_condition(scope: &ProjectScope, filter: &Filter, bound: &mut Bound) -> String {
    let mut conditions = Vec::new();
    if let ProjectScope::Only(projects) = scope {
        let among = bound.among_ids(projects.iter().map(|project| project.uuid()));
        conditions.push(format!("s.project_id {among}"));
    }
    if let Some(project) = filter.project {
        conditions.push(format!("s.project_id = {}", bound.value(project.uuid())));
    }
    if let Some(api_key) = filter.api_key {
        conditions.push(format!("s.api_key_id = {}", bound.value(api_key.uuid())));
    }
    if let Some(model) = &filter.model {
        conditions.push(format!("s.model = {}", bound.value(model.as_str())));
    }
    if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") }
}

/// Whether a call within `scope` was ever accepted.
pub(crate) async fn ever_called(services: &Services, actor: &Actor, scope: &ProjectScope) -> ServiceResult<bool> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(actor.organization.id.uuid());
    let condition = series_condition(scope, &Filter::default(), &mut bound);
    let refused = Outcome::Refused;
    // A series is inserted together with its first call.
    let sql = format!(
        "SELECT s.id FROM series s WHERE s.organization_id = {organization} \
         AND s.outcome NOT IN ('{ANY_OUTCOME}', '{refused}') AND {condition} LIMIT 1"
    );
    Ok(database.query_one_raw(bound.statement(sql)).await?.is_some())
}
