//! Stopping keys that were found where they shouldn't be.
//!
//! Whoever holds the secret may report it: that is the proof, and all they could do with it otherwise is worse.

use std::{collections::BTreeMap, fmt};

use domain::{
    api_keys::Secret,
    errors::FieldErrors,
    ids::{ApiKeyId, OrganizationId},
    notifications::Notice,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{lock, recipients::Recipients, secrets};
use crate::api_keys::directory::{self, Hash};
use crate::{
    ServiceResult, Services,
    audit::{self, Author, Deed},
    audited_change::lock_organization,
    changes::{self, Kind},
    database::DatabaseTransaction,
    entities::{api_keys, key_directory, key_secrets},
    notifications::{self, Delivery},
};

/// How many secrets can be reported at once.
pub const MOST_REPORTS: usize = 500;
/// Longest place that is kept, in characters.
const LONGEST_PLACE: usize = 500;

/// A text that looks like a secret, and where it was found.
#[derive(Clone)]
pub struct LeakReport {
    pub secret: String,
    /// An address, or whatever else tells the owner where to look; may be empty.
    pub place: String,
}

impl fmt::Debug for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeakReport").field("place", &Secret::redact(&self.place)).finish_non_exhaustive()
    }
}

/// What became of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LeakVerdict {
    /// No secret of this installation.
    Unknown,
    /// A secret that had ended before, with its key or without it: nothing changed.
    Ended(ApiKeyId),
    /// A secret that worked until now. Its key is disabled.
    Stopped(ApiKeyId),
}

impl LeakVerdict {
    /// Whether it is a secret, or was one.
    pub const fn is_key(self) -> bool {
        !matches!(self, Self::Unknown)
    }
}

/// Disables the keys of secrets that leaked, on every server within a second, and tells those who should know. Verdicts
/// come in the order of the reports.
///
/// What isn't a secret by its form and checksum makes no query. Of several organizations' keys each organization's are
/// disabled together; where that fails half-way, the same report again does the rest.
pub async fn report_leaks(services: &Services, reports: &[LeakReport]) -> ServiceResult<Vec<LeakVerdict>> {
    if reports.len() > MOST_REPORTS {
        return Err(FieldErrors::of("reports", format!("Report at most {MOST_REPORTS} secrets at once.")).into());
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

/// A secret that is, or was, a key's.
struct Leak {
    organization: OrganizationId,
    key: ApiKeyId,
    secret: Uuid,
    place: String,
}

/// The reports that name a secret, by their places in the list.
async fn find(services: &Services, reports: &[LeakReport]) -> ServiceResult<Vec<(usize, Leak)>> {
    let presented: Vec<(usize, Hash)> = reports
        .iter()
        .enumerate()
        .filter_map(|(index, report)| Some((index, directory::hash(&Secret::parse(report.secret.trim()).ok()?))))
        .collect();
    if presented.is_empty() {
        return Ok(Vec::new());
    }
    let known = key_directory::Entity::find()
        .filter(key_directory::Column::Hash.is_in(presented.iter().map(|(_, hash)| hash.to_vec())))
        .all(services.database.read())
        .await?;
    let leak = |(index, hash): &(usize, Hash)| {
        let row = known.iter().find(|row| row.hash.ct_eq(hash).into())?;
        let leak = Leak {
            organization: OrganizationId::new(row.organization_id),
            key: ApiKeyId::new(row.api_key_id),
            secret: row.secret_id,
            place: told(&reports[*index].place),
        };
        Some((*index, leak))
    };
    Ok(presented.iter().filter_map(leak).collect())
}

/// A place as it may be stored and shown: on one line, not too long, and without the secret that was found there.
fn told(place: &str) -> String {
    // On one line first: a line break must not hide a secret that is whole without it.
    let line: String = place.chars().filter(|letter| !letter.is_control()).collect();
    Secret::redact(&line).chars().take(LONGEST_PLACE).collect()
}

/// Disables the keys whose secrets still worked; tells which.
async fn stop(services: &Services, organization: OrganizationId, leaks: &[Leak]) -> ServiceResult<Vec<ApiKeyId>> {
    let transaction = services.database.begin().await?;
    // Before any key: who changes keys of this organization does so too.
    lock_organization(&transaction, organization).await?;
    let now = services.now();
    let ids = leaks.iter().map(|leak| leak.key.uuid()).collect();
    let mut keys = lock::select(organization, ids).all(&transaction).await?;
    keys.retain(|key| lock::ended(key, now).is_usable());
    let working = working(&transaction, now, organization, leaks).await?;
    // The first report of each key says where it was found.
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
    tell(&transaction, now, organization, &found).await?;
    let disabled = found.iter().map(|(key, _)| (Kind::LeakedApiKey, key.id)).collect();
    changes::announce(&transaction, now, organization, disabled).await?;
    transaction.commit().await?;
    Ok(found.iter().map(|(_, leak)| leak.key).collect())
}

/// Those of the secrets that have no end, or none yet: one that was replaced and has ended harms nobody any more, and is
/// no reason to stop those who use the new one.
async fn working(
    database: &impl ConnectionTrait,
    now: Timestamp,
    organization: OrganizationId,
    leaks: &[Leak],
) -> ServiceResult<Vec<Uuid>> {
    let found = key_secrets::of(organization)
        .filter(key_secrets::Column::Id.is_in(leaks.iter().map(|leak| leak.secret)))
        .all(database)
        .await?;
    Ok(found.into_iter().filter(|secret| secrets::works(secret, now)).map(|secret| secret.id).collect())
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

/// Writes it into the audit log and into the inboxes of those who should know.
async fn tell(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    found: &[(&api_keys::Model, &Leak)],
) -> ServiceResult<()> {
    let recipients = Recipients::of(transaction, organization).await?;
    let mut deeds = Vec::with_capacity(found.len());
    let mut deliveries = Vec::with_capacity(found.len());
    for (key, leak) in found {
        let deed = Deed::new("api_key.leaked", "api_key", leak.key)
            .before(json!({ "name": key.name }))?
            .after(json!({ "place": leak.place }))?;
        deeds.push(deed);
        let notice = Notice::KeyLeaked { api_key: leak.key, name: key.name.clone(), place: leak.place.clone() };
        let occasion = format!("api_key.leaked:{}", leak.key);
        deliveries.push(Delivery { users: recipients.of_leak(key.created_by), occasion, notice });
    }
    notifications::deliver(transaction, now, organization, deliveries).await?;
    audit::record_all(transaction, now, organization, &Author::leak_report(), deeds).await
}
