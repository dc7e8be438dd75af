//! The use cases, one module for each area, and (private to this crate) the
//! entities and queries behind them.
//!
//! Every function that acts for somebody takes the [`Actor`] and asks the
//! permission table in `domain`; every change writes its audit entry in its own
//! transaction.

pub mod accounts;
mod actor;
pub mod address_limits;
pub mod api_keys;
pub mod audit;
mod audited_change;
pub mod bodies;
pub mod calls;
pub mod changes;
mod clock;
mod database;
pub mod demo;
mod entities;
mod errors;
pub mod events;
pub mod live;
pub mod metering;
pub mod models;
pub mod notifications;
pub mod organizations;
pub mod overview;
pub mod projects;
pub mod provider_objects;
mod quotas;
mod random;
pub mod rate_limits;
pub mod security;
mod slugs;
pub mod usage;
mod zones;

use std::sync::Arc;

pub use actor::{Actor, Organization, Who};
pub use clock::{Clock, SystemClock};
pub use database::{Database, DatabaseTransaction};
pub use errors::{ServiceError, ServiceResult};
pub use quotas::Quotas;
pub use random::{new_mark, new_reference};

/// What every use case works with. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) passwords: accounts::Passwords,
    pub(crate) throttle: accounts::Throttle,
    pub(crate) guesses: accounts::Guesses,
    pub(crate) quotas: quotas::Held,
    pub(crate) failures: accounts::Failures,
    pub(crate) security: security::SecurityLog,
    pub(crate) address_limits: address_limits::AddressLimits,
    pub(crate) catalog: models::Catalog,
    pub(crate) settling: metering::Settling,
    pub(crate) counted_storage: provider_objects::storage::Counted,
}

impl Services {
    /// Opens the database at `url` and brings its schema up to date.
    pub async fn start(url: &str, clock: Arc<dyn Clock>) -> ServiceResult<Self> {
        let services = Self::open(url, clock).await?;
        services.database.migrate().await?;
        calls::partitions::ensure(&services).await?;
        Ok(services)
    }

    /// Opens the database at `url` as it is.
    pub async fn open(url: &str, clock: Arc<dyn Clock>) -> ServiceResult<Self> {
        Ok(Self {
            database: Database::open(url).await?,
            clock,
            passwords: accounts::Passwords::default(),
            throttle: accounts::Throttle::default(),
            guesses: accounts::Guesses::default(),
            quotas: quotas::Held::default(),
            failures: accounts::Failures::default(),
            security: security::SecurityLog::default(),
            address_limits: address_limits::AddressLimits::default(),
            catalog: models::Catalog::default(),
            settling: metering::Settling::default(),
            counted_storage: provider_objects::storage::Counted::default(),
        })
    }

    /// The same, telling of each statement that is made through it, as [`Database::watch`] does.
    #[must_use]
    pub fn watched(mut self, told: impl Fn(&sea_orm::Statement) + Clone + Send + Sync + 'static) -> Self {
        self.database.watch(told);
        self
    }

    /// Waits a moment for what this process has recorded and not stored yet: who reads calls or figures sees every call
    /// that was answered before.
    pub(crate) async fn settled(&self) {
        self.settling.settled().await;
    }

    /// Where security events are told.
    pub fn security(&self) -> &security::SecurityLog {
        &self.security
    }

    /// Lets other quotas hold from now on.
    pub fn set_quotas(&self, quotas: Quotas) {
        self.quotas.set(quotas);
    }

    /// What strangers may do, and how often.
    pub fn address_limits(&self) -> &address_limits::AddressLimits {
        &self.address_limits
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn now(&self) -> domain::time::Timestamp {
        self.clock.now()
    }
}
