//! Series: combinations of dimensions that calls share, each stored once.

mod names;
mod table;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use quick_cache::sync::Cache;
use uuid::Uuid;

use self::names::SeriesNames;
use super::CallRecord;
use crate::{ServiceError, ServiceResult, database::DatabaseTransaction};

/// Number of cached series. Any other costs a query.
const CACHE_SIZE: usize = 65_536;
/// Number of organizations whose events' names are cached.
const CACHED_ORGANIZATIONS: usize = 256;

/// The key of a series. A nil id or an empty text stands for "none".
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Dimensions {
    organization_id: Uuid,
    project_id: Uuid,
    api_key_id: Uuid,
    member_id: Uuid,
    model: Arc<str>,
    service: &'static str,
    endpoint: Cow<'static, str>,
    provider: Arc<str>,
    status: i32,
    outcome: &'static str,
}

impl Dimensions {
    fn of(call: &CallRecord) -> Self {
        Self {
            organization_id: call.organization_id.uuid(),
            project_id: call.project_id.map_or(Uuid::nil(), |id| id.uuid()),
            api_key_id: call.api_key_id.uuid(),
            member_id: call.member_id.map_or(Uuid::nil(), |id| id.uuid()),
            model: Arc::clone(&call.model),
            service: call.service.name(),
            endpoint: call.endpoint.clone(),
            provider: Arc::clone(&call.provider),
            status: i32::from(call.status),
            outcome: call.outcome.name(),
        }
    }
}

/// A call's series, and the dimensions that its own row must hold because the series differs.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesPlacement {
    /// The series' number.
    pub(super) series: i64,
    pub(super) own_model: bool,
    pub(super) own_endpoint: bool,
    pub(super) own_provider: bool,
    pub(super) own_status: bool,
}

impl SeriesPlacement {
    fn new(series: i64, dimensions: &Dimensions, call: &CallRecord) -> Self {
        Self {
            series,
            own_model: dimensions.model != call.model,
            own_endpoint: dimensions.endpoint != call.endpoint,
            own_provider: dimensions.provider != call.provider,
            own_status: dimensions.status != i32::from(call.status),
        }
    }
}

/// A cache of series that are committed to the database, by dimensions.
pub struct SeriesCache {
    series: Cache<Dimensions, i64>,
    /// Names from events, by organization; `None` if names are the operator's, whose number isn't limited.
    names: Option<Cache<Uuid, Arc<SeriesNames>>>,
}

impl SeriesCache {
    /// A cache for calls whose models, endpoints and providers are those of the gateway.
    pub fn new() -> Self {
        Self { series: Cache::new(CACHE_SIZE), names: None }
    }

    /// A cache for calls reported by events: a limited number of names of each organization become series.
    /// Calls with other names belong to series called "other", and hold the names in their own rows.
    pub fn bounded() -> Self {
        Self { names: Some(Cache::new(CACHED_ORGANIZATIONS)), ..Self::new() }
    }

    /// Finds or inserts the series of calls. Returns each
    /// call's placement, in order, and series to be cached.
    pub(super) async fn intern(
        &self,
        transaction: &DatabaseTransaction,
        calls: &[CallRecord],
    ) -> ServiceResult<(Vec<SeriesPlacement>, NewSeries)> {
        let mut dimensions: Vec<Dimensions> = calls.iter().map(|call| self.dimensions_of(call)).collect();
        let mut series: Vec<Option<i64>> = dimensions.iter().map(|key| self.series.get(key)).collect();
        let unknown: HashSet<&Dimensions> =
            dimensions.iter().zip(&series).filter(|(_, series)| series.is_none()).map(|(unknown, _)| unknown).collect();
        let mut by_organization: BTreeMap<Uuid, BTreeSet<Dimensions>> = BTreeMap::new();
        for unknown in unknown {
            by_organization.entry(unknown.organization_id).or_default().insert(unknown.clone());
        }
        let mut new = NewSeries::default();
        // Sorted, so that servers inserting the same series can't deadlock.
        for (organization, unknown) in by_organization {
            self.find_or_insert(transaction, organization, unknown, &mut new).await?;
        }
        for (dimensions, series) in dimensions.iter_mut().zip(&mut series).filter(|(_, series)| series.is_none()) {
            if let Some(folded) = new.folded.get(dimensions) {
                *dimensions = folded.clone();
            }
            *series = new.series.get(dimensions).copied();
        }
        let placements = calls.iter().zip(&dimensions).zip(series);
        let placements: Option<Vec<SeriesPlacement>> =
            placements.map(|((call, key), series)| Some(SeriesPlacement::new(series?, key, call))).collect();
        let placements = placements.ok_or_else(|| ServiceError::Internal("a call's series went missing".to_owned()))?;
        Ok((placements, new))
    }

    /// The dimensions of a call's series, as far as they are known without a query.
    fn dimensions_of(&self, call: &CallRecord) -> Dimensions {
        let own = Dimensions::of(call);
        match self.names.as_ref().and_then(|names| names.get(&own.organization_id)) {
            Some(names) if self.series.get(&own).is_none() => names.fold_if_full(own),
            _ => own,
        }
    }

    /// Finds or inserts the series of one organization with these dimensions.
    async fn find_or_insert(
        &self,
        transaction: &DatabaseTransaction,
        organization: Uuid,
        unknown: BTreeSet<Dimensions>,
        new: &mut NewSeries,
    ) -> ServiceResult<()> {
        let mut ids = table::find(transaction, organization, &unknown).await?;
        let (mut own, missing): (BTreeSet<_>, BTreeSet<_>) = unknown.into_iter().partition(|own| ids.contains_key(own));
        match self.names.as_ref().filter(|_| !missing.is_empty()) {
            Some(cache) => {
                let full = cache.get(&organization).filter(|names| names.is_full());
                let mut names = match full {
                    Some(full) => SeriesNames::clone(&full),
                    None => SeriesNames::load(transaction, organization).await?,
                };
                let before = names.series_count();
                for missing in missing {
                    let folded = names.fold(missing.clone(), &own);
                    own.insert(folded.clone());
                    new.folded.insert(missing, folded);
                }
                ids.extend(table::find(transaction, organization, &without(own.clone(), &ids)).await?);
                // Some series that others were folded into exist already.
                names.set_series_count(before + own.iter().filter(|own| !ids.contains_key(*own)).count());
                new.names.push((organization, Arc::new(names)));
            }
            None => own.extend(missing),
        }
        let missing = without(own.clone(), &ids);
        if !missing.is_empty() {
            table::insert(transaction, organization, &missing).await?;
            // If another server inserted a series at the same time, its number counts.
            ids.extend(table::find(transaction, organization, &missing).await?);
        }
        for own in own {
            let number = ids
                .get(&own)
                .copied()
                .ok_or_else(|| ServiceError::Internal("a series is neither there nor can it be made".to_owned()))?;
            new.series.insert(own, number);
        }
        Ok(())
    }
}

impl Default for SeriesCache {
    fn default() -> Self {
        Self::new()
    }
}

/// Removes the series that have a number.
fn without(mut wanted: BTreeSet<Dimensions>, ids: &HashMap<Dimensions, i64>) -> BTreeSet<Dimensions> {
    wanted.retain(|wanted| !ids.contains_key(wanted));
    wanted
}

/// Series that a transaction read or inserted, to be cached after its commit.
#[must_use = "cache them once the transaction is committed"]
#[derive(Default)]
pub struct NewSeries {
    series: HashMap<Dimensions, i64>,
    /// Dimensions with "other" in place of names beyond the limit, by the calls' own.
    folded: HashMap<Dimensions, Dimensions>,
    names: Vec<(Uuid, Arc<SeriesNames>)>,
}

impl NewSeries {
    /// Adds the series to the cache. Only after the commit, since a rollback removes them.
    pub fn commit_to(self, cache: &SeriesCache) {
        for (dimensions, series) in self.series {
            cache.series.insert(dimensions, series);
        }
        for (organization, names) in self.names {
            if let Some(cache) = &cache.names {
                cache.insert(organization, names);
            }
        }
    }
}
