//! The use cases, one module for each area, with their entities and queries, which are private to this crate.
//!
//! Every function that acts for an [`Actor`] takes it as a parameter and asks the permission table in
//! `domain`; every change writes its audit entry in its own transaction.

pub mod accounts;
mod actor;
pub mod address_limits;
pub mod api_keys;
pub mod audit;
mod audited_change;
pub mod background_migrations;
pub mod bodies;
pub mod call_search;
pub mod calls;
pub mod changes;
mod clock;
mod database;
pub mod demo;
mod entities;
mod errors;
pub mod events;
pub mod exports;
mod filters;
pub mod former_members;
pub mod jobs;
mod kept_calls;
pub mod live;
pub mod member_settings;
pub mod metering;
pub mod models;
mod names;
pub mod notifications;
pub mod organizations;
pub mod overview;
pub mod projects;
pub mod provider_objects;
mod quotas;
mod random;
pub mod rate_limits;
pub mod saved_views;
pub mod sealed_secrets;
pub mod security;
mod shared_reads;
mod slugs;
mod stored_tags;
pub mod usage;
mod zones;

use std::sync::Arc;

pub use actor::{Actor, ActorKind, OperatorSource, Organization, SystemTask};
pub use clock::{Clock, SystemClock};
pub use database::{Connections, Database, DatabaseConnections, DatabaseOptions, DatabaseTransaction, SchemaStatus};
pub use errors::{ServiceError, ServiceResult};
pub use quotas::Quotas;
pub use random::{new_reference, random_hex};
pub use shared_reads::SharedReads;
use tokio::sync::Notify;

use self::background_migrations::BackgroundMigration;

/// The shared state of all use cases. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) passwords: accounts::Passwords,
    pub(crate) throttle: accounts::Throttle,
    pub(crate) guess_limiter: accounts::GuessLimiter,
    pub(crate) quotas: quotas::CurrentQuotas,
    pub(crate) failure_log: accounts::FailureLog,
    pub(crate) security: security::SecurityLog,
    pub(crate) address_limits: address_limits::AddressLimits,
    pub(crate) catalog: models::Catalog,
    pub(crate) master_secret: sealed_secrets::CurrentMasterSecret,
    /// Notified when jobs may be due.
    pub(crate) jobs_due: Arc<Notify>,
    pub(crate) job_metrics: jobs::JobMetrics,
    /// The parts that watchers for changes notify.
    pub(crate) change_listeners: &'static [changes::ChangeListener],
    /// In the order in which they run.
    pub(crate) background_migrations: &'static [BackgroundMigration],
    pub(crate) read_barrier: metering::ReadBarrier,
    pub(crate) counted_storage: provider_objects::storage::CountedStorage,
    pub(crate) shared_reads: SharedReads,
}

impl Services {
    /// Opens the database and brings its schema up to date.
    pub async fn start(database: impl Into<DatabaseOptions>, clock: Arc<dyn Clock>) -> ServiceResult<Self> {
        let services = Self::open(database, clock).await?;
        services.database.migrate().await?;
        calls::partitions::ensure(&services).await?;
        Ok(services)
    }

    /// Opens the database without migrating it.
    pub async fn open(database: impl Into<DatabaseOptions>, clock: Arc<dyn Clock>) -> ServiceResult<Self> {
        Ok(Self {
            database: Database::open(database).await?,
            clock,
            passwords: accounts::Passwords::default(),
            throttle: accounts::Throttle::default(),
            guess_limiter: accounts::GuessLimiter::default(),
            quotas: quotas::CurrentQuotas::default(),
            failure_log: accounts::FailureLog::default(),
            security: security::SecurityLog::default(),
            address_limits: address_limits::AddressLimits::default(),
            catalog: models::Catalog::default(),
            master_secret: sealed_secrets::CurrentMasterSecret::default(),
            jobs_due: Arc::default(),
            job_metrics: jobs::JobMetrics::default(),
            change_listeners: &[models::prices::LISTENER, jobs::LISTENER],
            background_migrations: &[api_keys::FOLD_TEXTS, api_keys::INDEX_TEXTS],
            read_barrier: metering::ReadBarrier::default(),
            counted_storage: provider_objects::storage::CountedStorage::default(),
            shared_reads: SharedReads::default(),
        })
    }

    /// Adds a function that is called after each statement, as by [`Database::set_statement_hook`].
    #[must_use]
    pub fn with_statement_hook(mut self, hook: impl Fn(&sea_orm::Statement) + Clone + Send + Sync + 'static) -> Self {
        self.database.set_statement_hook(hook);
        self
    }

    /// Replaces the background migrations by others.
    #[must_use]
    pub fn with_background_migrations(self, background_migrations: &'static [BackgroundMigration]) -> Self {
        Self { background_migrations, ..self }
    }

    /// Waits briefly until this process's recorded calls are stored, so that readers see every call already
    /// answered.
    pub(crate) async fn wait_until_stored(&self) {
        self.read_barrier.wait().await;
    }

    /// The log of security events.
    pub fn security(&self) -> &security::SecurityLog {
        &self.security
    }

    /// Replaces the quotas with those of the configuration file. A change is recorded in the installation's audit
    /// chain.
    pub async fn set_quotas(&self, quotas: Quotas) -> ServiceResult<()> {
        quotas::record(self, quotas).await?;
        self.quotas.set(quotas);
        Ok(())
    }

    /// Attempts at jobs that this process made.
    pub fn job_metrics(&self) -> &jobs::JobMetrics {
        &self.job_metrics
    }

    /// Rate limits of anonymous clients and known callers.
    pub fn address_limits(&self) -> &address_limits::AddressLimits {
        &self.address_limits
    }

    /// Reads that many members repeat at the same time.
    pub fn shared_reads(&self) -> &SharedReads {
        &self.shared_reads
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The time by the clock of these services.
    pub fn now(&self) -> domain::time::Timestamp {
        self.clock.now()
    }
}
