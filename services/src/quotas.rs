//! What one address may take, so that no stranger takes everything.

use std::sync::{Arc, PoisonError, RwLock};

/// How much may be taken at most. The operator's commands aren't bound by it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quotas {
    /// Accounts that are made from one address within an hour.
    pub accounts_per_hour: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { accounts_per_hour: 30 }
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
