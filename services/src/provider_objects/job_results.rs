//! Records a finished job's usage exactly once.
//!
//! Its call has an id that was chosen when the job was created, so that servers which see its end at the same
//! time, or again, record duplicates, of which the meter stores one.

use std::{borrow::Cow, sync::Arc};

use domain::{
    calls::{CountSource, Outcome},
    ids::{ApiKeyId, CallId, OrganizationId, PriceId, ProjectId, SecretId, UserId},
    models::Service,
    money::{Cost, Money, Quantities},
    time::Timestamp,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{ObjectKind, ProviderObject, has_key_of, insert, is_id, update};
use crate::{
    ServiceError, ServiceResult, Services,
    entities::{
        organizations, prices,
        provider_objects::{ActiveModel, Column, Entity, Model},
    },
    metering::{CallRecord, Meter, new_call_id},
    models::prices::price_of,
    stored_tags,
};

/// Maximum number of jobs that are claimed at once.
const MAX_DUE: u64 = 100;

/// The result of a finished job.
#[derive(Clone, Debug)]
pub struct JobResult {
    pub outcome: Outcome,
    /// Quantities used, with their source; `None` if the provider doesn't report them.
    pub used: Option<(CountSource, Quantities)>,
    pub error_code: String,
}

/// Records the call with the usage of `object`, unless that is done.
pub async fn record_job(
    services: &Services,
    meter: &Meter,
    object: &ProviderObject,
    result: JobResult,
) -> ServiceResult<()> {
    if !object.is_pending() {
        return Ok(());
    }
    meter.record(to_record(services, object, result).await?).await?;
    update(services, object, ActiveModel { look_at: Set(None), ..ActiveModel::default() }).await
}

async fn to_record(services: &Services, object: &ProviderObject, result: JobResult) -> ServiceResult<CallRecord> {
    let row = &object.0;
    let read = services.database.read();
    let organization =
        organizations::Entity::find_by_id(row.organization_id).one(read).await?.ok_or(ServiceError::NotFound)?;
    let price = match row.price_id {
        Some(id) => prices::Entity::find_by_id(id).one(read).await?,
        None => None,
    };
    // A failed job costs nothing; one whose end wasn't seen may have.
    let failed = result.outcome == Outcome::Failed;
    let (cost, price_id) = match (result.used, &price) {
        (Some((_, used)), Some(price)) => (price_of(price).cost_of(used), Some(PriceId::new(price.id))),
        (None, _) if failed => (Cost { known: Some(Money::ZERO), ..Cost::default() }, None),
        _ => (Cost::default(), None),
    };
    let (measured, used) = result.used.unwrap_or_default();
    let (service, endpoint) = match object.kind() {
        Some(ObjectKind::FineTuningJob) => (Service::FineTuning, "/v1/fine_tuning/jobs/{id}"),
        Some(ObjectKind::Response) => (Service::Chat, "/v1/responses/{id}"),
        _ => (Service::Video, "/v1/videos/{id}"),
    };
    let non_nil = |id: Uuid| (!id.is_nil()).then_some(id);
    let duration_ms = services.now().millis().saturating_sub(row.created_at).max(0);
    Ok(CallRecord {
        id: CallId::new(row.settlement_id),
        organization_id: OrganizationId::new(row.organization_id),
        time_zone: crate::Organization::from(organization).time_zone,
        project_id: non_nil(row.project_id).map(ProjectId::new),
        api_key_id: ApiKeyId::new(row.api_key_id),
        secret_id: SecretId::new(row.secret_id),
        member_id: non_nil(row.member_id).map(UserId::new),
        // The job's price and cycle are those of its creation.
        started_at: Timestamp::from_millis(row.created_at),
        model: Arc::from(row.model.as_str()),
        service,
        endpoint: Cow::Borrowed(endpoint),
        provider: Arc::from(row.provider.as_str()),
        status: 200,
        outcome: result.outcome,
        streamed: false,
        times: 1,
        measured,
        used,
        cost: cost.known,
        unpriced: cost.unpriced,
        price_id: price_id.filter(|_| cost.known.is_some()),
        duration_us: duration_ms.saturating_mul(1000),
        first_byte_us: None,
        error_code: Cow::Owned(result.error_code),
        rejection: None,
        tags: stored_tags::parse(row.tags.as_deref()),
        client_request_id: None,
        attempts: Vec::new(),
        body_exclusion: None,
    })
}

/// Claims jobs that are due for a check. Each goes to one
/// of several servers, which has until `next` to check it.
pub async fn claim_due_jobs(services: &Services, next: Timestamp) -> ServiceResult<Vec<ProviderObject>> {
    let now = services.now().millis();
    let jobs = Entity::find()
        .filter(Column::LookAt.lte(now))
        .order_by_asc(Column::LookAt)
        .limit(MAX_DUE)
        .all(services.database.read())
        .await?;
    let mut claimed = Vec::new();
    for object in jobs.into_iter().map(ProviderObject) {
        match claim(services, &object, next).await {
            Ok(true) => claimed.push(object),
            Ok(false) => {}
            Err(error) if claimed.is_empty() => return Err(error),
            Err(error) => {
                // This server must check those it has claimed.
                tracing::warn!(%error, "some jobs can't be taken to be looked at");
                break;
            }
        }
    }
    Ok(claimed)
}

/// Claims a job by postponing its next check; returns whether no other server did so first.
async fn claim(services: &Services, object: &ProviderObject, next: Timestamp) -> ServiceResult<bool> {
    let transaction = services.database.begin().await?;
    let result = Entity::update_many()
        .set(ActiveModel { look_at: Set(Some(next.millis())), ..ActiveModel::default() })
        .filter(has_key_of(object))
        .filter(Column::LookAt.eq(object.0.look_at))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(result.rows_affected == 1)
}

/// Schedules the next check of a job.
pub async fn reschedule(services: &Services, object: &ProviderObject, at: Timestamp) -> ServiceResult<()> {
    let change = ActiveModel { look_at: Set(Some(at.millis())), ..ActiveModel::default() };
    let transaction = services.database.begin().await?;
    // If another server has seen the job's end meanwhile, it stays done.
    let pending = has_key_of(object).add(Column::LookAt.is_not_null());
    Entity::update_many().set(change).filter(pending).exec(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Stores files that a job made as objects of the job's owner.
pub async fn remember_results(services: &Services, job: &ProviderObject, files: &[String]) -> ServiceResult<()> {
    let now = services.now();
    for id in files.iter().filter(|id| is_id(id)) {
        let file = Model {
            kind: ObjectKind::File.name().to_owned(),
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

impl ProviderObject {
    /// When the object was created.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.created_at)
    }
}
