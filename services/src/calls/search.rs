//! Finds calls, newest first, without ever counting past those before.
//!
//! Which calls are wanted is said of their series. Where they are frequent, walking back from the newest call finds a page
//! soon; where they are rare, that would be a walk through all that an organization ever called. So only a stretch is
//! walked, and what is older is looked up: the newest call of each wanted series, by its index, and then a page of those.

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

use crate::{
    Actor, ServiceResult, Services,
    database::Bound,
    entities::{
        calls,
        series::{self, ANY_OUTCOME, OTHER},
    },
    projects::{self, Scope},
    usage::{bounds, dimensions},
};

/// How many calls are walked before the rest is looked up.
const WALKED: usize = 10_000;
/// Up to how many wanted series are looked up at once, without a walk.
const FEW: usize = 100;
/// Up to how many index entries are read to merge series into a page without a walk: each of them may fill it by itself.
const MERGED: usize = 5_000;

/// Which calls to find.
#[derive(Clone, Debug)]
pub(super) struct Search {
    organization: OrganizationId,
    /// `None` for all.
    wanted: Option<Wanted>,
    /// The lowest id.
    from: Option<CallId>,
    /// The id after the highest.
    before: Option<CallId>,
    /// When it was asked for.
    now: Timestamp,
}

/// Which series calls are to be of.
#[derive(Clone, Debug)]
struct Wanted {
    scope: Scope,
    filter: Filter,
    outcome: Option<OutcomeFilter>,
    /// How many series that are, counted up to one more than [`FEW`].
    series: usize,
}

impl Search {
    /// What `query` asks for, as far as `actor` may see it.
    pub(super) async fn new(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Self> {
        services.settled().await;
        let database = services.database.read();
        let organization = &actor.organization;
        let now = services.now();
        let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
        let days = query.range.map(|range| bounds(organization, range, query.time_zone.as_deref(), now));
        let (first, after) = days.transpose()?.unzip();
        let ids = |moments: [Option<Timestamp>; 2]| moments.into_iter().flatten().map(CallId::lower_bound);
        Ok(Self {
            organization: organization.id,
            wanted: Wanted::new(database, organization.id, scope, query).await?,
            from: ids([query.from, first]).max(),
            before: ids([query.to, after]).chain(query.before).min(),
            now,
        })
    }

    /// The same, before `last`.
    pub(super) fn after(&mut self, last: CallId) {
        self.before = Some(last);
    }

    /// The newest `limit` calls with their series.
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
        let mut is_walked = false;
        if wanted.series > FEW || wanted.series.saturating_mul(size) > MERGED {
            let end = self.newest(database, &bounds, &format!("OFFSET {}", WALKED - 1), 1).await?.pop();
            is_walked = end.is_none();
            ids = self.walk(database, wanted, &bounds.down_to(end), limit).await?;
            bounds.before = end.or(bounds.before);
        }
        if !is_walked && ids.len() < size && wanted.series > 0 {
            ids.extend(self.seek(database, wanted, None, bounds, size - ids.len()).await?);
        }
        if let Some(model) = wanted.folded_model() {
            // Calls of a model that is told as "other" say themselves what it was.
            ids.extend(self.seek(database, &wanted.of_model(OTHER), Some(model), Bounds::of(self), size).await?);
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
        let mut found = calls::of(self.organization).filter(calls::Column::Id.is_in(ids));
        if database.get_database_backend() == DbBackend::Postgres {
            // Mostly they lie close together, and for many it would read the whole month otherwise.
            found = found.filter(calls::Column::Id.between(lowest, highest));
        }
        let rows = found
            .join(sea_orm::JoinType::InnerJoin, calls::series())
            .select_also(series::Entity)
            .order_by_desc(calls::Column::Id)
            .all(database)
            .await?;
        Ok(rows.into_iter().filter_map(|(call, series)| Some((call, series?))).collect())
    }

    /// The newest ids within the bounds.
    async fn newest(
        &self,
        database: &DatabaseConnection,
        bounds: &Bounds,
        offset: &str,
        limit: u64,
    ) -> ServiceResult<Vec<Uuid>> {
        let mut bound = Bound::new(database.get_database_backend());
        let within = bounds.of_calls("c", self.organization, &mut bound);
        let sql = format!("SELECT c.id FROM calls c WHERE {within} ORDER BY c.id DESC LIMIT {limit} {offset}");
        ids(database, bound, sql).await
    }

    /// Walks all calls within the bounds, newest first, until it has found enough.
    async fn walk(
        &self,
        database: &DatabaseConnection,
        wanted: &Wanted,
        bounds: &Bounds,
        limit: u64,
    ) -> ServiceResult<Vec<Uuid>> {
        let mut bound = Bound::new(database.get_database_backend());
        let within = bounds.of_calls("c", self.organization, &mut bound);
        let condition = wanted.condition(&mut bound);
        // SQLite takes them in this order, so that it doesn't collect and sort every call of these series.
        let sql = format!(
            "SELECT c.id FROM calls c CROSS JOIN series s WHERE {within} AND s.organization_id = c.organization_id \
             AND s.id = c.series_id AND {condition} ORDER BY c.id DESC LIMIT {limit}"
        );
        ids(database, bound, sql).await
    }
}

impl Wanted {
    /// `None` where all are.
    async fn new(
        database: &DatabaseConnection,
        organization: OrganizationId,
        scope: Scope,
        query: &CallQuery,
    ) -> ServiceResult<Option<Self>> {
        if scope == Scope::All && query.filter == Filter::default() && query.outcome.is_none() {
            return Ok(None);
        }
        let mut wanted = Self { scope, filter: query.filter.clone(), outcome: query.outcome, series: 0 };
        let mut bound = Bound::new(database.get_database_backend());
        let organization = bound.value(organization.uuid());
        let condition = wanted.condition(&mut bound);
        let sql = format!(
            "SELECT count(*) AS series FROM (SELECT 1 FROM series s WHERE s.organization_id = {organization} \
             AND {condition} LIMIT {}) few",
            FEW + 1
        );
        if let Some(row) = database.query_one_raw(bound.statement(sql)).await? {
            wanted.series = usize::try_from(row.try_get::<i64>("", "series")?).unwrap_or_default();
        }
        Ok(Some(wanted))
    }

    /// Whether series `s` is one of them.
    fn condition(&self, bound: &mut Bound) -> String {
        let outcome = match self.outcome {
            Some(outcome) => {
                let names: Vec<&str> = outcome.outcomes().iter().map(|outcome| outcome.name()).collect();
                format!("s.outcome IN ('{}')", names.join("', '"))
            }
            None => format!("s.outcome <> '{ANY_OUTCOME}'"),
        };
        format!("{outcome} AND {}", dimensions(&self.scope, &self.filter, bound))
    }

    fn of_model(&self, model: &str) -> Self {
        let filter = Filter { model: Some(model.to_owned()), ..self.filter.clone() };
        Self { filter, ..self.clone() }
    }

    /// The model that is asked for, if calls may say it themselves.
    fn folded_model(&self) -> Option<&str> {
        self.filter.model.as_deref().filter(|model| !model.is_empty() && *model != OTHER)
    }
}

/// Which ids: from the lowest to before another.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    from: Option<Uuid>,
    before: Option<Uuid>,
}

impl Bounds {
    fn of(search: &Search) -> Self {
        Self { from: search.from.map(|id| id.uuid()), before: search.before.map(|id| id.uuid()) }
    }

    /// The same, with none below `lowest`.
    fn down_to(self, lowest: Option<Uuid>) -> Self {
        Self { from: lowest.or(self.from), ..self }
    }

    /// Whether call `alias` of the organization is within.
    fn of_calls(self, alias: &str, organization: OrganizationId, bound: &mut Bound) -> String {
        let mut condition = format!("{alias}.organization_id = {}", bound.value(organization.uuid()));
        for (comparison, id) in [(">=", self.from), ("<", self.before)] {
            if let Some(id) = id {
                condition.push_str(&format!(" AND {alias}.id {comparison} {}", bound.value(id)));
            }
        }
        condition
    }
}

/// The ids that a statement finds.
async fn ids(database: &DatabaseConnection, bound: Bound, sql: String) -> ServiceResult<Vec<Uuid>> {
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}
