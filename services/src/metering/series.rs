//! Series: the dimensions that calls share, stored once.

mod names;
mod table;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use quick_cache::sync::Cache;
use uuid::Uuid;

use self::names::Names;
use super::CallRecord;
use crate::{ServiceError, ServiceResult, database::DatabaseTransaction, entities::series::ANY_OUTCOME};

/// How many series are kept in memory. One that isn't costs a query.
const CAPACITY: usize = 65_536;
/// Of how many organizations it is kept what their events named.
const ORGANIZATIONS: usize = 256;

/// What a series is told by. A nil id or an empty text stands for "none".
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

    /// What figures are told by: the same, whatever became of the call and whoever answered it.
    fn summed(&self) -> Self {
        Self { provider: Arc::default(), status: 0, outcome: ANY_OUTCOME, ..self.clone() }
    }
}

/// The series that a call belongs to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct CallSeries {
    /// That which the call names.
    pub(super) own: i64,
    /// That which it is summed by.
    pub(super) summed: i64,
}

/// Where a call is summed, and what it must say itself since its series doesn't.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) series: CallSeries,
    pub(super) says_model: bool,
    pub(super) says_endpoint: bool,
    pub(super) says_provider: bool,
    pub(super) says_status: bool,
}

impl Place {
    fn new(series: CallSeries, told_by: &Dimensions, call: &CallRecord) -> Self {
        Self {
            series,
            says_model: told_by.model != call.model,
            says_endpoint: told_by.endpoint != call.endpoint,
            says_provider: told_by.provider != call.provider,
            says_status: told_by.status != i32::from(call.status),
        }
    }
}

/// Series that are certainly in the database, by what calls are told by.
pub struct SeriesCache {
    series: Cache<Dimensions, CallSeries>,
    /// What events of each organization named; `None` where names are the operator's, who may have as many as there are.
    names: Option<Cache<Uuid, Arc<Names>>>,
}

impl SeriesCache {
    /// For calls whose models, endpoints and providers are those of the gateway.
    pub fn new() -> Self {
        Self { series: Cache::new(CAPACITY), names: None }
    }

    /// For calls that are told of from outside: of each organization so many names become series, and the calls of others
    /// say themselves what they were, in series that tell them as "other".
    pub fn bounded() -> Self {
        Self { names: Some(Cache::new(ORGANIZATIONS)), ..Self::new() }
    }

    /// The place of each call, in order, and the series that were read or made for them.
    pub(super) async fn intern(
        &self,
        transaction: &DatabaseTransaction,
        calls: &[CallRecord],
    ) -> ServiceResult<(Vec<Place>, NewSeries)> {
        let mut told_by: Vec<Dimensions> = calls.iter().map(|call| self.told_by(call)).collect();
        let mut series: Vec<Option<CallSeries>> = told_by.iter().map(|told_by| self.series.get(told_by)).collect();
        let unknown: HashSet<&Dimensions> =
            told_by.iter().zip(&series).filter(|(_, series)| series.is_none()).map(|(unknown, _)| unknown).collect();
        let mut by_organization: BTreeMap<Uuid, BTreeSet<Dimensions>> = BTreeMap::new();
        for unknown in unknown {
            by_organization.entry(unknown.organization_id).or_default().insert(unknown.clone());
        }
        let mut new = NewSeries::default();
        // Sorted, so that servers which make the same ones wait for each other in turn instead of for ever.
        for (organization, unknown) in by_organization {
            self.find_or_make(transaction, organization, unknown, &mut new).await?;
        }
        for (told_by, series) in told_by.iter_mut().zip(&mut series).filter(|(_, series)| series.is_none()) {
            if let Some(folded) = new.folded.get(told_by) {
                *told_by = folded.clone();
            }
            *series = new.series.get(told_by).copied();
        }
        let places = calls.iter().zip(&told_by).zip(series);
        let places: Option<Vec<Place>> =
            places.map(|((call, told_by), series)| Some(Place::new(series?, told_by, call))).collect();
        let places = places.ok_or_else(|| ServiceError::Internal("a call's series went missing".to_owned()))?;
        Ok((places, new))
    }

    /// What a call's series is told by, as far as that is known without asking.
    fn told_by(&self, call: &CallRecord) -> Dimensions {
        let own = Dimensions::of(call);
        match self.names.as_ref().and_then(|names| names.get(&own.organization_id)) {
            Some(names) if self.series.get(&own).is_none() => names.fold_if_full(own),
            _ => own,
        }
    }

    /// Finds the series of one organization that are told by these, or makes them.
    async fn find_or_make(
        &self,
        transaction: &DatabaseTransaction,
        organization: Uuid,
        unknown: BTreeSet<Dimensions>,
        new: &mut NewSeries,
    ) -> ServiceResult<()> {
        let mut ids = table::find(transaction, organization, &with_summed(&unknown)).await?;
        let (mut own, missing): (BTreeSet<_>, BTreeSet<_>) = unknown.into_iter().partition(|own| ids.contains_key(own));
        match self.names.as_ref().filter(|_| !missing.is_empty()) {
            Some(cache) => {
                let full = cache.get(&organization).filter(|names| names.is_full());
                let mut names = match full {
                    Some(full) => Names::clone(&full),
                    None => Names::load(transaction, organization).await?,
                };
                let before = names.series();
                for missing in missing {
                    let folded = names.fold(missing.clone(), &own);
                    own.insert(folded.clone());
                    new.folded.insert(missing, folded);
                }
                ids.extend(table::find(transaction, organization, &without(with_summed(&own), &ids)).await?);
                // Some of those that they were folded to are there already.
                names.correct(before + own.iter().filter(|own| !ids.contains_key(*own)).count());
                new.names.push((organization, Arc::new(names)));
            }
            None => own.extend(missing),
        }
        let missing = without(with_summed(&own), &ids);
        if !missing.is_empty() {
            table::insert(transaction, organization, &missing).await?;
            // Where another server made one at the same time, its number counts.
            ids.extend(table::find(transaction, organization, &missing).await?);
        }
        for own in own {
            let series = ids.get(&own).copied().zip(ids.get(&own.summed()).copied());
            let (number, summed) = series
                .ok_or_else(|| ServiceError::Internal("a series is neither there nor can it be made".to_owned()))?;
            new.series.insert(own, CallSeries { own: number, summed });
        }
        Ok(())
    }
}

impl Default for SeriesCache {
    fn default() -> Self {
        Self::new()
    }
}

/// These, and those that they are summed by.
fn with_summed(own: &BTreeSet<Dimensions>) -> BTreeSet<Dimensions> {
    own.iter().flat_map(|own| [own.clone(), own.summed()]).collect()
}

/// Those that have no number yet.
fn without(mut wanted: BTreeSet<Dimensions>, ids: &HashMap<Dimensions, i64>) -> BTreeSet<Dimensions> {
    wanted.retain(|wanted| !ids.contains_key(wanted));
    wanted
}

/// Series that a transaction read or made: to be kept once it is committed, and never if it isn't.
#[must_use = "keep them once the transaction is committed"]
#[derive(Default)]
pub struct NewSeries {
    series: HashMap<Dimensions, CallSeries>,
    /// What calls are told by instead that said something else.
    folded: HashMap<Dimensions, Dimensions>,
    names: Vec<(Uuid, Arc<Names>)>,
}

impl NewSeries {
    /// Remembers them. Only after the commit: before it, they may yet vanish.
    pub fn keep(self, cache: &SeriesCache) {
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
