//! Sums rollups: the one place that reads them.

use domain::{
    ids::{ApiKeyId, ProjectId},
    money::Money,
    time::Timestamp,
    usage::{Filter, Group, Measures},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, Func, FunctionCall},
};
use uuid::Uuid;

use super::resolution::Resolution;
use crate::{
    Organization, ServiceResult,
    entities::{rollups, series},
    projects::Scope,
};

const NANOS_PER_DOLLAR: i64 = 1_000_000_000;

/// Which rollups to sum.
pub(crate) struct Slice<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) resolution: Resolution,
    /// The first bucket.
    pub(crate) from: Timestamp,
    /// The bucket after the last.
    pub(crate) to: Timestamp,
    pub(crate) scope: &'a Scope,
    pub(crate) filter: &'a Filter,
}

/// The sums of one bucket and group.
pub(crate) struct Sum {
    pub(crate) bucket: Timestamp,
    /// As [`domain::usage::Series::key`].
    pub(crate) key: String,
    pub(crate) measures: Measures,
}

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

/// The sums by bucket and group, in one query.
pub(crate) async fn by_bucket(
    database: &impl ConnectionTrait,
    slice: &Slice<'_>,
    group: Group,
) -> ServiceResult<Vec<Sum>> {
    let column = column(group);
    let rows = select(slice)
        .column(rollups::Column::Bucket)
        .column_as(column, "grouping")
        // The bucket first: rows come in its order, which makes them quick to group.
        .group_by(rollups::Column::Bucket)
        .group_by(column)
        .into_statement(database);
    let mut sums = Vec::new();
    for row in database.query_all_raw(rows).await? {
        let key = match group {
            Group::Model => row.try_get("", "grouping")?,
            Group::ApiKey => id_key(row.try_get("", "grouping")?, |id| ApiKeyId::new(id).to_string()),
            Group::Project => id_key(row.try_get("", "grouping")?, |id| ProjectId::new(id).to_string()),
        };
        let bucket = Timestamp::from_millis(row.try_get("", "bucket")?);
        sums.push(Sum { bucket, key, measures: Columns::from_query_result(&row, "")?.into() });
    }
    Ok(sums)
}

/// The sums over the whole slice.
pub(crate) async fn total(database: &impl ConnectionTrait, slice: &Slice<'_>) -> ServiceResult<Measures> {
    Ok(select(slice).into_model::<Columns>().one(database).await?.map(Measures::from).unwrap_or_default())
}

pub(super) fn column(group: Group) -> series::Column {
    match group {
        Group::Model => series::Column::Model,
        Group::ApiKey => series::Column::ApiKeyId,
        Group::Project => series::Column::ProjectId,
    }
}

/// The text of an id, or nothing for the nil id that stands for none.
fn id_key(id: Uuid, text: impl FnOnce(Uuid) -> String) -> String {
    if id.is_nil() { String::new() } else { text(id) }
}

pub(super) trait IntoStatement {
    fn into_statement(self, database: &impl ConnectionTrait) -> sea_orm::Statement;
}

impl IntoStatement for Select<rollups::Entity> {
    fn into_statement(self, database: &impl ConnectionTrait) -> sea_orm::Statement {
        sea_orm::QueryTrait::build(&self, database.get_database_backend())
    }
}

/// The slice's sums, as one row until they are grouped.
pub(super) fn select(slice: &Slice<'_>) -> Select<rollups::Entity> {
    let join = rollups::Entity::belongs_to(series::Entity)
        .from((rollups::Column::OrganizationId, rollups::Column::SeriesId))
        .to((series::Column::OrganizationId, series::Column::Id))
        .into();
    let sum = |column: rollups::Column| as_bigint(Func::sum(column.into_expr()));
    let dollars = Func::sum(rollups::Column::CostNanos.into_expr().div(NANOS_PER_DOLLAR));
    let nanos = Func::sum(rollups::Column::CostNanos.into_expr().modulo(NANOS_PER_DOLLAR));
    rollups::Entity::find()
        .select_only()
        .join(JoinType::InnerJoin, join)
        .expr_as(sum(rollups::Column::Calls), "calls")
        .expr_as(sum(rollups::Column::Errors), "errors")
        .expr_as(sum(rollups::Column::Refused), "refused")
        .expr_as(sum(rollups::Column::TokensIn), "tokens_in")
        .expr_as(sum(rollups::Column::CachedTokensIn), "cached_tokens_in")
        .expr_as(sum(rollups::Column::TokensOut), "tokens_out")
        // In two parts, so that a sum of amounts at the limit of 64 bits doesn't leave it.
        .expr_as(as_bigint(dollars), "dollars")
        .expr_as(as_bigint(nanos), "nanos")
        .expr_as(sum(rollups::Column::Unpriced), "unpriced")
        .filter(rollups::Column::OrganizationId.eq(slice.organization.id.uuid()))
        .filter(rollups::Column::Resolution.eq(slice.resolution.number()))
        .filter(rollups::Column::Bucket.gte(slice.from.millis()))
        .filter(rollups::Column::Bucket.lt(slice.to.millis()))
        .filter(dimensions(slice.scope, slice.filter))
}

/// PostgreSQL sums to `numeric`, and the sum of nothing is NULL.
fn as_bigint(sum: FunctionCall) -> Expr {
    Expr::from(Func::coalesce([sum.into(), Expr::value(0)])).cast_as("bigint")
}

/// The series that `scope` and `filter` leave.
pub(crate) fn dimensions(scope: &Scope, filter: &Filter) -> Condition {
    let within = match scope {
        Scope::All => None,
        Scope::Only(projects) => Some(series::Column::ProjectId.is_in(projects.iter().map(|project| project.uuid()))),
    };
    Condition::all()
        .add_option(within)
        .add_option(filter.project.map(|id| series::Column::ProjectId.eq(id.uuid())))
        .add_option(filter.api_key.map(|id| series::Column::ApiKeyId.eq(id.uuid())))
        .add_option(filter.model.as_ref().map(|model| series::Column::Model.eq(model.as_str())))
}
