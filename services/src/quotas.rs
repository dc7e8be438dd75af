//! Quotas of addresses, users and organizations, so that no visitor can exhaust the hub's resources.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde_json::Value;

use crate::{
    OperatorSource, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    database::Lock,
};

/// The audit target of all quotas: its kind, and its id.
const AUDIT_TARGET: &str = "quotas";

/// Quotas. The operator's commands aren't subject to them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Quotas {
    /// Accounts created from one address within an hour.
    pub accounts_per_hour: u32,
    /// Calls of an organization that signed up itself, except a hub's first, which is its operator's. Fixed
    /// at sign-up.
    pub calls_per_minute: u32,
    /// Usable keys of an organization.
    pub keys: u32,
    /// Sessions of one user. The oldest ends when another one begins.
    pub sessions: u32,
    /// Compressed bytes stored of the bodies of an organization's calls. Bodies beyond that aren't stored.
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

/// The quotas currently in effect.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentQuotas(Arc<RwLock<Quotas>>);

impl CurrentQuotas {
    pub(crate) fn get(&self) -> Quotas {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, quotas: Quotas) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = quotas;
    }
}

/// Records the configuration file's quotas in the installation's audit chain, unless they were recorded last.
pub(crate) async fn record(services: &Services, quotas: Quotas) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    // Several servers may start at once with one file, and only one of them may record it.
    services.database.lock(&transaction, Lock::Quotas).await?;
    let after = audit::to_value(quotas)?;
    let before = match audit::last_state(&transaction, AUDIT_TARGET, AUDIT_TARGET).await? {
        // Only JSON is ever written.
        Some(recorded) => serde_json::from_str(&recorded).unwrap_or(Value::Null),
        None => audit::to_value(Quotas::default())?,
    };
    if before == after {
        return Ok(transaction.rollback().await?);
    }
    let event = AuditEvent::new("quotas.changed", AUDIT_TARGET, AUDIT_TARGET).before(before)?.after(after)?;
    let author = AuditAuthor::operator(OperatorSource::ConfigurationFile);
    audit::record_installation(&transaction, services.now(), &author, vec![event]).await?;
    Ok(transaction.commit().await?)
}
