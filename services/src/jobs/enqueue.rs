//! Puts jobs on the table, in the transaction of what causes them.

use domain::{ids::OrganizationId, time::Timestamp};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::JobState;
use crate::{
    ServiceError, ServiceResult, Services,
    changes::{self, ChangeKind},
    database::{Bound, DatabaseTransaction},
    random,
};

/// A job to enqueue.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub kind: &'static str,
    /// Identifies what the job is done for: a second job of the same kind and cause isn't enqueued.
    pub cause: String,
    /// The organization; `None` for a job of the installation.
    pub organization: Option<OrganizationId>,
    pub payload: Value,
    /// The first attempt isn't made before.
    pub due_at: Timestamp,
}

impl NewJob {
    /// A job that is due at once.
    ///
    /// # Errors
    /// The payload can't be serialized.
    pub fn new(
        kind: &'static str,
        cause: impl Into<String>,
        now: Timestamp,
        payload: impl Serialize,
    ) -> ServiceResult<Self> {
        let payload = serde_json::to_value(payload)
            .map_err(|error| ServiceError::Internal(format!("payload of {kind}: {error}")))?;
        Ok(Self { kind, cause: cause.into(), organization: None, payload, due_at: now })
    }

    /// The same job, of an organization.
    #[must_use]
    pub fn for_organization(mut self, organization: OrganizationId) -> Self {
        self.organization = Some(organization);
        self
    }
}

/// Jobs inserted by one statement.
const BATCH_SIZE: usize = 5_000;

/// Enqueues `jobs`, effective when the transaction commits: that wakes this server's runner, and an announcement those
/// of others. Jobs whose cause has one already are left out. Returns how many were new.
pub async fn enqueue(services: &Services, transaction: &DatabaseTransaction, jobs: Vec<NewJob>) -> ServiceResult<u64> {
    let now = services.now();
    let mut inserted = 0;
    for jobs in jobs.chunks(BATCH_SIZE) {
        let mut rows = Vec::with_capacity(jobs.len());
        for job in jobs {
            let organization = job.organization.map_or(Uuid::nil(), OrganizationId::uuid);
            rows.push(json!([
                random::uuid(now)?.simple().to_string(),
                job.kind,
                job.cause,
                organization.simple().to_string(),
                job.payload.to_string(),
                job.due_at.millis(),
            ]));
        }
        let mut bound = Bound::new(transaction.get_database_backend());
        let created_at = bound.value(now.millis());
        let rows = bound.rows(Value::Array(rows).to_string(), "w");
        let (id, organization) = (bound.id("w.value ->> 0"), bound.id("w.value ->> 3"));
        let due_at = bound.number("w.value ->> 5");
        let waiting = JobState::Waiting as i16;
        let sql = format!(
            "INSERT INTO jobs (id, kind, cause, organization_id, payload, state, attempts, created_at, due_at) \
             SELECT {id}, w.value ->> 1, w.value ->> 2, {organization}, w.value ->> 4, {waiting}, 0, {created_at}, {due_at} \
             FROM {rows} WHERE true ON CONFLICT (kind, cause) DO NOTHING"
        );
        inserted += transaction.execute_raw(bound.statement(sql)).await?.rows_affected();
    }
    if inserted > 0 {
        announce(services, transaction).await?;
    }
    Ok(inserted)
}

/// Wakes all runners once the transaction is committed.
pub(super) async fn announce(services: &Services, transaction: &DatabaseTransaction) -> ServiceResult<()> {
    transaction.wake_by_commit(&services.jobs_due);
    let installation = OrganizationId::new(Uuid::nil());
    changes::announce(transaction, services.now(), installation, vec![(ChangeKind::Jobs, Uuid::nil())]).await
}
