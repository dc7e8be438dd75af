//! Looks up rare calls by their series: the newest call of each is one index lookup.

use domain::ids::CallId;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use uuid::Uuid;

use super::{
    Search,
    id_range::{IdRange, ids},
    wanted::WantedSeries,
};
use crate::{ServiceResult, database::Bound};

/// Number of days that are searched first on PostgreSQL, where calls are partitioned by month: an index
/// lookup over all time takes one lookup in each month.
const RECENT_DAYS: i64 = 60;

impl Search {
    /// Finds the newest `limit` calls of the wanted series within the
    /// range; with a model, those with its name in their own row.
    ///
    /// Reads one entry for each series, and up to `limit` for each whose newest call may be on the page.
    pub(super) async fn seek(
        &self,
        database: &DatabaseConnection,
        wanted: &WantedSeries,
        model: Option<&str>,
        range: IdRange,
        limit: usize,
    ) -> ServiceResult<Vec<Uuid>> {
        let Some(recent) = self.recent(database.get_database_backend(), range) else {
            return self.seek_range(database, wanted, model, range, limit).await;
        };
        let mut ids = self.seek_range(database, wanted, model, range.down_to(Some(recent)), limit).await?;
        if ids.len() < limit {
            let older = IdRange { before: Some(recent), ..range };
            ids.extend(self.seek_range(database, wanted, model, older, limit - ids.len()).await?);
        }
        Ok(ids)
    }

    /// The lowest id of the days to search first; `None` to search everything at once.
    fn recent(&self, backend: DbBackend, range: IdRange) -> Option<Uuid> {
        let last = range.before.map_or(self.now, |before| CallId::new(before).started_at().min(self.now));
        let recent = CallId::lower_bound(last.plus_days(-RECENT_DAYS)).uuid();
        (backend == DbBackend::Postgres && range.from.is_none_or(|from| from < recent)).then_some(recent)
    }

    async fn seek_range(
        &self,
        database: &DatabaseConnection,
        wanted: &WantedSeries,
        model: Option<&str>,
        range: IdRange,
        limit: usize,
    ) -> ServiceResult<Vec<Uuid>> {
        let newest = self.newest_series(database, wanted, model, range, limit).await?;
        // Calls older than `limit` others aren't on the page.
        let oldest = newest.last().map(|(_, id)| *id).filter(|_| newest.len() == limit);
        let series: Vec<i64> = newest.into_iter().map(|(series, _)| series).collect();
        self.newest_calls(database, &series, model, range.down_to(oldest), limit).await
    }

    /// Finds the series with the newest calls, at most `limit`, ordered by those calls.
    async fn newest_series(
        &self,
        database: &DatabaseConnection,
        wanted: &WantedSeries,
        model: Option<&str>,
        range: IdRange,
        limit: usize,
    ) -> ServiceResult<Vec<(i64, Uuid)>> {
        let mut bound = Bound::new(database.get_database_backend());
        let organization = bound.value(self.organization.uuid());
        let in_range = range.condition("c", self.organization, &mut bound);
        let (index, of_model) = model_condition(model, "c", &mut bound);
        let condition = wanted.condition(&mut bound);
        let sql = format!(
            "SELECT s.id AS series, (SELECT c.id FROM calls c{index} WHERE {in_range} AND c.series_id = s.id\
             {of_model} ORDER BY c.id DESC LIMIT 1) AS newest FROM series s WHERE s.organization_id = {organization} \
             AND {condition} ORDER BY newest DESC NULLS LAST LIMIT {limit}"
        );
        let mut found = Vec::new();
        for row in database.query_all_raw(bound.statement(sql)).await? {
            // Series without calls within the range come last.
            let Some(newest) = row.try_get("", "newest")? else { break };
            found.push((row.try_get("", "series")?, newest));
        }
        Ok(found)
    }

    /// Finds the newest calls of these series together.
    async fn newest_calls(
        &self,
        database: &DatabaseConnection,
        series: &[i64],
        model: Option<&str>,
        range: IdRange,
        limit: usize,
    ) -> ServiceResult<Vec<Uuid>> {
        if series.is_empty() {
            return Ok(Vec::new());
        }
        let backend = database.get_database_backend();
        let mut bound = Bound::new(backend);
        let organization = bound.value(self.organization.uuid());
        let in_range = range.condition("d", self.organization, &mut bound);
        let (index, of_model) = model_condition(model, "d", &mut bound);
        let series: Vec<[i64; 1]> = series.iter().map(|series| [*series]).collect();
        let rows = bound.rows(serde_json::json!(series).to_string(), "w");
        let of_one = format!(
            "SELECT d.id FROM calls d{index} WHERE {in_range} AND d.series_id = {}{of_model} \
             ORDER BY d.id DESC LIMIT {limit}",
            bound.number("w.value ->> 0")
        );
        // SQLite has no lateral joins, but looks up each id of a correlated subquery.
        let from = match backend {
            DbBackend::Postgres => format!("{rows} CROSS JOIN LATERAL ({of_one}) c"),
            _ => format!("{rows} CROSS JOIN calls c WHERE c.organization_id = {organization} AND c.id IN ({of_one})"),
        };
        ids(database, bound, format!("SELECT c.id FROM {from} ORDER BY c.id DESC LIMIT {limit}")).await
    }
}

/// Index hint and condition for calls `alias` with this model in their own row.
fn model_condition(model: Option<&str>, alias: &str, bound: &mut Bound) -> (&'static str, String) {
    let Some(model) = model else { return ("", String::new()) };
    // Otherwise SQLite may choose the index by series, and read all calls of the series "other".
    let index = if bound.backend() == DbBackend::Postgres { "" } else { " INDEXED BY calls_model" };
    (index, format!(" AND {alias}.model = {}", bound.value(model)))
}
