//! The keys that a server caches in memory.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::ids::{ApiKeyId, OrganizationId};
use quick_cache::sync::Cache;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::{KeyRecord, SecretHash, row::DirectoryRow};
use crate::{
    Organization, ServiceResult,
    changes::{Change, ChangeKind, WatcherEvent},
};

/// Maximum number of cached keys. Any other key costs a query.
const MAX_KEYS: usize = 250_000;
/// Maximum number of cached organizations, each shared by its keys.
const MAX_ORGANIZATIONS: usize = 50_000;
/// Disabled keys that may wait for a receiver.
const DISABLED_CHANNEL_CAPACITY: usize = 8_192;

/// Cached keys, and the channel of disabled ones.
pub(super) struct KeyCache {
    pub(super) records: Cache<SecretHash, Arc<KeyRecord>>,
    /// Hashes of existing keys, whatever changed about them since: presenting one isn't guessing.
    pub(super) existing: Cache<SecretHash, ()>,
    organizations: Cache<OrganizationId, Arc<Organization>>,
    /// Number of invalidations so far, so that nothing read before one is cached after it.
    generation: AtomicU64,
    disabled: broadcast::Sender<ApiKeyId>,
}

impl KeyCache {
    pub(super) fn new() -> Self {
        Self {
            records: Cache::new(MAX_KEYS),
            existing: Cache::new(MAX_KEYS),
            organizations: Cache::new(MAX_ORGANIZATIONS),
            generation: AtomicU64::new(0),
            disabled: broadcast::Sender::new(DISABLED_CHANNEL_CAPACITY),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn subscribe_disabled(&self) -> broadcast::Receiver<ApiKeyId> {
        self.disabled.subscribe()
    }

    /// Returns the organization of `row`, shared by all of its keys as long as nothing about it changes.
    pub(super) fn share_organization(&self, row: &DirectoryRow) -> ServiceResult<Arc<Organization>> {
        let read = row.organization()?;
        if let Some(cached) = self.organizations.get(&read.id).filter(|cached| **cached == read) {
            return Ok(cached);
        }
        let read = Arc::new(read);
        self.organizations.insert(read.id, Arc::clone(&read));
        Ok(read)
    }

    /// Replaces a cached record by the one just read; `generation` is the one from before the read.
    pub(super) fn renew(&self, hash: &SecretHash, read: Option<&Arc<KeyRecord>>, generation: u64) {
        if self.records.get(hash).is_none() {
            return;
        }
        match read {
            Some(record) => self.records.insert(*hash, Arc::clone(record)),
            None => drop(self.records.remove(hash)),
        }
        if self.generation() != generation {
            self.records.remove(hash);
        }
    }

    pub(super) fn forget(&self, event: WatcherEvent) {
        // Counted before anything is removed, so that a read under way notices.
        self.generation.fetch_add(1, Ordering::SeqCst);
        match event {
            WatcherEvent::Everything => self.records.clear(),
            WatcherEvent::Changed(changes) => {
                self.forget_changed(&changes);
                self.notify_disabled(&changes);
            }
        }
    }

    /// Removes changed keys in one pass over the cache, however many changes there are.
    fn forget_changed(&self, changes: &[Change]) {
        let changed: HashSet<Uuid> = changes.iter().map(|change| change.subject_id).collect();
        self.records.retain(|_, record| {
            let project = record.project_id.map(|project| project.uuid());
            let ids = [Some(record.api_key_id.uuid()), project, Some(record.organization.id.uuid())];
            !ids.into_iter().flatten().any(|id| changed.contains(&id))
        });
    }

    fn notify_disabled(&self, changes: &[Change]) {
        for change in changes.iter().filter(|change| change.kind == ChangeKind::LeakedApiKey) {
            // Fails without a receiver.
            let _ = self.disabled.send(ApiKeyId::new(change.subject_id));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use domain::{
        api_keys::Level,
        ids::{ProjectId, SecretId},
    };

    use super::*;

    /// A cache of so many keys of one organization, each in a project of its own.
    fn cache_with(keys: u32) -> KeyCache {
        let cache = KeyCache::new();
        let id = OrganizationId::new(Uuid::from_u128(u128::MAX));
        let organization = Arc::new(Organization { id, slug: String::new(), name: String::new(), time_zone: Tz::UTC });
        for number in 0..keys {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_be_bytes());
            cache.records.insert(hash, Arc::new(record(&organization, number)));
        }
        cache
    }

    fn record(organization: &Arc<Organization>, number: u32) -> KeyRecord {
        KeyRecord {
            organization: Arc::clone(organization),
            project_id: Some(ProjectId::new(project(number))),
            project_archived: false,
            api_key_id: ApiKeyId::new(key(number)),
            secret_id: SecretId::new(Uuid::nil()),
            name: Box::default(),
            level: Level::Standard,
            scopes: Box::default(),
            ip_allowlist: Box::default(),
            member_id: None,
            models: Box::default(),
            expires_at: None,
            revoked: false,
            disabled: false,
            read_at: domain::time::Timestamp::from_millis(0),
            metadata_only: false,
            limits: None,
            bodies: None,
        }
    }

    fn key(number: u32) -> Uuid {
        Uuid::from_u128(u128::from(number) + 1)
    }

    fn project(number: u32) -> Uuid {
        Uuid::from_u128((u128::from(number) + 1) << 64)
    }

    fn change(kind: ChangeKind, subject_id: Uuid) -> Change {
        Change { kind, organization_id: OrganizationId::new(Uuid::nil()), subject_id }
    }

    #[test]
    fn a_hundred_thousand_keys_in_use_all_stay() {
        assert_eq!(cache_with(100_000).records.len(), 100_000);
    }

    #[test]
    fn what_changed_is_forgotten_and_nothing_else() {
        let cache = cache_with(10);
        let changes = [
            change(ChangeKind::ApiKey, key(3)),
            change(ChangeKind::LeakedApiKey, key(4)),
            change(ChangeKind::Project, project(5)),
        ];
        cache.forget(WatcherEvent::Changed(changes.to_vec()));
        let mut left: Vec<Uuid> = cache.records.iter().map(|(_, record)| record.api_key_id.uuid()).collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 6, 7, 8, 9].map(key));
        cache.forget(WatcherEvent::Changed(vec![change(ChangeKind::Organization, Uuid::from_u128(u128::MAX))]));
        assert!(cache.records.is_empty());
        assert_eq!(cache.generation(), 2);
    }

    #[test]
    fn only_leaked_keys_are_told_and_after_they_were_forgotten() {
        let cache = cache_with(2);
        let mut disabled = cache.subscribe_disabled();
        cache.forget(WatcherEvent::Changed(vec![
            change(ChangeKind::ApiKey, key(0)),
            change(ChangeKind::LeakedApiKey, key(1)),
        ]));
        assert_eq!(disabled.try_recv(), Ok(ApiKeyId::new(key(1))));
        assert!(disabled.try_recv().is_err() && cache.records.is_empty());
    }
}
