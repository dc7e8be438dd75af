//! Finds calls, newest first, without ever counting past those before.

use domain::{
    calls::CallQuery,
    ids::{CallId, OrganizationId},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use crate::{
    Actor, ServiceResult, Services,
    entities::{calls, series},
    projects::{self, Scope},
    usage::{bounds, dimensions},
};

/// Up to how many index entries may be read to merge the newest calls of several series into a page.
/// Beyond that, so many series are asked for that walking all calls finds them soon.
const MERGED: u64 = 5_000;

/// Which calls to find.
#[derive(Clone, Debug)]
pub(super) struct Search {
    organization: OrganizationId,
    /// `None` for all.
    series: Option<Vec<i64>>,
    /// The lowest id.
    from: Option<CallId>,
    /// The id after the highest.
    before: Option<CallId>,
}

impl Search {
    /// What `query` asks for, as far as `actor` may see it.
    pub(super) async fn new(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Self> {
        services.settled().await;
        let database = services.database.read();
        let organization = &actor.organization;
        let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
        let days = query.range.map(|range| bounds(organization, range, query.time_zone.as_deref(), services.now()));
        let (first, after) = days.transpose()?.unzip();
        let ids = |moments: [Option<Timestamp>; 2]| moments.into_iter().flatten().map(CallId::lower_bound);
        Ok(Self {
            organization: organization.id,
            series: matching_series(database, organization.id, &scope, query).await?,
            from: ids([query.from, first]).max(),
            before: ids([query.to, after]).chain(query.before).min(),
        })
    }

    /// The same, before `last`.
    pub(super) fn after(&mut self, last: CallId) {
        self.before = Some(last);
    }

    /// The newest `limit` calls with their series.
    pub(super) async fn page(
        &self,
        database: &impl ConnectionTrait,
        limit: u64,
    ) -> ServiceResult<Vec<(calls::Model, series::Model)>> {
        let ids = match &self.series {
            Some(series) if series.is_empty() => return Ok(Vec::new()),
            Some(series) if series.len() as u64 * limit <= MERGED => self.merged(series, limit),
            _ => self.walked(limit),
        };
        let backend = database.get_database_backend();
        let rows = database.query_all_raw(backend.build(&ids)).await?;
        let ids = rows.iter().map(|row| row.try_get::<Uuid>("", "id")).collect::<Result<Vec<_>, _>>()?;
        self.load(database, ids).await
    }

    async fn load(
        &self,
        database: &impl ConnectionTrait,
        ids: Vec<Uuid>,
    ) -> ServiceResult<Vec<(calls::Model, series::Model)>> {
        let rows = calls::of(self.organization)
            .filter(calls::Column::Id.is_in(ids))
            .join(sea_orm::JoinType::InnerJoin, calls::series())
            .select_also(series::Entity)
            .order_by_desc(calls::Column::Id)
            .all(database)
            .await?;
        Ok(rows.into_iter().filter_map(|(call, series)| Some((call, series?))).collect())
    }

    /// The ids of calls within the bounds, newest first.
    fn ids(&self, limit: u64) -> sea_orm::Select<calls::Entity> {
        let bounds = Condition::all()
            .add_option(self.from.map(|from| calls::Column::Id.gte(from.uuid())))
            .add_option(self.before.map(|before| calls::Column::Id.lt(before.uuid())));
        calls::of(self.organization)
            .select_only()
            .column(calls::Column::Id)
            .filter(bounds)
            .order_by(calls::Column::Id, Order::Desc)
            .limit(limit)
    }

    /// Walks all calls, newest first, and keeps those of the series.
    fn walked(&self, limit: u64) -> SelectStatement {
        let ids = self.ids(limit);
        let ids = match &self.series {
            // Written as 0 + series so that SQLite doesn't collect and sort every call of these series.
            Some(series) => {
                ids.filter(Expr::value(0i64).add(calls::Column::SeriesId.into_expr()).is_in(series.iter().copied()))
            }
            None => ids,
        };
        ids.into_query()
    }

    /// Takes the newest of each series from its index, and the newest of those.
    fn merged(&self, series: &[i64], limit: u64) -> SelectStatement {
        let arms = series.iter().enumerate().map(|(number, id)| {
            let newest = self.ids(limit).filter(calls::Column::SeriesId.eq(*id)).into_query();
            // SQLite takes a limit in a part of a union only in a query of its own.
            Query::select().column(calls::Column::Id).from_subquery(newest, format!("of_{number}")).to_owned()
        });
        let union = arms.reduce(|mut union, arm| union.union(UnionType::All, arm).to_owned()).unwrap_or_default();
        Query::select()
            .column(calls::Column::Id)
            .from_subquery(union, Alias::new("newest"))
            .order_by(calls::Column::Id, Order::Desc)
            .limit(limit)
            .to_owned()
    }
}

/// The series that the query's filters leave; `None` where they leave all.
async fn matching_series(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    scope: &Scope,
    query: &CallQuery,
) -> ServiceResult<Option<Vec<i64>>> {
    let filter = &query.filter;
    let unfiltered = filter.project.is_none() && filter.api_key.is_none() && filter.model.is_none();
    if *scope == Scope::All && unfiltered && query.outcome.is_none() {
        return Ok(None);
    }
    let outcome = query
        .outcome
        .map(|filter| series::Column::Outcome.is_in(filter.outcomes().iter().map(|outcome| outcome.name())));
    let ids = series::of_calls(organization)
        .select_only()
        .column(series::Column::Id)
        .filter(dimensions(scope, filter).add_option(outcome))
        .into_tuple::<i64>()
        .all(database)
        .await?;
    Ok(Some(ids))
}
