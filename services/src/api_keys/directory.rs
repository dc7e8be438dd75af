//! Says what a presented key may do: the first thing that happens to every call.
//!
//! What was looked up is kept in memory. A change is announced (see
//! [`changes`](crate::changes)) and forgotten here within a second; while the
//! announcements can't be read, every key is looked up again.

mod kept;
mod record;
mod row;

use std::sync::Arc;

use domain::{api_keys::Secret, ids::ApiKeyId};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast;

use self::kept::Kept;
pub use self::record::KeyRecord;
use crate::{ServiceResult, Services, changes::Watcher};

/// The SHA-256 of a whole secret.
pub(super) type Hash = [u8; 32];

/// What is stored of `secret`, and found by.
pub(super) fn hash(secret: &Secret) -> Hash {
    Sha256::digest(secret.reveal().as_bytes()).into()
}

/// What became of a presented key.
#[derive(Clone, Debug)]
pub enum Verification {
    /// There is no such key, and never was.
    Unknown,
    Revoked(Arc<KeyRecord>),
    /// Stopped because it leaked.
    Disabled(Arc<KeyRecord>),
    /// The key has expired, or its secret was replaced and the grace period is over.
    Expired(Arc<KeyRecord>),
    Active(Arc<KeyRecord>),
}

/// Looks up presented keys. Cheap to clone.
#[derive(Clone)]
pub struct KeyDirectory {
    services: Services,
    kept: Arc<Kept>,
    watcher: Arc<Watcher>,
}

impl KeyDirectory {
    /// Starts watching for changes, until the last clone is dropped.
    pub fn start(services: &Services) -> Self {
        let kept = Arc::new(Kept::new());
        let watched = Arc::clone(&kept);
        let watcher = Watcher::start(services, move |notice| watched.forget(notice));
        Self { services: services.clone(), kept, watcher: Arc::new(watcher) }
    }

    /// What `secret` is good for at this moment. Expiry counts to the millisecond, any change within a second.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn verify(&self, secret: &Secret) -> ServiceResult<Verification> {
        let Some(record) = self.find(&hash(secret)).await? else { return Ok(Verification::Unknown) };
        Ok(record.judge(self.services.now()))
    }

    /// Tells of keys that are disabled from now on, within a second: what they have running is to be ended.
    ///
    /// Whoever listens before they [`verify`](Self::verify) a key misses nothing: a key is forgotten here before it is
    /// told of, so that whoever verifies it later knows that it is disabled. Some of the last day may be told again.
    pub fn disabled(&self) -> broadcast::Receiver<ApiKeyId> {
        self.kept.disabled()
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
        let forgotten = self.kept.forgotten();
        let Some(record) = self.look_up(hash).await? else { return Ok(None) };
        // Fails only where the entry was forgotten meanwhile: then it isn't kept.
        let _ = guard.insert(Arc::clone(&record));
        if self.kept.forgotten() != forgotten {
            // Something changed while it was read, perhaps this key.
            self.kept.records.remove(hash);
        }
        Ok(Some(record))
    }

    async fn look_up(&self, hash: &Hash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        let row = row::read(self.services.database().read(), hash).await?;
        row.map(|row| row.into_record(|row| self.kept.organization(row)).map(Arc::new)).transpose()
    }
}
