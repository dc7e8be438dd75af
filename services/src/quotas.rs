//! What one address, person or organization may take, so that no stranger takes everything.

use std::sync::{Arc, PoisonError, RwLock};

/// How much may be taken at most. The operator's commands aren't bound by it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quotas {
    /// Accounts that are made from one address within an hour.
    pub accounts_per_hour: u32,
    /// Calls of an organization that signed up itself, but for a hub's first, which is its operator's. It counts from the
    /// sign-up on.
    pub calls_per_minute: u32,
    /// Keys of an organization that can still be used.
    pub keys: u32,
    /// Sessions of one person. With another one the oldest ends.
    pub sessions: u32,
    /// What is stored of what was said in an organization's calls, compressed. What comes beyond isn't kept.
    pub stored_bodies_bytes: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            accounts_per_hour: 30,
            calls_per_minute: 6_000,
            keys: 10_000,
            sessions: 50,
            stored_bodies_bytes: 1 << 30,
        }
    }
}

/// Those that hold now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<RwLock<Quotas>>);

impl Held {
    pub(crate) fn get(&self) -> Quotas {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, quotas: Quotas) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = quotas;
    }
}
