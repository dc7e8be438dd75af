//! So many bytes for all, which are shared fairly: of memory, and of the disk that uploads wait on.
//!
//! Half of them are for whoever comes. Of the other half each organization and each key may take no more than its share: an
//! eighth of all for a key, a quarter for its organization, or as much as the largest thing takes that may be asked for. So no
//! key and no organization leaves nothing to the others, and who is alone isn't held to a share.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use domain::ids::{ApiKeyId, OrganizationId};
use services::api_keys::directory::KeyRecord;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Holder {
    organization: OrganizationId,
    key: ApiKeyId,
}

impl From<&KeyRecord> for Holder {
    fn from(key: &KeyRecord) -> Self {
        Self { organization: key.organization.id, key: key.api_key_id }
    }
}

#[cfg(test)]
impl Holder {
    pub(super) fn nobody() -> Self {
        let nil = uuid::Uuid::nil();
        Self { organization: OrganizationId::new(nil), key: ApiKeyId::new(nil) }
    }
}

/// Whose room is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Full {
    All,
    Organization,
    Key,
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: u64,
    /// The largest that one may take at once.
    largest: u64,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    all: u64,
    by_organization: HashMap<OrganizationId, u64>,
    by_key: HashMap<ApiKeyId, u64>,
}

impl Budget {
    pub(super) fn new(most: u64, largest: u64) -> Self {
        Self(Arc::new(Inner { most, largest, taken: Mutex::default(), freed: Notify::new() }))
    }

    /// Nothing, which may grow.
    pub(super) fn nothing(&self, holder: Holder) -> Share {
        Share { budget: self.clone(), holder, bytes: 0 }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, holder: Holder, bytes: u64) -> Result<(), Full> {
        let mut taken = self.taken();
        taken.check(holder, bytes, self.0.most, self.0.largest)?;
        taken.all += bytes;
        *taken.by_organization.entry(holder.organization).or_default() += bytes;
        *taken.by_key.entry(holder.key).or_default() += bytes;
        Ok(())
    }

    fn give_back(&self, holder: Holder, bytes: u64) {
        let mut taken = self.taken();
        taken.all -= bytes;
        lessen(&mut taken.by_organization, &holder.organization, bytes);
        lessen(&mut taken.by_key, &holder.key, bytes);
        drop(taken);
        self.0.freed.notify_waiters();
    }
}

impl Taken {
    fn check(&self, holder: Holder, bytes: u64, most: u64, largest: u64) -> Result<(), Full> {
        let all = self.all.saturating_add(bytes);
        if all > most {
            return Err(Full::All);
        }
        if all <= most / 2 {
            return Ok(());
        }
        let of = |taken: Option<&u64>| taken.copied().unwrap_or(0).saturating_add(bytes);
        if of(self.by_key.get(&holder.key)) > largest.max(most / 8) {
            return Err(Full::Key);
        }
        if of(self.by_organization.get(&holder.organization)) > largest.max(most / 4) {
            return Err(Full::Organization);
        }
        Ok(())
    }
}

/// What is nobody's any more isn't remembered.
fn lessen<K: Eq + Hash>(taken: &mut HashMap<K, u64>, key: &K, bytes: u64) {
    if let Some(left) = taken.get_mut(key) {
        *left = left.saturating_sub(bytes);
        if *left == 0 {
            taken.remove(key);
        }
    }
}

/// Some bytes, until they are dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    holder: Holder,
    bytes: u64,
}

impl Share {
    /// Takes so many more, at once or not at all.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), Full> {
        self.budget.take(self.holder, bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// The same, when others have given back enough, until `deadline`.
    pub(super) async fn grow_in_time(&mut self, bytes: u64, deadline: Instant) -> Result<(), Full> {
        let budget = self.budget.clone();
        loop {
            // Before the look, so that nothing is missed that is given back after it.
            let mut freed = std::pin::pin!(budget.0.freed.notified());
            freed.as_mut().enable();
            match self.grow(bytes) {
                Ok(()) => return Ok(()),
                Err(full) if timeout_at(deadline, freed).await.is_err() => return Err(full),
                Err(_) => {}
            }
        }
    }
}

impl Share {
    /// The same bytes, whose memory counts until the last of their clones is dropped.
    pub(super) fn until_dropped(self, bytes: Bytes) -> Bytes {
        /// What lives and goes together.
        struct Counted(Bytes, #[expect(dead_code, reason = "it is dropped with the bytes")] Share);

        impl AsRef<[u8]> for Counted {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        if self.bytes == 0 { bytes } else { Bytes::from_owner(Counted(bytes, self)) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.give_back(self.holder, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn holder(organization: u128, key: u128) -> Holder {
        Holder {
            organization: OrganizationId::new(Uuid::from_u128(organization)),
            key: ApiKeyId::new(Uuid::from_u128(key)),
        }
    }

    fn take(budget: &Budget, holder: Holder, bytes: u64) -> Result<Share, Full> {
        let mut share = budget.nothing(holder);
        share.grow(bytes).map(|()| share)
    }

    #[test]
    fn two_uploads_of_one_organization_leave_room_for_others() {
        let budget = Budget::new(64, 32);
        let _first = take(&budget, holder(1, 1), 31).unwrap();
        assert_eq!(take(&budget, holder(1, 1), 31).err(), Some(Full::Key));
        assert_eq!(take(&budget, holder(1, 2), 31).err(), Some(Full::Organization));
        let _other = take(&budget, holder(2, 3), 31).unwrap();
        assert_eq!(take(&budget, holder(3, 4), 31).err(), Some(Full::All));
    }

    #[test]
    fn who_is_alone_may_take_half() {
        let budget = Budget::new(800, 10);
        let alone: Vec<Share> = std::iter::from_fn(|| take(&budget, holder(1, 1), 10).ok()).collect();
        assert_eq!(alone.len(), 40);
        let key: Vec<Share> = std::iter::from_fn(|| take(&budget, holder(2, 2), 10).ok()).collect();
        assert_eq!(key.len(), 10);
        let organization: Vec<Share> = (3..).map_while(|key| take(&budget, holder(2, key), 10).ok()).collect();
        assert_eq!(organization.len(), 10);
        assert!(take(&budget, holder(3, 1_000), 10).is_ok());
    }

    #[tokio::test]
    async fn who_waits_is_served_when_others_give_back() {
        let budget = Budget::new(10, 10);
        let first = take(&budget, holder(1, 1), 10).unwrap();
        let mut second = budget.nothing(holder(2, 2));
        let soon = Instant::now() + std::time::Duration::from_secs(60);
        let waiting = second.grow_in_time(10, soon);
        let (waited, ()) = tokio::join!(waiting, async { drop(first) });
        assert_eq!(waited, Ok(()));
        assert_eq!(budget.nothing(holder(3, 3)).grow_in_time(1, Instant::now()).await, Err(Full::All));
    }

    proptest! {
        #[test]
        fn all_is_given_back(steps in proptest::collection::vec((0_u128..4, 0_u128..8, 1_u64..50), 0..60)) {
            let budget = Budget::new(200, 20);
            let shares: Vec<Share> =
                steps.into_iter().filter_map(|(one, other, bytes)| take(&budget, holder(one, other), bytes).ok()).collect();
            prop_assert!(budget.taken().all <= 200);
            drop(shares);
            let taken = budget.taken();
            prop_assert_eq!((taken.all, taken.by_key.len(), taken.by_organization.len()), (0, 0, 0));
        }
    }
}
