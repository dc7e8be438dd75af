//! Counts of calls by the values of each dimension, for the facets of a list.
//!
//! Rollups have them for hours and days, however many calls there are. They are read once, by series; the values of each
//! dimension are counted among the series that match the filter's other dimensions. Short ranges are counted call by call,
//! and then within the query's bounds and tags too. Rollups have no tags: their values are counted among the newest ones.

mod fold;
mod labels;
mod tags;

use domain::{
    calls::{CallBounds, CallQuery, Facets},
    permissions::Permission,
    usage::{Filter, Group},
};

use self::{fold::fold, labels::FacetLabels, tags::count_tags};
use super::{
    counted_range::{CountedRange, MAX_COUNTED_RANGE},
    search::Search,
    tags::TagSearch,
};
use crate::{
    Actor, ServiceResult, Services, filters, projects,
    usage::{
        bars::Bars,
        series_counts::{self, SeriesCounts},
        zone,
    },
};

/// Counts the calls of `query` that `actor` may see, by the values of each dimension.
pub async fn facets(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Facets> {
    services.wait_until_stored().await;
    let (database, organization) = (services.database.read(), &actor.organization);
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
    filters::check(database, organization.id, &scope, &query.filter).await?;
    let range = CountedRange::new(services, actor, query).await?;
    let has_own_conditions = query.bounds != CallBounds::default() || !query.filter.tags.is_empty();
    let (counts, ignores_bounds) = match count_calls(services, actor, query, range).await? {
        Some(counts) => (counts, query.text.is_some()),
        None => {
            let zone = zone(organization, query.time_zone.as_deref())?;
            let bars = Bars::new(range.first, range.until, services.now(), zone);
            let counts = series_counts::count_by_series(database, organization, &scope, &bars).await?;
            (counts, has_own_conditions || query.text.is_some())
        }
    };
    let mut facets: Vec<_> =
        Group::FIXED.into_iter().map(|dimension| fold(&counts.counts, &query.filter, dimension)).collect();
    FacetLabels::find(database, organization.id, &facets).await?.apply_to(&mut facets);
    let tags = TagSearch {
        organization: organization.id,
        scope: &scope,
        filter: query.filter.clone(),
        bounds: &query.bounds,
        from: Some(range.first),
        to: range.until,
    };
    let is_partial = counts.is_partial || !tags.is_whole(database).await?;
    facets.extend(count_tags(database, &tags).await?);
    Ok(Facets { facets, ignores_bounds, is_partial })
}

/// Counts calls one by one; `None` if the range is long, or has too many.
async fn count_calls(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    range: CountedRange,
) -> ServiceResult<Option<SeriesCounts>> {
    let after = services.now().plus_millis(1);
    let after = range.until.map_or(after, |until| until.min(after));
    if after.millis() - range.first.millis() > MAX_COUNTED_RANGE {
        return Ok(None);
    }
    let query = CallQuery {
        from: Some(range.first),
        to: Some(after),
        filter: Filter { tags: query.filter.tags.clone(), ..Filter::default() },
        bounds: query.bounds.clone(),
        ..CallQuery::default()
    };
    let (search, database) = (Search::new(services, actor, &query).await?, services.database.read());
    let Some(counts) = search.count_by_series(database).await? else { return Ok(None) };
    let counts = series_counts::with_series(database, &actor.organization, counts).await?;
    Ok(Some(SeriesCounts { counts, is_partial: false }))
}
