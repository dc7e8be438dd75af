//! Byte budgets shared fairly between organizations and keys: one for memory, one for
//! the disk space of uploads.
//!
//! The first half goes to the requests that come first. While more than half is taken, a key holds at most an eighth
//! of the total and an organization a quarter, but never less than the largest request that is allowed needs. So no key
//! or organization can starve the others, and one that is alone still gets half.

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

use crate::v1::error::V1Error;

/// The key and organization that hold bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct BudgetHolder {
    organization: OrganizationId,
    key: ApiKeyId,
}

impl From<&KeyRecord> for BudgetHolder {
    fn from(key: &KeyRecord) -> Self {
        Self { organization: key.organization.id, key: key.api_key_id }
    }
}

#[cfg(test)]
impl BudgetHolder {
    pub(super) fn unknown() -> Self {
        let nil = uuid::Uuid::nil();
        Self { organization: OrganizationId::new(nil), key: ApiKeyId::new(nil) }
    }
}

/// The limit that has no room for more bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BudgetFull {
    All,
    Organization,
    Key,
}

impl From<BudgetFull> for V1Error {
    fn from(full: BudgetFull) -> Self {
        match full {
            BudgetFull::All => Self::uploads_full(),
            BudgetFull::Organization => Self::uploading_too_much("This organization"),
            BudgetFull::Key => Self::uploading_too_much("This key"),
        }
    }
}

/// A byte budget. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct ByteBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    capacity: u64,
    /// The largest single request, which any key may reserve.
    max_share: u64,
    reserved: Mutex<ReservedBytes>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct ReservedBytes {
    all: u64,
    by_organization: HashMap<OrganizationId, u64>,
    by_key: HashMap<ApiKeyId, u64>,
}

impl ByteBudget {
    pub(super) fn new(capacity: u64, max_share: u64) -> Self {
        Self(Arc::new(Inner { capacity, max_share, reserved: Mutex::default(), freed: Notify::new() }))
    }

    /// Creates a share of zero bytes, which can grow.
    pub(super) fn empty_share(&self, holder: BudgetHolder) -> BudgetShare {
        BudgetShare { budget: self.clone(), holder, bytes: 0 }
    }

    fn reserved(&self) -> MutexGuard<'_, ReservedBytes> {
        self.0.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, holder: BudgetHolder, bytes: u64) -> Result<(), BudgetFull> {
        let mut reserved = self.reserved();
        reserved.check(holder, bytes, self.0.capacity, self.0.max_share)?;
        reserved.all += bytes;
        *reserved.by_organization.entry(holder.organization).or_default() += bytes;
        *reserved.by_key.entry(holder.key).or_default() += bytes;
        Ok(())
    }

    fn give_back(&self, holder: BudgetHolder, bytes: u64) {
        let mut reserved = self.reserved();
        reserved.all -= bytes;
        subtract(&mut reserved.by_organization, &holder.organization, bytes);
        subtract(&mut reserved.by_key, &holder.key, bytes);
        drop(reserved);
        self.0.freed.notify_waiters();
    }
}

impl ReservedBytes {
    fn check(&self, holder: BudgetHolder, bytes: u64, capacity: u64, max_share: u64) -> Result<(), BudgetFull> {
        let all = self.all.saturating_add(bytes);
        if all > capacity {
            return Err(BudgetFull::All);
        }
        if all <= capacity / 2 {
            return Ok(());
        }
        let with_new = |reserved: Option<&u64>| reserved.copied().unwrap_or(0).saturating_add(bytes);
        if with_new(self.by_key.get(&holder.key)) > max_share.max(capacity / 8) {
            return Err(BudgetFull::Key);
        }
        if with_new(self.by_organization.get(&holder.organization)) > max_share.max(capacity / 4) {
            return Err(BudgetFull::Organization);
        }
        Ok(())
    }
}

/// Subtracts from a holder's bytes, and removes the entry at zero.
fn subtract<K: Eq + Hash>(reserved: &mut HashMap<K, u64>, key: &K, bytes: u64) {
    if let Some(left) = reserved.get_mut(key) {
        *left = left.saturating_sub(bytes);
        if *left == 0 {
            reserved.remove(key);
        }
    }
}

/// Reserved bytes, given back on drop.
#[derive(Debug)]
pub(super) struct BudgetShare {
    budget: ByteBudget,
    holder: BudgetHolder,
    bytes: u64,
}

impl BudgetShare {
    /// Reserves more bytes, or fails immediately.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), BudgetFull> {
        self.budget.take(self.holder, bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Reserves more bytes, waiting until `deadline` for others to give back enough.
    pub(super) async fn grow_in_time(&mut self, bytes: u64, deadline: Instant) -> Result<(), BudgetFull> {
        let budget = self.budget.clone();
        loop {
            // Subscribes before the attempt, so that bytes given back after it aren't missed.
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

impl BudgetShare {
    /// Binds the share to `bytes`: it is given back when the last of their clones is dropped.
    pub(super) fn until_dropped(self, bytes: Bytes) -> Bytes {
        struct Counted(Bytes, #[expect(dead_code, reason = "it is dropped with the bytes")] BudgetShare);

        impl AsRef<[u8]> for Counted {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        if self.bytes == 0 { bytes } else { Bytes::from_owner(Counted(bytes, self)) }
    }
}

impl Drop for BudgetShare {
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

    fn holder(organization: u128, key: u128) -> BudgetHolder {
        BudgetHolder {
            organization: OrganizationId::new(Uuid::from_u128(organization)),
            key: ApiKeyId::new(Uuid::from_u128(key)),
        }
    }

    fn take(budget: &ByteBudget, holder: BudgetHolder, bytes: u64) -> Result<BudgetShare, BudgetFull> {
        let mut share = budget.empty_share(holder);
        share.grow(bytes).map(|()| share)
    }

    #[test]
    fn two_uploads_of_one_organization_leave_room_for_others() {
        let budget = ByteBudget::new(64, 32);
        let _first = take(&budget, holder(1, 1), 31).unwrap();
        assert_eq!(take(&budget, holder(1, 1), 31).err(), Some(BudgetFull::Key));
        assert_eq!(take(&budget, holder(1, 2), 31).err(), Some(BudgetFull::Organization));
        let _other = take(&budget, holder(2, 3), 31).unwrap();
        assert_eq!(take(&budget, holder(3, 4), 31).err(), Some(BudgetFull::All));
    }

    #[test]
    fn who_is_alone_may_take_half() {
        let budget = ByteBudget::new(800, 10);
        let alone: Vec<BudgetShare> = std::iter::from_fn(|| take(&budget, holder(1, 1), 10).ok()).collect();
        assert_eq!(alone.len(), 40);
        let key: Vec<BudgetShare> = std::iter::from_fn(|| take(&budget, holder(2, 2), 10).ok()).collect();
        assert_eq!(key.len(), 10);
        let organization: Vec<BudgetShare> = (3..).map_while(|key| take(&budget, holder(2, key), 10).ok()).collect();
        assert_eq!(organization.len(), 10);
        assert!(take(&budget, holder(3, 1_000), 10).is_ok());
    }

    #[tokio::test]
    async fn who_waits_is_served_when_others_give_back() {
        let budget = ByteBudget::new(10, 10);
        let first = take(&budget, holder(1, 1), 10).unwrap();
        let mut second = budget.empty_share(holder(2, 2));
        let soon = Instant::now() + std::time::Duration::from_secs(60);
        let waiting = second.grow_in_time(10, soon);
        let (waited, ()) = tokio::join!(waiting, async { drop(first) });
        assert_eq!(waited, Ok(()));
        assert_eq!(budget.empty_share(holder(3, 3)).grow_in_time(1, Instant::now()).await, Err(BudgetFull::All));
    }

    proptest! {
        #[test]
        fn all_is_given_back(steps in proptest::collection::vec((0_u128..4, 0_u128..8, 1_u64..50), 0..60)) {
            let budget = ByteBudget::new(200, 20);
            let shares: Vec<BudgetShare> =
                steps.into_iter().filter_map(|(one, other, bytes)| take(&budget, holder(one, other), bytes).ok()).collect();
            prop_assert!(budget.reserved().all <= 200);
            drop(shares);
            let reserved = budget.reserved();
            prop_assert_eq!((reserved.all, reserved.by_key.len(), reserved.by_organization.len()), (0, 0, 0));
        }
    }
}
