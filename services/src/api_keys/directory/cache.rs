//! The keys that a server keeps in memory.

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

use super::{Hash, KeyRecord, row::Row};
use crate::{
    Organization, ServiceResult,
    changes::{Change, Kind, Notice},
};

/// How many keys are kept at most. One that isn't costs a query.
const CAPACITY: usize = 250_000;
/// How many organizations are kept for their keys to share.
const ORGANIZATIONS: usize = 50_000;
/// How many disabled keys a receiver may have to hear of at once.
const DISABLED: usize = 8_192;

pub(super) struct Kept {
    pub(super) records: Cache<Hash, Arc<KeyRecord>>,
    /// Keys that there are, whatever changed of them since: whoever has one isn't guessing.
    pub(super) seen: Cache<Hash, ()>,
    organizations: Cache<OrganizationId, Arc<Organization>>,
    /// Counts what was forgotten, so that nothing read before is kept after.
    forgotten: AtomicU64,
    disabled: broadcast::Sender<ApiKeyId>,
}

impl Kept {
    pub(super) fn new() -> Self {
        Self {
            records: Cache::new(CAPACITY),
            seen: Cache::new(CAPACITY),
            organizations: Cache::new(ORGANIZATIONS),
            forgotten: AtomicU64::new(0),
            disabled: broadcast::Sender::new(DISABLED),
        }
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    pub(super) fn disabled(&self) -> broadcast::Receiver<ApiKeyId> {
        self.disabled.subscribe()
    }

    /// The organization that `row` tells of: the same for all of its keys, as long as nothing of it changes.
    pub(super) fn organization(&self, row: &Row) -> ServiceResult<Arc<Organization>> {
        let read = row.organization()?;
        if let Some(kept) = self.organizations.get(&read.id).filter(|kept| **kept == read) {
            return Ok(kept);
        }
        let read = Arc::new(read);
        self.organizations.insert(read.id, Arc::clone(&read));
        Ok(read)
    }

    /// Keeps what was just read in place of what is kept; `forgotten` is the count before it was read.
    pub(super) fn renew(&self, hash: &Hash, read: Option<&Arc<KeyRecord>>, forgotten: u64) {
        if self.records.get(hash).is_none() {
            return;
        }
        match read {
            Some(record) => self.records.insert(*hash, Arc::clone(record)),
            None => drop(self.records.remove(hash)),
        }
        if self.forgotten() != forgotten {
            self.records.remove(hash);
        }
    }

    pub(super) fn forget(&self, notice: Notice) {
        // Counted before anything is forgotten, so that whoever reads at this moment notices.
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        match notice {
            Notice::Everything => self.records.clear(),
            Notice::Changed(changes) => {
                self.forget_changed(&changes);
                self.tell_disabled(&changes);
            }
        }
    }

    /// Goes through all that is kept once, however much changed.
    fn forget_changed(&self, changes: &[Change]) {
        let changed: HashSet<Uuid> = changes.iter().map(|change| change.subject_id).collect();
        self.records.retain(|_, record| {
            let project = record.project_id.map(|project| project.uuid());
            let known_by = [Some(record.api_key_id.uuid()), project, Some(record.organization.id.uuid())];
            !known_by.into_iter().flatten().any(|id| changed.contains(&id))
        });
    }

    fn tell_disabled(&self, changes: &[Change]) {
        for change in changes.iter().filter(|change| change.kind == Kind::LeakedApiKey) {
            // Fails where nobody listens.
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

    /// What is kept of so many keys of one organization, each in a project of its own.
    fn kept(keys: u32) -> Kept {
        let kept = Kept::new();
        let id = OrganizationId::new(Uuid::from_u128(u128::MAX));
        let organization = Arc::new(Organization { id, slug: String::new(), name: String::new(), time_zone: Tz::UTC });
        for number in 0..keys {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_be_bytes());
            kept.records.insert(hash, Arc::new(record(&organization, number)));
        }
        kept
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

    fn change(kind: Kind, subject_id: Uuid) -> Change {
        Change { kind, organization_id: OrganizationId::new(Uuid::nil()), subject_id }
    }

    #[test]
    fn a_hundred_thousand_keys_in_use_all_stay() {
        assert_eq!(kept(100_000).records.len(), 100_000);
    }

    #[test]
    fn what_changed_is_forgotten_and_nothing_else() {
        let kept = kept(10);
        let changes =
            [change(Kind::ApiKey, key(3)), change(Kind::LeakedApiKey, key(4)), change(Kind::Project, project(5))];
        kept.forget(Notice::Changed(changes.to_vec()));
        let mut left: Vec<Uuid> = kept.records.iter().map(|(_, record)| record.api_key_id.uuid()).collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 6, 7, 8, 9].map(key));
        kept.forget(Notice::Changed(vec![change(Kind::Organization, Uuid::from_u128(u128::MAX))]));
        assert!(kept.records.is_empty());
        assert_eq!(kept.forgotten(), 2);
    }

    #[test]
    fn only_leaked_keys_are_told_and_after_they_were_forgotten() {
        let kept = kept(2);
        let mut told = kept.disabled();
        kept.forget(Notice::Changed(vec![change(Kind::ApiKey, key(0)), change(Kind::LeakedApiKey, key(1))]));
        assert_eq!(told.try_recv(), Ok(ApiKeyId::new(key(1))));
        assert!(told.try_recv().is_err() && kept.records.is_empty());
    }
}
