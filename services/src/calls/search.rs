//! Finds calls, newest first, without counting past those of earlier pages.
//!
//! Filters apply to the calls' series. If matching calls are frequent, walking back from
//! the newest call soon finds a page; if they are rare, that would walk through all calls
//! of the organization. So a limited number of calls is walked, and older ones are looked
//! up: the newest call of each matching series, by its index, and then a page of those.

mod count;
mod seek;

use domain::{
    calls::{CallQuery, OutcomeFilter},
    ids::{CallId, OrganizationId},
    permissions::Permission,
    time::Timestamp,
    usage::Filter,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::retention::kept_since;
use crate::{
    Actor, ServiceResult, Services,
    database::Bound,
    entities::{
        calls,
        series::{self, ANY_OUTCOME, OTHER},
    },
    filters,
    projects::{self, ProjectScope},
    usage::{bounds, series_condition},
};

/// Maximum number of calls to walk before older ones are looked up.
const MAX_WALKED: usize = 10_000;
/// Maximum number of matching series to look up without a walk.
const MAX_SEEK_SERIES: usize = 100;
/// Maximum number of index entries to read without a walk: each series may fill the page alone.
const MAX_MERGED_ENTRIES: usize = 5_000;

/// A search for calls.
#[derive(Clone, Debug)]
pub(super) struct Search {
    organization: OrganizationId,
    /// The series to find calls of; `None` for all.
    wanted: Option<WantedSeries>,
    /// The lowest id.
    from: Option<CallId>,
    /// The id after the highest.
    before: Option<CallId>,
    /// The moment from which calls are kept, if earlier ones are searched for.
    kept_since: Option<Timestamp>,
    /// When the search began.
    now: Timestamp,
}

/// A filter of series.
#[derive(Clone, Debug)]
struct WantedSeries {
    scope: ProjectScope,
    filter: Filter,
    outcome: Option<OutcomeFilter>,
    /// Number of matching series, counted up to one more than [`MAX_SEEK_SERIES`].
    series: usize,
}

impl Search {
    /// A search for the calls that match `query` and that `actor` may see.
    pub(super) async fn new(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Self> {
        services.wait_until_stored().await;
        let database = services.database.read();
        let organization = &actor.organization;
        let now = services.now();
        let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
        filters::check(database, organization.id, &scope, &query.filter).await?;
        let days = query.range.map(|range| bounds(organization, range, query.time_zone.as_deref(), now));
        let (first, after) = days.transpose()?.unzip();
        let ids = |moments: [Option<Timestamp>; 2]| moments.into_iter().flatten().map(CallId::lower_bound);
        let begin = query.from.max(first);
        let kept_since =
            kept_since(services, organization).await?.filter(|since| begin.is_none_or(|begin| begin < *since));
        Ok(Self {
            organization: organization.id,
            wanted: WantedSeries::new(database, organization.id, scope, query).await?,
            from: ids([begin, kept_since]).max(),
            before: ids([query.to, after]).chain(query.before).min(),
            kept_since,
            now,
        })
    }

    /// The moment from which calls are kept, if earlier ones are searched for.
    pub(super) const fn kept_since(&self) -> Option<Timestamp> {
        self.kept_since
    }

    /// Continues the search with the calls before `last`.
    pub(super) fn continue_after(&mut self, last: CallId) {
        self.before = Some(last);
    }

    /// Finds the newest `limit` calls, with their series.
    pub(super) async fn page(
        &self,
        database: &DatabaseConnection,
        limit: u64,
    ) -> ServiceResult<Vec<(calls::Model, series::Model)>> {
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(wanted) = &self.wanted else {
            let ids = self.newest(database, &Bounds::of(self), "", limit).await?;
            return self.load(database, ids).await;
        };
        let mut bounds = Bounds::of(self);
        let mut ids = Vec::new();
        let mut is_exhausted = false;
        if wanted.series > MAX_SEEK_SERIES || wanted.series.saturating_mul(size) > MAX_MERGED_ENTRIES {
            let end = self.newest(database, &bounds, &format!("OFFSET {}", MAX_WALKED - 1), 1).await?.pop();
            is_exhausted = end.is_none();
            ids = self.walk(database, wanted, &bounds.down_to(end), limit).await?;
            bounds.before = end.or(bounds.before);
        }
        if !is_exhausted && ids.len() < size && wanted.series > 0 {
            ids.extend(self.seek(database, wanted, None, bounds, size - ids.len()).await?);
        }
        if let Some(model) = wanted.folded_model() {
            // The model's calls may also be in the series "other", where their own rows hold the name.
            ids.extend(self.seek(database, &wanted.with_model(OTHER), Some(model), Bounds::of(self), size).await?);
            ids.sort_unstable_by(|a, b| b.cmp(a));
            ids.dedup();
            ids.truncate(size);
        }
        self.load(database, ids).await
    }

    async fn load(
        &self,
        database: &DatabaseConnection,
        ids: Vec<Uuid>,
    ) -> ServiceResult<Vec<(calls::Model, series::Model)>> {
        let (Some(lowest), Some(highest)) = (ids.iter().min().copied(), ids.iter().max().copied()) else {
            return Ok(Vec::new());
        };
        let mut query = calls::of(self.organization).filter(calls::Column::Id.is_in(ids));
        if database.get_database_backend() == DbBackend::Postgres {
            // Most pages are close together in time, and without this PostgreSQL may read the whole month.
            query = query.filter(calls::Column::Id.between(lowest, highest));
        }
        let rows = query
            .join(sea_orm::JoinType::InnerJoin, calls::series())
            .select_also(series::Entity)
            .order_by_desc(calls::Column::Id)
            .all(database)
            .await?;
        Ok(rows.into_iter().filter_map(|(call, series)| Some((call, series?))).collect())
    }

    /// Finds the newest ids within the bounds.
    async fn newest(
        &self,
        database: &DatabaseConnection,
        bounds: &Bounds,
        offset: &str,
        limit: u64,
    ) -> ServiceResult<Vec<Uuid>> {
        let mut bound = Bound::new(database.get_database_backend());
        let in_bounds = bounds.condition("c", self.organization, &mut bound);
        let sql = format!("SELECT c.id FROM calls c WHERE {in_bounds} ORDER BY c.id DESC LIMIT {limit} {offset}");
        ids(database, bound, sql).await
    }

    /// Walks all calls within the bounds, newest first, until enough are found.
    async fn walk(
        &self,
        database: &DatabaseConnection,
        wanted: &WantedSeries,
        bounds: &Bounds,
        limit: u64,
    ) -> ServiceResult<Vec<Uuid>> {
        let mut bound = Bound::new(database.get_database_backend());
        let in_bounds = bounds.condition("c", self.organization, &mut bound);
        let condition = wanted.condition(&mut bound);
        // CROSS JOIN fixes SQLite's join order, so that it
        // doesn't collect and sort every call of these series.
        let sql = format!(
            "SELECT c.id FROM calls c CROSS JOIN series s WHERE {in_bounds} AND s.organization_id = c.organization_id \
             AND s.id = c.series_id AND {condition} ORDER BY c.id DESC LIMIT {limit}"
        );
        ids(database, bound, sql).await
    }
}

impl WantedSeries {
    /// The filter for `scope` and `query`, with matching series counted; `None` if all series match.
    async fn new(
        database: &DatabaseConnection,
        organization: OrganizationId,
        scope: ProjectScope,
        query: &CallQuery,
    ) -> ServiceResult<Option<Self>> {
        if scope == ProjectScope::All && query.filter == Filter::default() && query.outcome.is_none() {
            return Ok(None);
        }
        let mut wanted = Self { scope, filter: query.filter.clone(), outcome: query.outcome, series: 0 };
        let mut bound = Bound::new(database.get_database_backend());
        let organization = bound.value(organization.uuid());
        let condition = wanted.condition(&mut bound);
        let sql = format!(
            "SELECT count(*) AS series FROM (SELECT 1 FROM series s WHERE s.organization_id = {organization} \
             AND {condition} LIMIT {}) few",
            MAX_SEEK_SERIES + 1
        );
        if let Some(row) = database.query_one_raw(bound.statement(sql)).await? {
            wanted.series = usize::try_from(row.try_get::<i64>("", "series")?).unwrap_or_default();
        }
        Ok(Some(wanted))
    }

    /// The condition that series `s` matches.
    fn condition(&self, bound: &mut Bound) -> String {
        let outcome = match self.outcome {
            Some(outcome) => {
                let names: Vec<&str> = outcome.outcomes().iter().map(|outcome| outcome.name()).collect();
                format!("s.outcome IN ('{}')", names.join("', '"))
            }
            None => format!("s.outcome <> '{ANY_OUTCOME}'"),
        };
        format!("{outcome} AND {}", series_condition(&self.scope, &self.filter, bound))
    }

    fn with_model(&self, model: &str) -> Self {
        let filter = Filter { model: Some(model.to_owned()), ..self.filter.clone() };
        Self { filter, ..self.clone() }
    }

    /// The requested model, if calls' own rows may hold its name.
    fn folded_model(&self) -> Option<&str> {
        self.filter.model.as_deref().filter(|model| !model.is_empty() && *model != OTHER)
    }
}

/// A range of ids, from `from` up to `before`, which is excluded.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    from: Option<Uuid>,
    before: Option<Uuid>,
}

impl Bounds {
    fn of(search: &Search) -> Self {
        Self { from: search.from.map(|id| id.uuid()), before: search.before.map(|id| id.uuid()) }
    }

    /// These bounds without ids below `lowest`.
    fn down_to(self, lowest: Option<Uuid>) -> Self {
        Self { from: lowest.or(self.from), ..self }
    }

    /// The condition that call `alias` of the organization is within the bounds.
    fn condition(self, alias: &str, organization: OrganizationId, bound: &mut Bound) -> String {
        let mut condition = format!("{alias}.organization_id = {}", bound.value(organization.uuid()));
        for (comparison, id) in [(">=", self.from), ("<", self.before)] {
            if let Some(id) = id {
                condition.push_str(&format!(" AND {alias}.id {comparison} {}", bound.value(id)));
            }
        }
        condition
    }
}

/// Runs a statement and returns the ids it finds.
async fn ids(database: &DatabaseConnection, bound: Bound, sql: String) -> ServiceResult<Vec<Uuid>> {
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}
