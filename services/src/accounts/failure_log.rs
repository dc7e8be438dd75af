//! Records wrong passwords in the security log and the user's organizations' audit logs.

use std::{net::IpAddr, sync::Arc};

use domain::{ids::UserId, time::Timestamp};
use tokio::sync::Semaphore;

use super::{Device, GuessLimiter, guess_limiter::PasswordAttempt, members};
use crate::{
    ServiceError, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    entities::users,
    security::{SecurityCaller, SecurityEvent, SecurityEventKind},
};

/// Maximum number of audit entries per hour about one user's failures: outsiders must not fill the log.
const MAX_ENTRIES_PER_HOUR: u32 = 10;
/// Entries written at once; any beyond that are only in the security log.
const CONCURRENT_WRITES: usize = 8;

/// Limits audit entries written in the background: a known address must take no longer than an unknown one.
#[derive(Clone, Debug)]
pub struct FailureLog(Arc<Semaphore>);

impl Default for FailureLog {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONCURRENT_WRITES)))
    }
}

/// Counts an attempt to enter a password, if it is allowed.
pub(super) async fn attempt(
    services: &Services,
    device: &Device,
    email: &str,
    route: &'static str,
) -> ServiceResult<PasswordAttempt> {
    GuessLimiter::attempt(services, device.ip, email).await.inspect_err(|error| {
        if matches!(error, ServiceError::RateLimited { .. }) {
            let event = SecurityEvent { kind: SecurityEventKind::Throttled, ip: device.ip, caller: None, route };
            services.security.record(services.now(), event);
        }
    })
}

/// Records a wrong password: in the security log, and in the audit logs of the organizations of `user`, for
/// whom it was tried.
pub(super) fn record_wrong_password(
    services: &Services,
    user: Option<&users::Model>,
    device: &Device,
    kind: SecurityEventKind,
    route: &'static str,
) {
    let now = services.now();
    let caller = user.map(|user| SecurityCaller::User(UserId::new(user.id)));
    services.security.record(now, SecurityEvent { kind, ip: device.ip, caller, route });
    let Some(user) = user else { return };
    let user_id = UserId::new(user.id);
    if services.throttle.count_entry(now, user_id, MAX_ENTRIES_PER_HOUR).is_err() {
        return;
    }
    let Ok(permit) = Arc::clone(&services.failure_log.0).try_acquire_owned() else { return };
    let (services, ip) = (services.clone(), device.ip);
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = record(&services, now, user_id, kind, ip).await {
            tracing::warn!(%error, "a wrong password isn't in the audit log");
        }
    });
}

async fn record(
    services: &Services,
    now: Timestamp,
    user_id: UserId,
    kind: SecurityEventKind,
    ip: Option<IpAddr>,
) -> ServiceResult<()> {
    let action = if kind == SecurityEventKind::SignInFailed { "user.sign_in_failed" } else { "user.password_refused" };
    let transaction = services.database.begin().await?;
    let organizations = members::organizations_of(&transaction, user_id).await?;
    let event = || AuditEvent::new(action, "user", user_id);
    audit::record_everywhere(&transaction, now, organizations, &AuditAuthor::anonymous(ip), event).await?;
    Ok(transaction.commit().await?)
}
