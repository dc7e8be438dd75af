//! Verifies presented keys: the first step of every call.
//!
//! Records are cached in memory. A change is announced (see [`changes`](crate::changes)) and its records
//! leave the cache within a second; while announcements can't be read, every key is looked up again. After a
//! minute each record is looked up again in any case, so that nothing rests on announcements alone.
//!
//! The documented exception: while the database doesn't answer at all, cached keys stay valid for a bounded
//! time, in the state in which they were last read.

mod cache;
mod outage;
mod record;
mod row;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    api_keys::Secret,
    ids::{ApiKeyId, OrganizationId},
};
use sha2::{Digest, Sha256};
use tokio::{sync::broadcast, time::timeout};

pub use self::record::KeyRecord;
use self::{
    cache::KeyCache,
    outage::{Outage, QUERY_TIMEOUT, SLOW_QUERY_TIMEOUT},
};
use crate::{
    ServiceError, ServiceResult, Services, address_limits::LimitedAction, changes::Watcher, metering::JournalSettings,
};

/// Age in milliseconds at which a record is looked up again, in case an announcement was missed.
const MAX_RECORD_AGE_MILLIS: i64 = 60_000;

/// The SHA-256 of a whole secret.
pub(super) type SecretHash = [u8; 32];

/// Hashes `secret`, as the directory stores and finds it.
pub(super) fn hash(secret: &Secret) -> SecretHash {
    Sha256::digest(secret.reveal().as_bytes()).into()
}

/// The outcome of verifying a presented key.
#[derive(Clone, Debug)]
pub enum KeyVerification {
    /// There is no such key, and never was.
    Unknown,
    /// The key was revoked.
    Revoked(Arc<KeyRecord>),
    /// The key was disabled because it leaked.
    Disabled(Arc<KeyRecord>),
    /// The key has expired, or its secret was replaced and the grace period is over.
    Expired(Arc<KeyRecord>),
    /// The key and the secret work.
    Active(Arc<KeyRecord>),
}

/// Verifies presented keys. Cheap to clone.
#[derive(Clone)]
pub struct KeyDirectory {
    services: Services,
    cache: Arc<KeyCache>,
    watcher: Arc<Watcher>,
    outage: Arc<Outage>,
}

impl KeyDirectory {
    /// Starts watching for changes, until the last clone is dropped.
    pub fn start(services: &Services) -> Self {
        let cache = Arc::new(KeyCache::new());
        let watched = Arc::clone(&cache);
        let watcher = Watcher::start(services, move |event| watched.forget(event));
        let outage = Arc::new(Outage::new(JournalSettings::MAX_AGE));
        Self { services: services.clone(), cache, watcher: Arc::new(watcher), outage }
    }

    /// Sets how long cached keys stay valid while the database doesn't answer; 15 minutes by default.
    pub fn with_outage_trust(self, max_staleness: Duration) -> Self {
        Self { outage: Arc::new(Outage::new(max_staleness)), ..self }
    }

    /// Verifies `secret` at this moment. Expiration counts to the millisecond, any change within a second;
    /// while the database doesn't answer, changes count when it does again.
    ///
    /// # Errors
    /// The database can't be queried, and the key isn't cached.
    pub async fn verify(&self, secret: &Secret) -> ServiceResult<KeyVerification> {
        let Some(record) = self.find(&hash(secret)).await? else { return Ok(KeyVerification::Unknown) };
        Ok(record.judge(self.services.now()))
    }

    /// Verifies a key that comes from `address`, with a limit on unknown keys from there.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify), and [`ServiceError::RateLimited`].
    pub async fn verify_from(&self, secret: &Secret, address: Option<IpAddr>) -> ServiceResult<KeyVerification> {
        let hash = hash(secret);
        if self.cache.existing.get(&hash).is_some() {
            return self.verify(secret).await;
        }
        let limits = &self.services.address_limits;
        limits.check(LimitedAction::UnknownKey, address)?;
        let verification = self.verify(secret).await?;
        match verification {
            KeyVerification::Unknown => limits.count_failure(LimitedAction::UnknownKey, address),
            _ => self.cache.existing.insert(hash, ()),
        }
        Ok(verification)
    }

    /// Verifies a key for a caller of `organization`. Nothing is revealed about other organizations' keys,
    /// not even by timing: they and unknown keys are both looked up in the database, and not found there.
    ///
    /// # Errors
    /// The database can't be queried, or the organization asked for too many unknown keys.
    pub async fn verify_in_organization(
        &self,
        organization: OrganizationId,
        secret: &Secret,
    ) -> ServiceResult<KeyVerification> {
        let hash = hash(secret);
        let cached = if self.watcher.is_current() { self.cache.records.get(&hash) } else { None };
        let is_own_and_fresh =
            |record: &Arc<KeyRecord>| record.organization.id == organization && self.is_fresh(record);
        if let Some(record) = cached.filter(is_own_and_fresh) {
            return Ok(record.judge(self.services.now()));
        }
        let limits = &self.services.address_limits;
        limits.check(LimitedAction::UnknownKeyCheck, organization)?;
        match row::read_in_organization(self.services.database().control().read(), &hash, organization).await? {
            // Looked up as for a call, so that it is cached.
            Some(_) => self.verify(secret).await,
            None => {
                limits.count_failure(LimitedAction::UnknownKeyCheck, organization);
                Ok(KeyVerification::Unknown)
            }
        }
    }

    /// Subscribes to keys disabled after a leak, within a second: their running calls are to be ended.
    ///
    /// Subscribe before [`verify`](Self::verify), so that no key is missed: a key leaves the cache before it
    /// is sent here, and a later verification finds it disabled. Keys of the last day may be sent again.
    pub fn subscribe_disabled(&self) -> broadcast::Receiver<ApiKeyId> {
        self.cache.subscribe_disabled()
    }

    async fn find(&self, hash: &SecretHash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        if !self.watcher.is_current() {
            return self.find_unannounced(hash).await;
        }
        match self.cache.records.get(hash) {
            Some(record) if self.is_fresh(&record) => return Ok(Some(record)),
            Some(_) => return self.find_unannounced(hash).await,
            None => {}
        }
        // Bounded even if another task does the look-up.
        let found = timeout(SLOW_QUERY_TIMEOUT, self.find_once(hash)).await;
        found.map_err(|_| ServiceError::unavailable("the database doesn't answer"))?
    }

    /// Looks a key up once for all tasks that ask for it at the same time.
    async fn find_once(&self, hash: &SecretHash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        let guard = match self.cache.records.get_value_or_guard_async(hash).await {
            Ok(record) => return Ok(Some(record)),
            Err(guard) => guard,
        };
        let generation = self.cache.generation();
        let Some(record) = self.look_up(hash).await? else { return Ok(None) };
        // Fails only if the entry was removed meanwhile: then it isn't cached.
        let _ = guard.insert(Arc::clone(&record));
        if self.cache.generation() != generation {
            // Something changed during the read, perhaps this key.
            self.cache.records.remove(hash);
        }
        Ok(Some(record))
    }

    /// Whether a record was read within the last minute; never if the clock was set back to before that.
    fn is_fresh(&self, record: &KeyRecord) -> bool {
        let now = self.services.now();
        (record.read_at..record.read_at.plus_millis(MAX_RECORD_AGE_MILLIS)).contains(&now)
    }

    /// Looks a key up again while changes can't be read, or when its record is old. Takes the cached record
    /// while the database doesn't answer.
    async fn find_unannounced(&self, hash: &SecretHash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        let error = if self.outage.can_query(Instant::now()) {
            let generation = self.cache.generation();
            match timeout(QUERY_TIMEOUT, self.look_up(hash)).await {
                Ok(Ok(found)) => {
                    self.outage.end();
                    self.cache.renew(hash, found.as_ref(), generation);
                    return Ok(found);
                }
                Ok(Err(error @ ServiceError::Unavailable(_))) => error,
                Ok(Err(error)) => return Err(error),
                Err(_) => ServiceError::unavailable("it doesn't answer"),
            }
        } else {
            ServiceError::unavailable("it didn't answer a moment ago")
        };
        self.outage.start();
        let is_trusted = |_: &Arc<KeyRecord>| self.watcher.is_current_within(self.outage.max_staleness);
        let cached = self.cache.records.get(hash).filter(is_trusted);
        cached.map(Some).ok_or(error)
    }

    async fn look_up(&self, hash: &SecretHash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        // Taken before the read: the record may be as old as that.
        let now = self.services.now();
        let row = row::read(self.services.database().control().read(), hash).await?;
        row.map(|row| row.into_record(now, |row| self.cache.share_organization(row)).map(Arc::new)).transpose()
    }
}
