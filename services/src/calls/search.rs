//! Finds calls, newest first, without counting past those of earlier pages.
//!
//! Filters apply to the calls' series. If matching calls are frequent, walking back from the newest call soon finds a
//! page; if they are rare, that would walk through all calls of the organization. So a limited number of calls is walked,
//! and older ones are looked up: the newest call of each matching series, by its index, and then a page of those.
//!
//! What isn't a matter of series, such as the cost of a call, has no index. Rollups say in which days and hours there
//! may be such calls, and those hours are scanned until the page is full or the time is over ([`scan`]).

mod candidates;
mod count;
mod id_range;
mod scan;
mod seek;
mod tagged;
mod wanted;

use domain::{
    calls::{CallBounds, CallQuery},
    errors::FieldErrors,
    ids::{CallId, OrganizationId},
    permissions::Permission,
    time::Timestamp,
    usage::TagFilter,
};
use sea_orm::{ColumnTrait, DatabaseConnection, DbBackend, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub(super) use self::scan::bounds_conditions;
use self::{
    id_range::{IdRange, ids},
    wanted::WantedSeries,
};
use super::retention::kept_since;
use crate::{
    Actor, ServiceResult, Services,
    database::Bound,
    entities::{
        calls,
        series::{self, OTHER},
    },
    filters, projects,
    usage::bounds,
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
    bounds: CallBounds,
    tags: Vec<TagFilter>,
    /// The range of ids.
    range: IdRange,
    /// The moment from which calls are kept, if earlier ones are searched for.
    kept_since: Option<Timestamp>,
    /// When the search began.
    now: Timestamp,
}

/// Calls that a search has found, newest first, with their series.
pub(super) struct FoundCalls {
    pub(super) rows: Vec<(calls::Model, series::Model)>,
    /// Where the search stopped for lack of time: calls before this one weren't looked at.
    pub(super) stopped_at: Option<CallId>,
}

impl Search {
    /// A search for the calls that match `query` and that `actor` may see.
    ///
    /// # Errors
    /// The query names a text, which only [`crate::call_search`] looks for, or a project or key that doesn't exist.
    pub(super) async fn new(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Self> {
        if query.text.is_some() {
            return Err(FieldErrors::of("text", "A text can't be searched for here. Take it out of the filter.").into());
        }
        services.wait_until_stored().await;
        let database = services.database.read();
        let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
        let organization = &actor.organization;
        let now = services.now();
        filters::check(database, organization.id, &scope, &query.filter).await?;
        let days = query.range.map(|range| bounds(organization, range, query.time_zone.as_deref(), now));
        let (first, after) = days.transpose()?.unzip();
        let ids = |moments: [Option<Timestamp>; 2]| moments.into_iter().flatten().map(CallId::lower_bound);
        let begin = query.from.max(first);
        let kept_since =
            kept_since(services, organization).await?.filter(|since| begin.is_none_or(|begin| begin < *since));
        let mut filter = query.filter.clone();
        let tags = std::mem::take(&mut filter.tags);
        Ok(Self {
            organization: organization.id,
            wanted: WantedSeries::new(database, organization.id, scope, filter).await?,
            bounds: query.bounds.clone(),
            tags,
            range: IdRange {
                from: ids([begin, kept_since]).max().map(CallId::uuid),
                before: ids([query.to, after]).chain(query.before).min().map(CallId::uuid),
            },
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
        self.range.before = Some(last.uuid());
    }

    /// Finds the newest `limit` calls, or those of them that are found in time.
    pub(super) async fn page(&self, database: &DatabaseConnection, limit: u64) -> ServiceResult<FoundCalls> {
        let (ids, stopped_at) = match &self.wanted {
            _ if self.has_own_conditions() => self.scan(database, limit).await?,
            None => (self.newest(database, &self.range, "", limit).await?, None),
            Some(wanted) => (self.find_by_series(database, wanted, limit).await?, None),
        };
        Ok(FoundCalls { rows: self.load(database, ids).await?, stopped_at })
    }

    /// Whether a call's own row says whether it matches, and not its series alone.
    fn has_own_conditions(&self) -> bool {
        self.bounds != CallBounds::default()
            || !self.tags.is_empty()
            || self.wanted.as_ref().is_some_and(WantedSeries::has_own_conditions)
    }

    async fn find_by_series(
        &self,
        database: &DatabaseConnection,
        wanted: &WantedSeries,
        limit: u64,
    ) -> ServiceResult<Vec<Uuid>> {
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut range = self.range;
        let mut ids = Vec::new();
        let mut is_exhausted = false;
        if wanted.series > MAX_SEEK_SERIES || wanted.series.saturating_mul(size) > MAX_MERGED_ENTRIES {
            let end = self.newest(database, &range, &format!("OFFSET {}", MAX_WALKED - 1), 1).await?.pop();
            is_exhausted = end.is_none();
            ids = self.walk(database, wanted, &range.down_to(end), limit).await?;
            range.before = end.or(range.before);
        }
        if !is_exhausted && ids.len() < size && wanted.series > 0 {
            ids.extend(self.seek(database, wanted, None, range, size - ids.len()).await?);
        }
        // The models' calls may also be in the series "other", where their own rows hold the names.
        let others = wanted.with_model(OTHER);
        for model in wanted.folded_models() {
            ids.extend(self.seek(database, &others, Some(model), self.range, size).await?);
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids.truncate(size);
        Ok(ids)
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

    /// Finds the newest ids within the range.
    async fn newest(
        &self,
        database: &DatabaseConnection,
        range: &IdRange,
        offset: &str,
        limit: u64,
    ) -> ServiceResult<Vec<Uuid>> {
        let mut bound = Bound::new(database.get_database_backend());
        let in_range = range.condition("c", self.organization, &mut bound);
        let sql = format!("SELECT c.id FROM calls c WHERE {in_range} ORDER BY c.id DESC LIMIT {limit} {offset}");
        ids(database, bound, sql).await
    }

    /// Walks all calls within the range, newest first, until enough are found.
    async fn walk(
        &self,
        database: &DatabaseConnection,
        wanted: &WantedSeries,
        range: &IdRange,
        limit: u64,
    ) -> ServiceResult<Vec<Uuid>> {
        let mut bound = Bound::new(database.get_database_backend());
        let in_range = range.condition("c", self.organization, &mut bound);
        let condition = wanted.condition(&mut bound);
        // CROSS JOIN fixes SQLite's join order, so that it
        // doesn't collect and sort every call of these series.
        let sql = format!(
            "SELECT c.id FROM calls c CROSS JOIN series s WHERE {in_range} AND s.organization_id = c.organization_id \
             AND s.id = c.series_id AND {condition} ORDER BY c.id DESC LIMIT {limit}"
        );
        ids(database, bound, sql).await
    }
}
