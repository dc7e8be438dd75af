//! Looks up calls that are rare: by their series, whose newest each is one step down an index.

use domain::ids::CallId;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use uuid::Uuid;

use super::{Bounds, Search, Wanted, ids};
use crate::{ServiceResult, database::Bound};

/// Which days are looked at before all others on PostgreSQL, whose calls of each month are a table: there a step down an index
/// is one down that of each month.
const RECENT_DAYS: i64 = 60;

impl Search {
    /// The newest `limit` calls of the wanted series within the bounds; with a model, those that say it themselves.
    ///
    /// Reads a step for each of the series, and of those whose newest call may be on the page up to `limit` of each.
    pub(super) async fn seek(
        &self,
        database: &DatabaseConnection,
        wanted: &Wanted,
        model: Option<&str>,
        bounds: Bounds,
        limit: usize,
    ) -> ServiceResult<Vec<Uuid>> {
        let Some(recent) = self.recent(database.get_database_backend(), bounds) else {
            return self.seek_within(database, wanted, model, bounds, limit).await;
        };
        let mut ids = self.seek_within(database, wanted, model, bounds.down_to(Some(recent)), limit).await?;
        if ids.len() < limit {
            let older = Bounds { before: Some(recent), ..bounds };
            ids.extend(self.seek_within(database, wanted, model, older, limit - ids.len()).await?);
        }
        Ok(ids)
    }

    /// The lowest id of the days that are looked at first; `None` where all are looked at together.
    fn recent(&self, backend: DbBackend, bounds: Bounds) -> Option<Uuid> {
        if backend != DbBackend::Postgres || bounds.from.is_some() {
            return None;
        }
        let last = bounds.before.map_or(self.now, |before| CallId::new(before).started_at().min(self.now));
        Some(CallId::lower_bound(last.plus_days(-RECENT_DAYS)).uuid())
    }

    async fn seek_within(
        &self,
        database: &DatabaseConnection,
        wanted: &Wanted,
        model: Option<&str>,
        bounds: Bounds,
        limit: usize,
    ) -> ServiceResult<Vec<Uuid>> {
        let newest = self.newest_of_each(database, wanted, model, bounds, limit).await?;
        // What is older than so many others isn't on the page.
        let oldest = newest.last().map(|(_, id)| *id).filter(|_| newest.len() == limit);
        let series: Vec<i64> = newest.into_iter().map(|(series, _)| series).collect();
        self.newest_of_all(database, &series, model, bounds.down_to(oldest), limit).await
    }

    /// The series with the newest calls, by those: `limit` at most.
    async fn newest_of_each(
        &self,
        database: &DatabaseConnection,
        wanted: &Wanted,
        model: Option<&str>,
        bounds: Bounds,
        limit: usize,
    ) -> ServiceResult<Vec<(i64, Uuid)>> {
        let mut bound = Bound::new(database.get_database_backend());
        let organization = bound.value(self.organization.uuid());
        let within = bounds.of_calls("c", self.organization, &mut bound);
        let (index, of_model) = that_say(model, "c", &mut bound);
        let condition = wanted.condition(&mut bound);
        let sql = format!(
            "SELECT s.id AS series, (SELECT c.id FROM calls c{index} WHERE {within} AND c.series_id = s.id{of_model} \
             ORDER BY c.id DESC LIMIT 1) AS newest FROM series s WHERE s.organization_id = {organization} \
             AND {condition} ORDER BY newest DESC NULLS LAST LIMIT {limit}"
        );
        let mut found = Vec::new();
        for row in database.query_all_raw(bound.statement(sql)).await? {
            // One that has none within the bounds comes behind all others.
            let Some(newest) = row.try_get("", "newest")? else { break };
            found.push((row.try_get("", "series")?, newest));
        }
        Ok(found)
    }

    /// The newest calls of these series together.
    async fn newest_of_all(
        &self,
        database: &DatabaseConnection,
        series: &[i64],
        model: Option<&str>,
        bounds: Bounds,
        limit: usize,
    ) -> ServiceResult<Vec<Uuid>> {
        if series.is_empty() {
            return Ok(Vec::new());
        }
        let backend = database.get_database_backend();
        let mut bound = Bound::new(backend);
        let organization = bound.value(self.organization.uuid());
        let within = bounds.of_calls("d", self.organization, &mut bound);
        let (index, of_model) = that_say(model, "d", &mut bound);
        let series: Vec<[i64; 1]> = series.iter().map(|series| [*series]).collect();
        let rows = bound.rows(serde_json::json!(series).to_string(), "w");
        let of_one = format!(
            "SELECT d.id FROM calls d{index} WHERE {within} AND d.series_id = {}{of_model} \
             ORDER BY d.id DESC LIMIT {limit}",
            bound.number("w.value ->> 0")
        );
        // SQLite joins with no query that looks at another row, but looks each of its ids up.
        let from = match backend {
            DbBackend::Postgres => format!("{rows} CROSS JOIN LATERAL ({of_one}) c"),
            _ => format!("{rows} CROSS JOIN calls c WHERE c.organization_id = {organization} AND c.id IN ({of_one})"),
        };
        ids(database, bound, format!("SELECT c.id FROM {from} ORDER BY c.id DESC LIMIT {limit}")).await
    }
}

/// What is written behind calls `alias` and among their conditions where only those are meant that say this model themselves.
fn that_say(model: Option<&str>, alias: &str, bound: &mut Bound) -> (&'static str, String) {
    let Some(model) = model else { return ("", String::new()) };
    // SQLite may prefer the index by series, and read all calls there that are told as "other".
    let index = if bound.backend() == DbBackend::Postgres { "" } else { " INDEXED BY calls_model" };
    (index, format!(" AND {alias}.model = {}", bound.value(model)))
}
