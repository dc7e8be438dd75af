//! Series: the dimensions that calls share, stored once.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use quick_cache::sync::Cache;
use sea_orm::{ConnectionTrait, Statement, Value};
use uuid::Uuid;

use super::CallRecord;
use crate::{
    ServiceError, ServiceResult, database::DatabaseTransaction, entities::series::ANY_OUTCOME, random,
    usage::resolution::Resolution,
};

/// How many series are kept in memory. One that isn't costs a query.
const CAPACITY: usize = 65_536;

const INSERT: &str = "INSERT INTO series (organization_id, id, project_id, api_key_id, member_id, model, service, \
     endpoint, provider, status, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
     ON CONFLICT (organization_id, project_id, api_key_id, member_id, model, service, endpoint, provider, status, outcome) \
     DO NOTHING";
const SELECT: &str = "SELECT id FROM series WHERE organization_id = $1 AND project_id = $2 AND api_key_id = $3 AND \
     member_id = $4 AND model = $5 AND service = $6 AND endpoint = $7 AND provider = $8 AND status = $9 AND outcome = $10";

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

    /// What a day is told by: the same, whatever became of the call and whoever answered it.
    fn of_day(&self) -> Self {
        Self { provider: Arc::default(), status: 0, outcome: ANY_OUTCOME, ..self.clone() }
    }

    /// All but the organization, in the table's order.
    fn values(&self) -> [Value; 9] {
        [
            self.project_id.into(),
            self.api_key_id.into(),
            self.member_id.into(),
            (*self.model).into(),
            self.service.into(),
            (*self.endpoint).into(),
            (*self.provider).into(),
            self.status.into(),
            self.outcome.into(),
        ]
    }
}

/// The series that a call belongs to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct CallSeries {
    /// That which the call names; quarter hours and hours are summed by it.
    pub(super) own: i64,
    /// That which days are summed by.
    pub(super) day: i64,
}

impl CallSeries {
    pub(super) const fn at(self, resolution: Resolution) -> i64 {
        match resolution {
            Resolution::QuarterHour | Resolution::Hour => self.own,
            Resolution::Day => self.day,
        }
    }
}

/// Series that are certainly in the database, by what calls are told by.
pub struct SeriesCache(Cache<Dimensions, CallSeries>);

impl SeriesCache {
    pub fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// The series of each call, in order, and those that were read or made for it.
    pub(super) async fn intern(
        &self,
        transaction: &DatabaseTransaction,
        calls: &[CallRecord],
    ) -> ServiceResult<(Vec<CallSeries>, NewSeries)> {
        let dimensions: Vec<Dimensions> = calls.iter().map(Dimensions::of).collect();
        let mut series: Vec<Option<CallSeries>> = dimensions.iter().map(|dimensions| self.0.get(dimensions)).collect();
        let unknown: HashSet<&Dimensions> =
            dimensions.iter().zip(&series).filter(|(_, series)| series.is_none()).map(|(unknown, _)| unknown).collect();
        let new = find_or_make_all(transaction, unknown).await?;
        for (dimensions, series) in dimensions.iter().zip(&mut series) {
            *series = series.or_else(|| new.get(dimensions).copied());
        }
        let series: Option<Vec<CallSeries>> = series.into_iter().collect();
        let series = series.ok_or_else(|| ServiceError::Internal("a call's series went missing".to_owned()))?;
        Ok((series, NewSeries(new)))
    }
}

impl Default for SeriesCache {
    fn default() -> Self {
        Self::new()
    }
}

/// Series that a transaction read or made: to be kept once it is committed, and never if it isn't.
#[must_use = "keep them once the transaction is committed"]
pub struct NewSeries(HashMap<Dimensions, CallSeries>);

impl NewSeries {
    /// Remembers them. Only after the commit: before it, they may yet vanish.
    pub fn keep(self, cache: &SeriesCache) {
        for (dimensions, series) in self.0 {
            cache.0.insert(dimensions, series);
        }
    }
}

/// The series of calls that are told by these, which are made where they aren't there.
async fn find_or_make_all(
    transaction: &DatabaseTransaction,
    unknown: HashSet<&Dimensions>,
) -> ServiceResult<HashMap<Dimensions, CallSeries>> {
    // Sorted, so that servers which make the same ones wait for each other in turn instead of for ever.
    let wanted: BTreeSet<Dimensions> = unknown.iter().flat_map(|own| [(*own).clone(), own.of_day()]).collect();
    let mut ids = HashMap::with_capacity(wanted.len());
    for dimensions in wanted {
        let id = find_or_make(transaction, &dimensions).await?;
        ids.insert(dimensions, id);
    }
    let series = |own: &Dimensions| Some(CallSeries { own: *ids.get(own)?, day: *ids.get(&own.of_day())? });
    Ok(unknown.into_iter().filter_map(|own| Some((own.clone(), series(own)?))).collect())
}

/// The id of a series, which is made if it isn't there; if another server makes it at the same time, that one counts.
async fn find_or_make(transaction: &DatabaseTransaction, dimensions: &Dimensions) -> ServiceResult<i64> {
    if let Some(id) = find(transaction, dimensions).await? {
        return Ok(id);
    }
    let id = i64::from_be_bytes(random::bytes()?) & i64::MAX;
    let values = [dimensions.organization_id.into(), id.into()].into_iter().chain(dimensions.values());
    let insert = Statement::from_sql_and_values(transaction.get_database_backend(), INSERT, values);
    if transaction.execute_raw(insert).await?.rows_affected() == 1 {
        return Ok(id);
    }
    find(transaction, dimensions)
        .await?
        .ok_or_else(|| ServiceError::Internal("a series is neither there nor can it be made".to_owned()))
}

async fn find(transaction: &DatabaseTransaction, dimensions: &Dimensions) -> ServiceResult<Option<i64>> {
    let values = [dimensions.organization_id.into()].into_iter().chain(dimensions.values());
    let select = Statement::from_sql_and_values(transaction.get_database_backend(), SELECT, values);
    let row = transaction.query_one_raw(select).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
