//! What a job used, counted once, when it is done.
//!
//! The call that tells it has an id that was chosen when the job was made, so that whoever sees first that it is done,
//! and whoever sees it again, on any server, stores the same call: the meter keeps one of them.

use std::{borrow::Cow, sync::Arc};

use domain::{
    calls::{Measured, Outcome},
    ids::{ApiKeyId, CallId, OrganizationId, PriceId, ProjectId, SecretId, UserId},
    models::Service,
    money::{Cost, Money, Quantities},
    time::Timestamp,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Kind, Object, insert, is, is_id, update};
use crate::{
    ServiceError, ServiceResult, Services,
    entities::{
        organizations, prices,
        provider_objects::{ActiveModel, Column, Entity, Model},
    },
    metering::{CallRecord, Meter, new_call_id},
    models::prices::price_of,
};

/// Most jobs that are looked at in one go.
const MOST_DUE: u64 = 100;

/// How a job ended.
#[derive(Clone, Debug)]
pub struct Settled {
    pub outcome: Outcome,
    /// And how far that can be believed; `None` where the provider doesn't tell.
    pub used: Option<(Measured, Quantities)>,
    pub error_code: String,
}

/// Stores the call that tells what `object` used, unless that is done.
pub async fn settle(services: &Services, meter: &Meter, object: &Object, settled: Settled) -> ServiceResult<()> {
    if !object.is_pending() {
        return Ok(());
    }
    meter.record(record(services, object, settled).await?).await?;
    update(services, object, ActiveModel { look_at: Set(None), ..ActiveModel::default() }).await
}

async fn record(services: &Services, object: &Object, settled: Settled) -> ServiceResult<CallRecord> {
    let row = &object.0;
    let read = services.database.read();
    let organization =
        organizations::Entity::find_by_id(row.organization_id).one(read).await?.ok_or(ServiceError::NotFound)?;
    let price = match row.price_id {
        Some(id) => prices::Entity::find_by_id(id).one(read).await?,
        None => None,
    };
    // What was lost from sight may have cost something; what failed didn't.
    let failed = settled.outcome == Outcome::Failed;
    let (cost, price_id) = match (settled.used, &price) {
        (Some((_, used)), Some(price)) => (price_of(price).cost_of(used), Some(PriceId::new(price.id))),
        (None, _) if failed => (Cost { known: Some(Money::ZERO), ..Cost::default() }, None),
        _ => (Cost::default(), None),
    };
    let (measured, used) = settled.used.unwrap_or_default();
    let (service, endpoint) = match object.kind() {
        Some(Kind::FineTuningJob) => (Service::FineTuning, "/v1/fine_tuning/jobs/{id}"),
        Some(Kind::Response) => (Service::Chat, "/v1/responses/{id}"),
        _ => (Service::Video, "/v1/videos/{id}"),
    };
    let some = |id: Uuid| (!id.is_nil()).then_some(id);
    let lasted = services.now().millis().saturating_sub(row.created_at).max(0);
    Ok(CallRecord {
        id: CallId::new(row.settlement_id),
        organization_id: OrganizationId::new(row.organization_id),
        time_zone: crate::Organization::from(organization).time_zone,
        project_id: some(row.project_id).map(ProjectId::new),
        api_key_id: ApiKeyId::new(row.api_key_id),
        secret_id: SecretId::new(row.secret_id),
        member_id: some(row.member_id).map(UserId::new),
        // The job belongs to the moment it was made: its price, and its cycle.
        started_at: Timestamp::from_millis(row.created_at),
        model: Arc::from(row.model.as_str()),
        service,
        endpoint: Cow::Borrowed(endpoint),
        provider: Arc::from(row.provider.as_str()),
        status: 200,
        outcome: settled.outcome,
        streamed: false,
        times: 1,
        measured,
        used,
        cost: cost.known,
        unpriced: cost.unpriced,
        price_id: price_id.filter(|_| cost.known.is_some()),
        duration_us: lasted.saturating_mul(1000),
        first_byte_us: None,
        error_code: Cow::Owned(settled.error_code),
    })
}

/// Jobs that are to be looked at now; each is given to one of several servers, which has until `next` to do so.
pub async fn due(services: &Services, next: Timestamp) -> ServiceResult<Vec<Object>> {
    let now = services.now().millis();
    let found = Entity::find()
        .filter(Column::LookAt.lte(now))
        .order_by_asc(Column::LookAt)
        .limit(MOST_DUE)
        .all(services.database.read())
        .await?;
    let mut mine = Vec::new();
    for object in found.into_iter().map(Object) {
        match take(services, &object, next).await {
            Ok(true) => mine.push(object),
            Ok(false) => {}
            Err(error) if mine.is_empty() => return Err(error),
            Err(error) => {
                // Those that were taken are this server's to look at.
                tracing::warn!(%error, "some jobs can't be taken to be looked at");
                break;
            }
        }
    }
    Ok(mine)
}

/// Puts the next look off; tells whether no other server did.
async fn take(services: &Services, object: &Object, next: Timestamp) -> ServiceResult<bool> {
    let transaction = services.database.begin().await?;
    let taken = Entity::update_many()
        .set(ActiveModel { look_at: Set(Some(next.millis())), ..ActiveModel::default() })
        .filter(is(object))
        .filter(Column::LookAt.eq(object.0.look_at))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(taken.rows_affected == 1)
}

/// Looks at a job again `at` a later time.
pub async fn postpone(services: &Services, object: &Object, at: Timestamp) -> ServiceResult<()> {
    let change = ActiveModel { look_at: Set(Some(at.millis())), ..ActiveModel::default() };
    let transaction = services.database.begin().await?;
    // Where somebody saw meanwhile that it is done, it stays so.
    let pending = is(object).add(Column::LookAt.is_not_null());
    Entity::update_many().set(change).filter(pending).exec(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Remembers files that a job made, for whoever it belongs to.
pub async fn remember_results(services: &Services, job: &Object, files: &[String]) -> ServiceResult<()> {
    let now = services.now();
    for id in files.iter().filter(|id| is_id(id)) {
        let file = Model {
            kind: Kind::File.name().to_owned(),
            id: id.clone(),
            model: String::new(),
            price_id: None,
            created_at: now.millis(),
            deleted_at: None,
            bytes: 0,
            settlement_id: new_call_id(now).uuid(),
            look_at: None,
            document: String::new(),
            ..job.0.clone()
        };
        insert(services, file).await?;
    }
    Ok(())
}

impl Object {
    /// When the job was made.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.created_at)
    }
}
