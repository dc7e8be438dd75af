//! Records file storage: one call for each project and UTC day, with the byte hours of all its files.
//!
//! A day is recorded when it is over. The call's id is derived from day and project, so that several servers,
//! or one that was stopped in between, record each day once. Its time is the last moment of the day.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono_tz::Tz;
use domain::{
    calls::{CallTags, CountSource, Outcome},
    ids::{ApiKeyId, CallId, OrganizationId, PriceId, ProjectId, SecretId},
    models::Service,
    money::{Price, Quantities},
    time::Timestamp,
};
use futures::{StreamExt, TryStreamExt, stream};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::ObjectKind;
use crate::{
    ServiceResult, Services, calls,
    database::Bound,
    entities::provider_objects::{Column, Entity},
    metering::{CallRecord, Meter},
    models::prices::price_at_settlement,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Time from the end of a day to its recording, since servers' clocks differ a little.
const SETTLEMENT_DELAY_MS: i64 = 10 * 60_000;
/// Number of past days to check, for a server that was stopped that long.
const MAX_DAYS_BACK: i64 = 31;

/// Number of calls recorded concurrently.
const BATCH_DAYS: usize = 256;

/// A file's organization, project, bytes, creation and deletion.
type FileLifetime = (Uuid, Uuid, i64, i64, Option<i64>);

/// The day before which this server has recorded all storage. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct CountedStorage(Arc<AtomicI64>);

/// Records past days that aren't recorded yet, at the price of `model`. Returns the number of calls.
///
/// Takes a few statements for any number of projects, and none once this server has recorded all.
pub async fn meter(services: &Services, meter: &Meter, model: Option<&str>) -> ServiceResult<usize> {
    let today = (services.now().millis() - SETTLEMENT_DELAY_MS).div_euclid(DAY_MS) * DAY_MS;
    let CountedStorage(counted) = &services.counted_storage;
    // A past day doesn't change.
    if counted.load(Ordering::Relaxed) == today {
        return Ok(0);
    }
    // Calls recorded a moment ago must be found below.
    services.wait_until_stored().await;
    let mut days = stored_per_day(services, today - MAX_DAYS_BACK * DAY_MS, today).await?;
    let read = services.database.read();
    let stored = calls::find_stored(read, days.iter().map(|day| (day.organization, day.id.uuid()))).await?;
    days.retain(|day| !stored.contains(&day.id.uuid()));
    let organizations: BTreeSet<Uuid> = days.iter().map(|day| day.organization).collect();
    let zones = zones(services, organizations).await?;
    // The price of each day, not today's.
    let mut prices = BTreeMap::new();
    for moment in days.iter().map(|day| day.moment).collect::<BTreeSet<_>>() {
        let price = match model {
            Some(model) => price_at_settlement(read, model, Timestamp::from_millis(moment)).await?,
            None => None,
        };
        prices.insert(moment, price);
    }
    let record = |day: Day| {
        // A deleted organization isn't charged.
        let zone = *zones.get(&day.organization)?;
        let price = prices.get(&day.moment).copied().flatten();
        Some(day.into_record(zone, model, price))
    };
    let records: Vec<CallRecord> = days.into_iter().filter_map(record).collect();
    let stored = records.len();
    // Concurrently, so that they share transactions.
    stream::iter(records).map(|record| meter.record(record)).buffer_unordered(BATCH_DAYS).try_collect::<()>().await?;
    counted.store(today, Ordering::Relaxed);
    Ok(stored)
}

/// Sums the storage of each project and day from `first` up
/// to `after`, which is excluded, the earliest day first.
async fn stored_per_day(services: &Services, first: i64, after: i64) -> ServiceResult<Vec<Day>> {
    let files: Vec<FileLifetime> = Entity::find()
        .select_only()
        .columns([Column::OrganizationId, Column::ProjectId, Column::Bytes, Column::CreatedAt, Column::DeletedAt])
        .filter(Column::Kind.eq(ObjectKind::File.name()))
        .filter(Column::Bytes.gt(0))
        .filter(Column::CreatedAt.lt(after))
        .filter(Condition::any().add(Column::DeletedAt.is_null()).add(Column::DeletedAt.gt(first)))
        .into_tuple()
        .all(services.database.read())
        .await?;
    let mut totals: BTreeMap<(i64, Uuid, Uuid), i128> = BTreeMap::new();
    for (organization, project, bytes, created_at, deleted_at) in files {
        let (from, to) = (created_at.max(first), deleted_at.unwrap_or(after).min(after));
        let mut begin = from.div_euclid(DAY_MS) * DAY_MS;
        while begin < to {
            let overlap = to.min(begin + DAY_MS) - from.max(begin);
            let total = totals.entry((begin, organization, project)).or_default();
            *total += i128::from(bytes) * i128::from(overlap.max(0));
            begin += DAY_MS;
        }
    }
    let day = |((begin, organization, project), byte_ms): ((i64, Uuid, Uuid), i128)| {
        let byte_hours = (byte_ms + i128::from(HOUR_MS / 2)) / i128::from(HOUR_MS);
        let used = Quantities { byte_hours: i64::try_from(byte_hours).unwrap_or(i64::MAX), ..Quantities::default() };
        let moment = begin + DAY_MS - 1;
        Day { id: call_id(organization, project, moment), organization, project, moment, used }
    };
    Ok(totals.into_iter().map(day).filter(|day| day.used.byte_hours > 0).collect())
}

/// The time zones of the organizations that still exist.
async fn zones(services: &Services, organizations: BTreeSet<Uuid>) -> ServiceResult<HashMap<Uuid, Tz>> {
    let read = services.database.read();
    let mut bound = Bound::new(read.get_database_backend());
    let among = bound.among_ids(organizations);
    let sql = format!("SELECT o.id, o.time_zone FROM organizations o WHERE o.id {among}");
    let mut zones = HashMap::new();
    for row in read.query_all_raw(bound.statement(sql)).await? {
        let name: String = row.try_get("", "time_zone")?;
        zones.insert(row.try_get("", "id")?, name.parse().unwrap_or(Tz::UTC));
    }
    Ok(zones)
}

/// The storage of a project on one day.
struct Day {
    id: CallId,
    organization: Uuid,
    project: Uuid,
    moment: i64,
    used: Quantities,
}

impl Day {
    fn into_record(self, zone: Tz, model: Option<&str>, price: Option<(PriceId, Price)>) -> CallRecord {
        let cost = price.map(|(_, price)| price.cost_of(self.used)).unwrap_or_default();
        CallRecord {
            id: self.id,
            organization_id: OrganizationId::new(self.organization),
            time_zone: zone,
            project_id: (!self.project.is_nil()).then(|| ProjectId::new(self.project)),
            // Storage belongs to no key.
            api_key_id: ApiKeyId::new(Uuid::nil()),
            secret_id: SecretId::new(Uuid::nil()),
            member_id: None,
            started_at: Timestamp::from_millis(self.moment),
            model: Arc::from(model.unwrap_or_default()),
            service: Service::Storage,
            endpoint: Cow::Borrowed("/v1/files"),
            provider: Arc::default(),
            status: 200,
            outcome: Outcome::Succeeded,
            streamed: false,
            times: 1,
            measured: CountSource::Reported,
            used: self.used,
            cost: cost.known,
            unpriced: cost.unpriced,
            price_id: price.map(|(id, _)| id).filter(|_| cost.known.is_some()),
            duration_us: 0,
            first_byte_us: None,
            error_code: Cow::Borrowed(""),
            rejection: None,
            tags: CallTags::default(),
            client_request_id: None,
            attempts: Vec::new(),
            body_exclusion: None,
        }
    }
}

/// Derives the call's id from organization, project and day.
fn call_id(organization: Uuid, project: Uuid, moment: i64) -> CallId {
    let mut hash = Sha256::new();
    hash.update(b"storage");
    hash.update(organization.as_bytes());
    hash.update(project.as_bytes());
    let digest = hash.finalize();
    let mut bits = [0; 10];
    bits.iter_mut().zip(digest.iter()).for_each(|(bit, byte)| *bit = *byte);
    CallId::new(Builder::from_unix_timestamp_millis(u64::try_from(moment).unwrap_or(0), &bits).into_uuid())
}
