//! Says what a presented key may do: the first thing that happens to every call.
//!
//! What was looked up is kept in memory. A change is announced (see
//! [`changes`](crate::changes)) and forgotten here within a second; while the
//! announcements can't be read, every key is looked up again. Each is after a
//! minute, so that nothing rests on announcements alone.
//!
//! The stated exception: while the database doesn't answer at all, keys that
//! are kept go on being good as they were seen last, for a bounded time.

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
    cache::Kept,
    outage::{ANSWER, Outage, SLOW_ANSWER},
};
use crate::{
    ServiceError, ServiceResult, Services, address_limits::Doing, changes::Watcher, metering::JournalSettings,
};

/// How long a key is kept without being looked up again, whatever is announced: what should ever be missed counts then.
const FRESH_MILLIS: i64 = 60_000;

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
    outage: Arc<Outage>,
}

impl KeyDirectory {
    /// Starts watching for changes, until the last clone is dropped.
    pub fn start(services: &Services) -> Self {
        let kept = Arc::new(Kept::new());
        let watched = Arc::clone(&kept);
        let watcher = Watcher::start(services, move |notice| watched.forget(notice));
        let outage = Arc::new(Outage::new(JournalSettings::MAX_AGE));
        Self { services: services.clone(), kept, watcher: Arc::new(watcher), outage }
    }

    /// While the database doesn't answer, keys seen before are good for so long; 15 minutes otherwise.
    pub fn trusting_for(self, patience: Duration) -> Self {
        Self { outage: Arc::new(Outage::new(patience)), ..self }
    }

    /// What `secret` is good for at this moment. Expiry counts to the millisecond, any change within a second; while the
    /// database doesn't answer, changes count when it does again.
    ///
    /// # Errors
    /// The database can't be asked, and the key isn't known from before.
    pub async fn verify(&self, secret: &Secret) -> ServiceResult<Verification> {
        let Some(record) = self.find(&hash(secret)).await? else { return Ok(Verification::Unknown) };
        Ok(record.judge(self.services.now()))
    }

    /// The same for a key that comes from `address`, where keys that don't exist are looked for so often and no more.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`] besides.
    pub async fn verify_from(&self, secret: &Secret, address: Option<IpAddr>) -> ServiceResult<Verification> {
        let hash = hash(secret);
        if self.kept.seen.get(&hash).is_some() {
            return self.verify(secret).await;
        }
        let limits = &self.services.address_limits;
        limits.check(Doing::UnknownKey, address)?;
        let verification = self.verify(secret).await?;
        match verification {
            Verification::Unknown => limits.failed(Doing::UnknownKey, address),
            _ => self.kept.seen.insert(hash, ()),
        }
        Ok(verification)
    }

    /// The same for a key of `organization`. Of another organization's, nothing is told, not even by the time that it
    /// takes: both it and a key that never was are looked for in the database, and not found there.
    ///
    /// # Errors
    /// The database can't be asked, or the organization asked for too many keys in vain.
    pub async fn verify_within(&self, organization: OrganizationId, secret: &Secret) -> ServiceResult<Verification> {
        let hash = hash(secret);
        let kept = if self.watcher.is_current() { self.kept.records.get(&hash) } else { None };
        let is_known = |record: &Arc<KeyRecord>| record.organization.id == organization && self.is_fresh(record);
        if let Some(record) = kept.filter(is_known) {
            return Ok(record.judge(self.services.now()));
        }
        let limits = &self.services.address_limits;
        limits.check(Doing::UnknownKeyAsked, organization)?;
        match row::read_within(self.services.database().read(), &hash, organization).await? {
            // Looked up as for a call, so that it is kept from here on.
            Some(_) => self.verify(secret).await,
            None => {
                limits.failed(Doing::UnknownKeyAsked, organization);
                Ok(Verification::Unknown)
            }
        }
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
            return self.find_unannounced(hash).await;
        }
        match self.kept.records.get(hash) {
            Some(record) if self.is_fresh(&record) => return Ok(Some(record)),
            Some(_) => return self.find_unannounced(hash).await,
            None => {}
        }
        // Who waits for another's look-up waits no longer than for one of its own.
        let found = timeout(SLOW_ANSWER, self.find_once(hash)).await;
        found.map_err(|_| ServiceError::unavailable("the database doesn't answer"))?
    }

    /// Of many that ask for the same key at once, one looks it up.
    async fn find_once(&self, hash: &Hash) -> ServiceResult<Option<Arc<KeyRecord>>> {
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

    /// Whether a key was looked up lately, by a clock that may have been set back.
    fn is_fresh(&self, record: &KeyRecord) -> bool {
        let now = self.services.now();
        (record.read_at..record.read_at.plus_millis(FRESH_MILLIS)).contains(&now)
    }

    /// While changes aren't told, or when it was long ago: a key is looked up again, as long as the database answers.
    async fn find_unannounced(&self, hash: &Hash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        let error = if self.outage.may_ask(Instant::now()) {
            let forgotten = self.kept.forgotten();
            match timeout(ANSWER, self.look_up(hash)).await {
                Ok(Ok(found)) => {
                    self.outage.note_answer();
                    self.kept.renew(hash, found.as_ref(), forgotten);
                    return Ok(found);
                }
                Ok(Err(error @ ServiceError::Unavailable(_))) => error,
                Ok(Err(error)) => return Err(error),
                Err(_) => ServiceError::unavailable("it doesn't answer"),
            }
        } else {
            ServiceError::unavailable("it didn't answer a moment ago")
        };
        self.outage.note_failure();
        let kept = self.kept.records.get(hash).filter(|_| self.watcher.looked_within(self.outage.patience));
        kept.map(Some).ok_or(error)
    }

    async fn look_up(&self, hash: &Hash) -> ServiceResult<Option<Arc<KeyRecord>>> {
        // Before it is read: it may be as old as that.
        let now = self.services.now();
        let row = row::read(self.services.database().read(), hash).await?;
        row.map(|row| row.into_record(now, |row| self.kept.organization(row)).map(Arc::new)).transpose()
    }
}
