//! What it took to keep files: for each project and each UTC day one call, whose byte hours are summed over its files.
//!
//! A day is counted when it is over. The call's id follows from the day and the project, so that several servers, and one
//! that was stopped in between, count each day once. Its moment is the day's last, which is just before it is counted.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use chrono_tz::Tz;
use domain::{
    calls::{Measured, Outcome},
    ids::{ApiKeyId, CallId, OrganizationId, PriceId, ProjectId, SecretId},
    models::Service,
    money::{Price, Quantities},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::Kind;
use crate::{
    Organization, ServiceResult, Services,
    entities::{
        calls, organizations,
        provider_objects::{Column, Entity},
    },
    metering::{CallRecord, Meter},
    models::prices::settled_price,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long after its end a day is counted: clocks of several servers differ a little.
const SETTLED_AFTER_MS: i64 = 10 * 60_000;
/// How many days back are looked at: for a server that was stopped that long.
const DAYS_BACK: i64 = 31;

/// A file's size and life.
type Life = (Uuid, Uuid, i64, i64, Option<i64>);

/// Counts the days that are over and weren't counted, at the price of `model`. Gives back how many calls were stored.
pub async fn meter(services: &Services, meter: &Meter, model: Option<&str>) -> ServiceResult<usize> {
    // What was counted a moment ago is found below.
    services.settled().await;
    let today = (services.now().millis() - SETTLED_AFTER_MS).div_euclid(DAY_MS) * DAY_MS;
    let mut stored = 0;
    for back in (1..=DAYS_BACK).rev() {
        stored += count_day(services, meter, model, today - back * DAY_MS).await?;
    }
    Ok(stored)
}

async fn count_day(services: &Services, meter: &Meter, model: Option<&str>, begin: i64) -> ServiceResult<usize> {
    let end = begin + DAY_MS;
    let read = services.database.read();
    let files: Vec<Life> = Entity::find()
        .select_only()
        .columns([Column::OrganizationId, Column::ProjectId, Column::Bytes, Column::CreatedAt, Column::DeletedAt])
        .filter(Column::Kind.eq(Kind::File.name()))
        .filter(Column::Bytes.gt(0))
        .filter(Column::CreatedAt.lt(end))
        .filter(Condition::any().add(Column::DeletedAt.is_null()).add(Column::DeletedAt.gt(begin)))
        .into_tuple()
        .all(read)
        .await?;
    let mut kept: BTreeMap<(Uuid, Uuid), i128> = BTreeMap::new();
    for (organization, project, bytes, created_at, deleted_at) in files {
        let overlap = deleted_at.unwrap_or(end).min(end) - created_at.max(begin);
        *kept.entry((organization, project)).or_default() += i128::from(bytes) * i128::from(overlap.max(0));
    }
    let mut stored = 0;
    for ((organization, project), byte_ms) in kept {
        let id = call_id(organization, project, end - 1);
        let known = calls::Entity::find()
            .filter(calls::Column::OrganizationId.eq(organization))
            .filter(calls::Column::Id.eq(id.uuid()))
            .select_only()
            .column(calls::Column::Id)
            .into_tuple::<Uuid>()
            .one(read)
            .await?;
        let byte_hours = (byte_ms + i128::from(HOUR_MS / 2)) / i128::from(HOUR_MS);
        let Some(row) = organizations::Entity::find_by_id(organization).one(read).await? else { continue };
        if known.is_some() || byte_hours == 0 {
            continue;
        }
        let zone = Organization::from(row).time_zone;
        let used = Quantities { byte_hours: i64::try_from(byte_hours).unwrap_or(i64::MAX), ..Quantities::default() };
        let day = Day { id, organization, project, zone, moment: end - 1, used };
        // The price of that day, whatever it is by now.
        let price = match model {
            Some(model) => settled_price(read, model, Timestamp::from_millis(day.moment)).await?,
            None => None,
        };
        meter.record(day.record(model, price)).await?;
        stored += 1;
    }
    Ok(stored)
}

struct Day {
    id: CallId,
    organization: Uuid,
    project: Uuid,
    zone: Tz,
    moment: i64,
    used: Quantities,
}

impl Day {
    fn record(self, model: Option<&str>, price: Option<(PriceId, Price)>) -> CallRecord {
        let cost = price.map(|(_, price)| price.cost_of(self.used)).unwrap_or_default();
        CallRecord {
            id: self.id,
            organization_id: OrganizationId::new(self.organization),
            time_zone: self.zone,
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
