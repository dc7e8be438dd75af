//! Says what a presented key may do: the first thing that happens to every call.
//!
//! What was looked up is kept in memory. A change is announced (see
//! [`changes`](crate::changes)) and forgotten here within a second; while the
//! announcements can't be read, every key is looked up again.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono_tz::Tz;
use domain::{
    api_keys::{Level, Secret},
    ids::{ApiKeyId, OrganizationId, ProjectId, SecretId, UserId},
    time::Timestamp,
};
use quick_cache::sync::Cache;
use sea_orm::{FromQueryResult, Statement};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult, Services,
    changes::{Change, Kind, Notice, Watcher},
};

/// How many keys are kept in memory. One that isn't costs a query.
const CAPACITY: usize = 100_000;

const SELECT: &str = "SELECT d.hash, d.organization_id, d.api_key_id, d.secret_id, s.expires_at AS secret_expires_at, \
     k.project_id, k.level, k.models, k.created_by, k.expires_at, k.revoked_at, k.disabled_at, p.archived_at, o.time_zone \
     FROM key_directory d \
     JOIN organizations o ON o.id = d.organization_id \
     JOIN api_keys k ON k.organization_id = d.organization_id AND k.id = d.api_key_id \
     JOIN key_secrets s ON s.organization_id = d.organization_id AND s.id = d.secret_id \
     LEFT JOIN projects p ON p.organization_id = k.organization_id AND p.id = k.project_id \
     WHERE d.hash = $1";

/// What became of a presented key.
#[derive(Clone, Debug)]
pub enum Verification {
    /// There is no such key, and never was.
    Unknown,
    Revoked(Arc<KeyRecord>),
    Disabled(Arc<KeyRecord>),
    Expired(Arc<KeyRecord>),
    Active(Arc<KeyRecord>),
}

/// What is known of a key that exists.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    pub organization_id: OrganizationId,
    /// The organization's.
    pub time_zone: Tz,
    /// `None` for a key that belongs to no project.
    pub project_id: Option<ProjectId>,
    pub project_archived: bool,
    pub api_key_id: ApiKeyId,
    /// Which of the key's secrets was presented.
    pub secret_id: SecretId,
    pub level: Level,
    models: Vec<String>,
    /// Who made the key.
    pub member_id: Option<UserId>,
    expires_at: Option<Timestamp>,
    revoked: bool,
    disabled: bool,
}

impl KeyRecord {
    /// Whether the key may call `model`. One without a list may call all.
    pub fn allows_model(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|allowed| allowed == model)
    }
}

/// Looks up presented keys. Cheap to clone.
#[derive(Clone)]
pub struct KeyDirectory {
    services: Services,
    kept: Arc<Kept>,
    watcher: Arc<Watcher>,
}

/// The SHA-256 of a whole secret.
type Hash = [u8; 32];

struct Kept {
    records: Cache<Hash, Arc<KeyRecord>>,
    /// Counts what was forgotten, so that nothing read before is kept after.
    forgotten: AtomicU64,
}

impl KeyDirectory {
    /// Starts watching for changes, until the last clone is dropped.
    pub fn start(services: &Services) -> Self {
        let kept = Arc::new(Kept { records: Cache::new(CAPACITY), forgotten: AtomicU64::new(0) });
        let watched = Arc::clone(&kept);
        let watcher = Watcher::start(services, move |notice| watched.forget(notice));
        Self { services: services.clone(), kept, watcher: Arc::new(watcher) }
    }

    /// What `secret` is good for at this moment. Expiry counts to the millisecond, any change within a second.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn verify(&self, secret: &Secret) -> ServiceResult<Verification> {
        let hash: Hash = Sha256::digest(secret.reveal().as_bytes()).into();
        let Some(record) = self.find(&hash).await? else { return Ok(Verification::Unknown) };
        Ok(if record.revoked {
            Verification::Revoked(record)
        } else if record.disabled {
            Verification::Disabled(record)
        } else if record.expires_at.is_some_and(|expiry| expiry <= self.services.now()) {
            Verification::Expired(record)
        } else {
            Verification::Active(record)
        })
    }

    async fn find(&self, hash: &Hash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        if !self.watcher.is_current() {
            return self.look_up(hash).await;
        }
        // Of many that ask for the same key at once, one looks it up.
        let guard = match self.kept.records.get_value_or_guard_async(hash).await {
            Ok(record) => return Ok(Some(record)),
            Err(guard) => guard,
        };
        let forgotten = self.kept.forgotten.load(Ordering::SeqCst);
        let Some(record) = self.look_up(hash).await? else { return Ok(None) };
        // Fails only where the entry was forgotten meanwhile: then it isn't kept.
        let _ = guard.insert(Arc::clone(&record));
        if self.kept.forgotten.load(Ordering::SeqCst) != forgotten {
            // Something changed while it was read, perhaps this key.
            self.kept.records.remove(hash);
        }
        Ok(Some(record))
    }

    async fn look_up(&self, hash: &Hash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        let database = self.services.database().read();
        let select = Statement::from_sql_and_values(database.get_database_backend(), SELECT, [hash.to_vec().into()]);
        let Some(row) = Row::find_by_statement(select).one(database).await? else { return Ok(None) };
        if !bool::from(row.hash.ct_eq(hash)) {
            return Ok(None);
        }
        row.try_into().map(|record| Some(Arc::new(record)))
    }
}

impl Kept {
    fn forget(&self, notice: Notice) {
        // Counted before anything is forgotten, so that whoever reads at this moment notices.
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        match notice {
            Notice::Everything => self.records.clear(),
            Notice::Changed(change) => self.records.retain(|_, record| !concerns(&change, record)),
        }
    }
}

fn concerns(change: &Change, record: &KeyRecord) -> bool {
    change.organization_id == record.organization_id
        && match change.kind {
            Kind::ApiKey => record.api_key_id.uuid() == change.subject_id,
            Kind::Project => record.project_id.is_some_and(|project| project.uuid() == change.subject_id),
            Kind::Organization => true,
        }
}

#[derive(FromQueryResult)]
struct Row {
    hash: Vec<u8>,
    organization_id: Uuid,
    api_key_id: Uuid,
    secret_id: Uuid,
    secret_expires_at: Option<i64>,
    project_id: Option<Uuid>,
    level: String,
    models: serde_json::Value,
    created_by: Option<Uuid>,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    disabled_at: Option<i64>,
    archived_at: Option<i64>,
    time_zone: String,
}

impl TryFrom<Row> for KeyRecord {
    type Error = ServiceError;

    fn try_from(row: Row) -> ServiceResult<Self> {
        let broken = |what: &str| ServiceError::Internal(format!("a stored key's {what} can't be read"));
        let expiries = [row.expires_at, row.secret_expires_at];
        Ok(Self {
            organization_id: OrganizationId::new(row.organization_id),
            time_zone: row.time_zone.parse().map_err(|_| broken("time zone"))?,
            project_id: row.project_id.map(ProjectId::new),
            project_archived: row.archived_at.is_some(),
            api_key_id: ApiKeyId::new(row.api_key_id),
            secret_id: SecretId::new(row.secret_id),
            level: row.level.parse().map_err(|_| broken("level"))?,
            models: serde_json::from_value(row.models).map_err(|_| broken("list of models"))?,
            member_id: row.created_by.map(UserId::new),
            expires_at: expiries.into_iter().flatten().min().map(Timestamp::from_millis),
            revoked: row.revoked_at.is_some(),
            disabled: row.disabled_at.is_some(),
        })
    }
}
