//! Starts an export: its row and its job, in one transaction.

use domain::{
    exports::{Export, ExportState, KEPT_HOURS, NewExport},
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{JOB_KIND, MAX_STORED_BYTES, MAX_UNFINISHED, rows, scope};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    audit::AuditEvent,
    audited_change::AuditedChange,
    database::Bound,
    entities::exports,
    jobs::{self, NewJob},
    projects, random,
};

/// Has a job make the file. `expected_rows` is the number of rows that it will have at most, if that is known.
///
/// # Errors
/// The actor isn't a member or lacks the permission; the organization has too many exports.
pub async fn start(
    services: &Services,
    actor: &Actor,
    new: &NewExport,
    expected_rows: Option<u64>,
) -> ServiceResult<Export> {
    let (user, permission) = (rows::member(actor)?, new.source.permission());
    new.check()?;
    let mut change = AuditedChange::begin(services, actor, &[permission]).await?;
    let (now, organization) = (change.now(), actor.organization.id);
    check_limits(&change).await?;
    let reached = projects::scope(change.transaction(), change.actor(), permission).await?;
    let row = exports::Model {
        organization_id: organization.uuid(),
        id: random::uuid(now)?,
        user_id: user.uuid(),
        source: new.source.name().to_owned(),
        format: new.format.name().to_owned(),
        query: new.query.clone(),
        scope: scope::to_text(&reached),
        state: ExportState::Waiting.name().to_owned(),
        attempt: 0,
        rows: 0,
        expected_rows: expected_rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)),
        bytes: 0,
        error: String::new(),
        created_at: now.millis(),
        watched_at: now.millis(),
        finished_at: None,
        // One that is ready by then is kept longer.
        expires_at: expiration(now).millis(),
    };
    exports::Entity::insert(exports::ActiveModel::from(row.clone()))
        .exec_without_returning(change.transaction())
        .await?;
    let export = rows::to_export(row)?;
    change.record(AuditEvent::new("export.started", "export", export.id).after(new)?);
    let job = NewJob::new(JOB_KIND, export.id.to_string(), now, export.id)?.for_organization(organization);
    jobs::enqueue(services, change.transaction(), vec![job]).await?;
    change.commit().await?;
    Ok(export)
}

/// The time at which a file that is ready `now`, or an export that is started `now` and isn't finished, is deleted.
pub(super) fn expiration(now: Timestamp) -> Timestamp {
    now.plus_minutes(KEPT_HOURS * 60)
}

/// Rejects an export if the organization has too many. Its changes run one after another, so none slips through.
async fn check_limits(change: &AuditedChange) -> ServiceResult<()> {
    let transaction = change.transaction();
    let mut bound = Bound::new(transaction.get_database_backend());
    let (organization, now) = (bound.value(change.actor().organization.id.uuid()), bound.value(change.now().millis()));
    let [waiting, running] = [ExportState::Waiting, ExportState::Running].map(ExportState::name);
    let sql = format!(
        "SELECT count(CASE WHEN state IN ('{waiting}', '{running}') THEN 1 END) AS unfinished, \
         CAST(coalesce(sum(bytes), 0) AS bigint) AS bytes \
         FROM exports WHERE organization_id = {organization} AND expires_at > {now}"
    );
    let Some(row) = transaction.query_one_raw(bound.statement(sql)).await? else { return Ok(()) };
    let (unfinished, bytes): (i64, i64) = (row.try_get("", "unfinished")?, row.try_get("", "bytes")?);
    if unfinished.unsigned_abs() >= MAX_UNFINISHED {
        let message = format!(
            "{MAX_UNFINISHED} exports of your organization are being made. Wait for one of them, or cancel one."
        );
        return Err(ServiceError::Conflict(message));
    }
    if bytes >= MAX_STORED_BYTES {
        let message = "The exports of your organization's last day take up all their storage. Download this one directly, or wait.";
        return Err(ServiceError::Conflict(message.to_owned()));
    }
    Ok(())
}
