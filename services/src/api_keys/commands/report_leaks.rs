//! Disables keys that leaked.
//!
//! Knowing a secret is enough to report it: that is the proof, and any other use of it would be worse.

use std::{collections::BTreeMap, fmt};

use domain::{
    api_keys::Secret,
    errors::FieldErrors,
    ids::{ApiKeyId, OrganizationId},
    notifications::Notice,
    time::Timestamp,
    validation::canonical::is_hidden,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{lock, recipients::Recipients};
use crate::{
    Actor, ActorKind, ServiceResult, Services, SystemTask,
    api_keys::directory::{self, SecretHash},
    audit::{self, AuditAuthor, AuditEvent},
    audited_change::lock_organization,
    changes::{self, ChangeKind},
    database::DatabaseTransaction,
    entities::{api_keys, key_directory, key_secrets},
    notifications::{self, Delivery},
};

/// Maximum number of secrets reported at once.
pub const MAX_REPORTS: usize = 500;
/// Maximum length of a stored place, in characters.
const MAX_PLACE_LENGTH: usize = 500;

/// A text that looks like a secret, and where it was found.
#[derive(Clone)]
pub struct LeakReport {
    pub secret: String,
    /// A URL or another hint for the owner where to look; may be empty.
    pub place: String,
}

impl fmt::Debug for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeakReport").field("place", &Secret::redact(&self.place)).finish_non_exhaustive()
    }
}

/// The outcome of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LeakVerdict {
    /// No secret of this installation.
    Unknown,
    /// A secret that had ended before, with its key or alone: nothing changed.
    Ended(ApiKeyId),
    /// A secret that worked until now. Its key is disabled.
    Stopped(ApiKeyId),
}

impl LeakVerdict {
    /// Whether the reported text is, or was, a secret.
    pub const fn is_key(self) -> bool {
        !matches!(self, Self::Unknown)
    }
}

/// Disables the keys of leaked secrets, on every server within a second, and notifies the members concerned.
/// Returns verdicts in the order of the reports.
///
/// A text without the format and checksum of a secret costs no query. The keys of each organization are
/// disabled together; if that fails half-way, repeating the report does the rest.
pub async fn report_leaks(services: &Services, reports: &[LeakReport]) -> ServiceResult<Vec<LeakVerdict>> {
    if reports.len() > MAX_REPORTS {
        return Err(FieldErrors::of("reports", format!("Report at most {MAX_REPORTS} secrets per request.")).into());
    }
    let mut verdicts = vec![LeakVerdict::Unknown; reports.len()];
    let mut leaks: BTreeMap<OrganizationId, Vec<Leak>> = BTreeMap::new();
    for (index, leak) in find(services, reports).await? {
        verdicts[index] = LeakVerdict::Ended(leak.key);
        leaks.entry(leak.organization).or_default().push(leak);
    }
    for (organization, leaks) in leaks {
        let stopped = stop(services, organization, &leaks).await?;
        for verdict in &mut verdicts {
            if let LeakVerdict::Ended(key) = *verdict
                && stopped.contains(&key)
            {
                *verdict = LeakVerdict::Stopped(key);
            }
        }
    }
    Ok(verdicts)
}

/// A reported secret that belongs, or belonged, to a key.
struct Leak {
    organization: OrganizationId,
    key: ApiKeyId,
    secret: Uuid,
    place: String,
}

/// Finds the reported secrets, with the index of each report.
async fn find(services: &Services, reports: &[LeakReport]) -> ServiceResult<Vec<(usize, Leak)>> {
    let presented: Vec<(usize, SecretHash)> = reports
        .iter()
        .enumerate()
        .filter_map(|(index, report)| Some((index, directory::hash(&Secret::parse(report.secret.trim()).ok()?))))
        .collect();
    if presented.is_empty() {
        return Ok(Vec::new());
    }
    let rows = key_directory::Entity::find()
        .filter(key_directory::Column::Hash.is_in(presented.iter().map(|(_, hash)| hash.to_vec())))
        .all(services.database.read())
        .await?;
    let leak = |(index, hash): &(usize, SecretHash)| {
        let row = rows.iter().find(|row| row.hash.ct_eq(hash).into())?;
        let leak = Leak {
            organization: OrganizationId::new(row.organization_id),
            key: ApiKeyId::new(row.api_key_id),
            secret: row.secret_id,
            place: sanitize_place(&reports[*index].place),
        };
        Some((*index, leak))
    };
    Ok(presented.iter().filter_map(leak).collect())
}

/// Prepares a place for storage and display: on one line, cut, and without the secret that was found there.
fn sanitize_place(place: &str) -> String {
    // On one line first: a line break must not hide a secret that is whole without it.
    let line: String = place.chars().filter(|letter| !is_hidden(*letter)).collect();
    Secret::redact(&line).chars().take(MAX_PLACE_LENGTH).collect()
}

/// Disables the keys whose secrets still worked, and returns their ids.
async fn stop(services: &Services, organization: OrganizationId, leaks: &[Leak]) -> ServiceResult<Vec<ApiKeyId>> {
    let transaction = services.database.begin().await?;
    // Locked before any key, as by every change of this organization's keys.
    let locked = lock_organization(&transaction, organization).await?;
    let actor = Actor { organization: locked, kind: ActorKind::System(SystemTask::LeakReport), ip: None };
    let now = services.now();
    let ids = leaks.iter().map(|leak| leak.key.uuid()).collect();
    let mut keys = lock::select_for_update(organization, ids).all(&transaction).await?;
    keys.retain(|key| key.status(now).is_usable());
    let working = find_working(&transaction, now, organization, leaks).await?;
    // The first report of each key names the place.
    let found: Vec<(&api_keys::Model, &Leak)> = keys
        .iter()
        .filter_map(|key| {
            let leak = leaks.iter().find(|leak| leak.key.uuid() == key.id && working.contains(&leak.secret))?;
            Some((key, leak))
        })
        .collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    disable(&transaction, now, organization, &found).await?;
    record_and_notify(&transaction, now, &actor, &found).await?;
    let disabled = found.iter().map(|(key, _)| (ChangeKind::LeakedApiKey, key.id)).collect();
    changes::announce(&transaction, now, organization, disabled).await?;
    transaction.commit().await?;
    Ok(found.iter().map(|(_, leak)| leak.key).collect())
}

/// Finds the leaked secrets that still work: one that was replaced and has ended does no harm any more, and
/// is no reason to stop the clients that use the new one.
async fn find_working(
    database: &impl ConnectionTrait,
    now: Timestamp,
    organization: OrganizationId,
    leaks: &[Leak],
) -> ServiceResult<Vec<Uuid>> {
    let found = key_secrets::of(organization)
        .filter(key_secrets::Column::Id.is_in(leaks.iter().map(|leak| leak.secret)))
        .all(database)
        .await?;
    Ok(found.into_iter().filter(|secret| secret.is_working(now)).map(|secret| secret.id).collect())
}

async fn disable(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    found: &[(&api_keys::Model, &Leak)],
) -> ServiceResult<()> {
    let ids: Vec<Uuid> = found.iter().map(|(key, _)| key.id).collect();
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::DisabledAt, Expr::value(now.millis()))
        .filter(api_keys::Column::OrganizationId.eq(organization.uuid()))
        .filter(api_keys::Column::Id.is_in(ids))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Writes the leaks into the audit log and into the inboxes of the members concerned.
async fn record_and_notify(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    actor: &Actor,
    found: &[(&api_keys::Model, &Leak)],
) -> ServiceResult<()> {
    let organization = actor.organization.id;
    let recipients = Recipients::load(transaction, organization).await?;
    let mut events = Vec::with_capacity(found.len());
    let mut deliveries = Vec::with_capacity(found.len());
    for (key, leak) in found {
        let event = AuditEvent::new("api_key.leaked", "api_key", leak.key)
            .before(json!({ "name": key.name }))?
            .after(json!({ "place": leak.place }))?;
        events.push(event);
        let notice = Notice::KeyLeaked { api_key: leak.key, name: key.name.clone(), place: leak.place.clone() };
        let occasion = format!("api_key.leaked:{}", leak.key);
        deliveries.push(Delivery { users: recipients.of_leak(key.created_by), occasion, notice });
    }
    notifications::deliver(transaction, now, organization, deliveries).await?;
    audit::record_all(transaction, now, organization, &AuditAuthor::of(actor), events).await
}
