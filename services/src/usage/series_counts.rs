//! The calls of a range by series.

use std::collections::BTreeMap;

use domain::{time::Timestamp, usage::Filter};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};

use super::{
    bars::Bars,
    buckets::{Buckets, day_around},
    cover::{Cover, Stretch},
    sums::{self, Slice},
};
use crate::{
    Organization, ServiceResult,
    database::Bound,
    entities::series::{self, Model as Series},
    projects::ProjectScope,
};

/// Maximum number of series that are counted, those with most calls first.
pub(crate) const MAX_COUNTED_SERIES: usize = 20_000;

/// Numbers of calls of one series.
#[derive(Clone, Debug)]
pub(crate) struct SeriesCount {
    pub(crate) series: Series,
    /// Calls that weren't rejected.
    pub(crate) calls: i64,
    /// Failed or interrupted calls, included in `calls`.
    pub(crate) errors: i64,
    pub(crate) rejected: i64,
}

/// The counts of a range, and whether those of rare series are missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeriesCounts {
    pub(crate) counts: Vec<SeriesCount>,
    pub(crate) is_partial: bool,
}

/// Counts the calls within `scope` by series in the time of `bars`, from rollups.
pub(crate) async fn count_by_series(
    database: &DatabaseConnection,
    organization: &Organization,
    scope: &ProjectScope,
    bars: &Bars,
) -> ServiceResult<SeriesCounts> {
    let Some(first) = bars.buckets.starts.first() else { return Ok(SeriesCounts::default()) };
    let whole = Buckets { starts: vec![*first], end: bars.buckets.end };
    let zone = organization.time_zone;
    let days: &dyn Fn(Timestamp) -> [Timestamp; 2] = &|moment| day_around(moment, zone);
    let cover = Cover::of(&whole, Some(days));
    if cover.stretches.is_empty() {
        return Ok(SeriesCounts::default());
    }
    let mut bound = Bound::new(database.get_database_backend());
    let from = sums::from(&Slice { organization, cover: &cover, scope, filter: &Filter::default() }, &mut bound);
    // Added and subtracted by the database: a limit on rows by stretch could cut off what is to be subtracted.
    let times = times(&cover);
    let sum = |name: &str| format!("CAST(sum(r.{name} * {times}) AS bigint) AS {name}");
    let sums = ["calls", "errors", "refused"].map(sum).join(", ");
    let sql = format!(
        "SELECT r.series_id AS series, {sums} {from} GROUP BY r.series_id \
         ORDER BY sum((r.calls + r.refused) * {times}) DESC, r.series_id LIMIT {}",
        MAX_COUNTED_SERIES + 1
    );
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    let is_partial = rows.len() > MAX_COUNTED_SERIES;
    let mut counts: BTreeMap<i64, [i64; 3]> = BTreeMap::new();
    for row in rows.iter().take(MAX_COUNTED_SERIES) {
        let sums: [i64; 3] = [row.try_get("", "calls")?, row.try_get("", "errors")?, row.try_get("", "refused")?];
        counts.insert(row.try_get("", "series")?, sums);
    }
    Ok(SeriesCounts { counts: with_series(database, organization, counts).await?, is_partial })
}

/// The expression for how often the rollups of a cover's stretch `p` count: once, or minus once where they are subtracted.
fn times(cover: &Cover) -> String {
    let times = |stretch: &Stretch| {
        cover.places(stretch.slot).map(|(_, is_added)| if is_added { 1_i64 } else { -1 }).sum::<i64>()
    };
    let stretches = cover.stretches.iter().enumerate();
    let cases: String = stretches.map(|(place, stretch)| format!(" WHEN {place} THEN {}", times(stretch))).collect();
    format!("(CASE p.place{cases} ELSE 0 END)")
}

/// Loads the series of these counts: calls, errors and rejected calls.
pub(crate) async fn with_series(
    database: &DatabaseConnection,
    organization: &Organization,
    counts: BTreeMap<i64, [i64; 3]>,
) -> ServiceResult<Vec<SeriesCount>> {
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(organization.id.uuid());
    let among = bound.among_numbers(counts.keys().copied());
    let sql = format!("SELECT s.* FROM series s WHERE s.organization_id = {organization} AND s.id {among}");
    let series = series::Entity::find().from_raw_sql(bound.statement(sql)).all(database).await?;
    let count = |series: Series| {
        let [calls, errors, rejected] = counts.get(&series.id).copied().unwrap_or_default();
        SeriesCount { series, calls, errors, rejected }
    };
    Ok(series.into_iter().map(count).filter(|count| count.calls + count.rejected > 0).collect())
}
