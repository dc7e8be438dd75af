//! What is told of wrong passwords.

use std::{net::IpAddr, sync::Arc};

use domain::{ids::UserId, time::Timestamp};
use tokio::sync::Semaphore;

use super::{Device, Guesses, guess_limiter::Attempt, members};
use crate::{
    ServiceError, ServiceResult, Services,
    audit::{self, Author, Deed},
    entities::users,
    security::{Asker, Event, Kind},
};

/// Entries in the audit log about one user's failed sign-ins within an hour, so that nobody fills it from outside.
const ENTRIES_AN_HOUR: u32 = 10;
/// How many entries are written at once; what comes beyond is in the log only.
const WRITTEN_AT_ONCE: usize = 8;

/// Writes entries beside the answers, so that an address that is known takes no longer than one that isn't.
#[derive(Clone, Debug)]
pub struct Failures(Arc<Semaphore>);

impl Default for Failures {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WRITTEN_AT_ONCE)))
    }
}

/// Counts an attempt of somebody to show a password, if they may.
pub(super) async fn attempt(
    services: &Services,
    device: &Device,
    email: &str,
    route: &'static str,
) -> ServiceResult<Attempt> {
    Guesses::attempt(services, device.ip, email).await.inspect_err(|error| {
        if matches!(error, ServiceError::RateLimited { .. }) {
            let event = Event { kind: Kind::Throttled, ip: device.ip, asker: None, route };
            services.security.note(services.now(), event);
        }
    })
}

/// Tells that a password was wrong: in the log, and to the organizations of the user that it was tried for.
pub(super) fn tell(services: &Services, user: Option<&users::Model>, device: &Device, kind: Kind, route: &'static str) {
    let now = services.now();
    let asker = user.map(|user| Asker::User(UserId::new(user.id)));
    services.security.note(now, Event { kind, ip: device.ip, asker, route });
    let Some(user) = user else { return };
    let user_id = UserId::new(user.id);
    if services.throttle.entry(now, user_id, ENTRIES_AN_HOUR).is_err() {
        return;
    }
    let Ok(permit) = Arc::clone(&services.failures.0).try_acquire_owned() else { return };
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
    kind: Kind,
    ip: Option<IpAddr>,
) -> ServiceResult<()> {
    let action = if kind == Kind::SignInFailed { "user.sign_in_failed" } else { "user.password_refused" };
    let transaction = services.database.begin().await?;
    let organizations = members::organizations_of(&transaction, user_id).await?;
    let deed = || Deed::new(action, "user", user_id);
    audit::record_everywhere(&transaction, now, organizations, &Author::somebody(ip), deed).await?;
    Ok(transaction.commit().await?)
}
