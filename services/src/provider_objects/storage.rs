//! What it took to keep files: for each project and each UTC day one call, whose byte hours are summed over its files.
//!
//! A day is counted when it is over. The call's id follows from the day and the project, so that several servers, and one
//! that was stopped in between, count each day once. Its moment is the day's last, which is just before it is counted.

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
    calls::{Measured, Outcome},
    ids::{ApiKeyId, CallId, OrganizationId, PriceId, ProjectId, SecretId},
    models::Service,
    money::{Price, Quantities},
    time::Timestamp,
};
use futures::{StreamExt, TryStreamExt, stream};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::Kind;
use crate::{
    ServiceResult, Services, calls,
    database::Bound,
    entities::provider_objects::{Column, Entity},
    metering::{CallRecord, Meter},
    models::prices::settled_price,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long after its end a day is counted: clocks of several servers differ a little.
const SETTLED_AFTER_MS: i64 = 10 * 60_000;
/// How many days back are looked at: for a server that was stopped that long.
const DAYS_BACK: i64 = 31;

/// How many days' records are waited for at a time.
const AT_ONCE: usize = 256;

/// A file's size and life.
type Life = (Uuid, Uuid, i64, i64, Option<i64>);

/// Up to which day this server has counted all; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<AtomicI64>);

/// Counts the days that are over and weren't counted, at the price of `model`. Gives back how many calls were stored.
///
/// A handful of statements, however many projects there are; none once this server has counted all.
pub async fn meter(services: &Services, meter: &Meter, model: Option<&str>) -> ServiceResult<usize> {
    let today = (services.now().millis() - SETTLED_AFTER_MS).div_euclid(DAY_MS) * DAY_MS;
    let Counted(counted) = &services.counted_storage;
    // Nothing comes to a day that is over.
    if counted.load(Ordering::Relaxed) == today {
        return Ok(0);
    }
    // What was counted a moment ago is found below.
    services.settled().await;
    let mut days = kept(services, today - DAYS_BACK * DAY_MS, today).await?;
    let read = services.database.read();
    let stored = calls::stored(read, days.iter().map(|day| (day.organization, day.id.uuid()))).await?;
    days.retain(|day| !stored.contains(&day.id.uuid()));
    let organizations: BTreeSet<Uuid> = days.iter().map(|day| day.organization).collect();
    let zones = zones(services, organizations).await?;
    // Of each day its own price, whatever it is by now.
    let mut prices = BTreeMap::new();
    for moment in days.iter().map(|day| day.moment).collect::<BTreeSet<_>>() {
        let price = match model {
            Some(model) => settled_price(read, model, Timestamp::from_millis(moment)).await?,
            None => None,
        };
        prices.insert(moment, price);
    }
    let record = |day: Day| {
        // An organization that was deleted has no more to pay.
        let zone = *zones.get(&day.organization)?;
        let price = prices.get(&day.moment).copied().flatten();
        Some(day.record(zone, model, price))
    };
    let records: Vec<CallRecord> = days.into_iter().filter_map(record).collect();
    let stored = records.len();
    // Together, so that they are stored together.
    stream::iter(records).map(|record| meter.record(record)).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    counted.store(today, Ordering::Relaxed);
    Ok(stored)
}

/// What each project kept on each day from `first` to before `after`, the earliest day first.
async fn kept(services: &Services, first: i64, after: i64) -> ServiceResult<Vec<Day>> {
    let files: Vec<Life> = Entity::find()
        .select_only()
        .columns([Column::OrganizationId, Column::ProjectId, Column::Bytes, Column::CreatedAt, Column::DeletedAt])
        .filter(Column::Kind.eq(Kind::File.name()))
        .filter(Column::Bytes.gt(0))
        .filter(Column::CreatedAt.lt(after))
        .filter(Condition::any().add(Column::DeletedAt.is_null()).add(Column::DeletedAt.gt(first)))
        .into_tuple()
        .all(services.database.read())
        .await?;
    let mut kept: BTreeMap<(i64, Uuid, Uuid), i128> = BTreeMap::new();
    for (organization, project, bytes, created_at, deleted_at) in files {
        let (from, to) = (created_at.max(first), deleted_at.unwrap_or(after).min(after));
        let mut begin = from.div_euclid(DAY_MS) * DAY_MS;
        while begin < to {
            let overlap = to.min(begin + DAY_MS) - from.max(begin);
            *kept.entry((begin, organization, project)).or_default() += i128::from(bytes) * i128::from(overlap.max(0));
            begin += DAY_MS;
        }
    }
    let day = |((begin, organization, project), byte_ms): ((i64, Uuid, Uuid), i128)| {
        let byte_hours = (byte_ms + i128::from(HOUR_MS / 2)) / i128::from(HOUR_MS);
        let used = Quantities { byte_hours: i64::try_from(byte_hours).unwrap_or(i64::MAX), ..Quantities::default() };
        let moment = begin + DAY_MS - 1;
        Day { id: call_id(organization, project, moment), organization, project, moment, used }
    };
    Ok(kept.into_iter().map(day).filter(|day| day.used.byte_hours > 0).collect())
}

/// The time zones of those organizations that there are.
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

struct Day {
    id: CallId,
    organization: Uuid,
    project: Uuid,
    moment: i64,
    used: Quantities,
}

impl Day {
    fn record(self, zone: Tz, model: Option<&str>, price: Option<(PriceId, Price)>) -> CallRecord {
        let cost = price.map(|(_, price)| price.cost_of(self.used)).unwrap_or_default();
        CallRecord {
            id: self.id,
            organization_id: OrganizationId::new(self.organization),
            time_zone: zone,
            project_id: (!self.project.is_nil()).then(|| ProjectId::new(self.project)),
            // No key has a part in it.
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
            measured: Measured::Reported,
            used: self.used,
            cost: cost.known,
            unpriced: cost.unpriced,
            price_id: price.map(|(id, _)| id).filter(|_| cost.known.is_some()),
            duration_us: 0,
            first_byte_us: None,
            error_code: Cow::Borrowed(""),
        }
    }
}

/// The same for the same project and day.
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
