//! Slows down the guessing of passwords, without locking users out from their usual networks.
//!
//! Failures are counted in the database, so that all servers know of them: for each user from each network,
//! for each network, and for each user. On a network where a user has signed in before, only the first of
//! these counts: any number of guesses from any number of other networks doesn't lock the user out there.

use std::{net::IpAddr, sync::Arc};

use domain::time::Timestamp;
use quick_cache::sync::Cache;
use sea_orm::{ConnectionTrait, Statement};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult, Services,
    address_limits::{ClientNetwork, LimitedAction},
    database::DatabaseTransaction,
};

/// How long failures count, in milliseconds.
const WINDOW_MILLIS: i64 = 5 * 60_000;
/// Failures allowed within the window from one network for one user.
const FAILURES_FOR_USER_FROM_NETWORK: i32 = 10;
/// Failures allowed within the window from one network for all users: an office shares one.
const FAILURES_FROM_NETWORK: i32 = 30;
/// Failures allowed within the window for one user, from all networks where they haven't signed in before.
const FAILURES_FOR_USER: i32 = 100;
/// Cached entries of each kind: a megabyte or two.
const CACHE_SIZE: usize = 20_000;
/// How long a network that a user signed in from stays known, in days.
pub(super) const KNOWN_DAYS: i64 = 180;

/// Counts a failure of `$1` until `$2`; starts over if the window of those before ended by `$3`.
const COUNT: &str = "INSERT INTO sign_in_failures (subject, until, failures) VALUES ($1, $2, 1) \
     ON CONFLICT (subject) DO UPDATE SET \
     failures = CASE WHEN sign_in_failures.until <= $3 THEN 1 ELSE sign_in_failures.failures + 1 END, \
     until = CASE WHEN sign_in_failures.until <= $3 THEN excluded.until ELSE sign_in_failures.until END \
     RETURNING failures, until";
const TAKE_BACK: &str = "UPDATE sign_in_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0";
const IS_KNOWN: &str = "SELECT 1 AS known FROM known_networks k JOIN users u ON u.id = k.user_id \
     WHERE u.email = $1 AND k.network = $2 AND k.last_at > $3";
const REMEMBER_NETWORK: &str = "INSERT INTO known_networks (user_id, network, last_at) VALUES ($1, $2, $3) \
     ON CONFLICT (user_id, network) DO UPDATE SET last_at = excluded.last_at";

/// Caches rejected subjects and known networks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GuessLimiter {
    /// Subjects rejected until a moment, so that the database isn't queried in vain.
    rejected: Arc<Cache<Uuid, i64>>,
    /// Users with networks that they have signed in from, as far as seen by this server.
    known_networks: Arc<Cache<Uuid, ()>>,
}

impl Default for GuessLimiter {
    fn default() -> Self {
        Self { rejected: Arc::new(Cache::new(CACHE_SIZE)), known_networks: Arc::new(Cache::new(CACHE_SIZE)) }
    }
}

/// An attempt under way, counted as a failure until it has succeeded, since many may be made at once.
#[must_use = "mark it as succeeded if it was no failure"]
pub(super) struct PasswordAttempt {
    subjects: Vec<Uuid>,
}

impl GuessLimiter {
    /// Counts an attempt to enter `user`'s password.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`]: there were too many.
    pub(super) async fn attempt(
        services: &Services,
        address: Option<IpAddr>,
        user: &str,
    ) -> ServiceResult<PasswordAttempt> {
        let network = ClientNetwork::of(address);
        let own = subject(Some(network), Some(user));
        let known_networks = &services.guess_limiter.known_networks;
        // If others share the network, their attempts are no reason to reject a user who is known there.
        services
            .address_limits
            .count(LimitedAction::SignIn, address)
            .or_else(|rejection| known_networks.get(&own.0).ok_or(rejection))?;
        let subjects = match is_known(services, user, network).await? {
            true => {
                known_networks.insert(own.0, ());
                vec![own]
            }
            false => subjects_of_stranger(network, user),
        };
        let now = services.now();
        let rejected = &services.guess_limiter.rejected;
        for (subject, _) in &subjects {
            if let Some(until) = rejected.get(subject).filter(|until| now.millis() < *until) {
                return Err(rate_limited(now, until));
            }
        }
        let transaction = services.database.begin().await?;
        let mut rejected_until = None;
        for (subject, max) in &subjects {
            let (failures, until) = count(&transaction, *subject, now).await?;
            if failures > *max {
                rejected.insert(*subject, until);
                rejected_until = rejected_until.max(Some(until));
            }
        }
        // A rejected attempt stays counted: it is a failure too.
        transaction.commit().await?;
        match rejected_until {
            Some(until) => Err(rate_limited(now, until)),
            None => Ok(PasswordAttempt { subjects: subjects.into_iter().map(|(subject, _)| subject).collect() }),
        }
    }
}

impl PasswordAttempt {
    /// Takes the failure back after a success. Opens a transaction: not to be called within another.
    pub(super) async fn mark_succeeded(self, services: &Services) -> ServiceResult<()> {
        let transaction = services.database.begin().await?;
        for subject in self.subjects {
            run(&transaction, TAKE_BACK, [subject.into()]).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Records that a user has signed in from the network of `address`.
pub(super) async fn remember_network(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    user_id: Uuid,
    address: Option<IpAddr>,
) -> ServiceResult<()> {
    let Some(network) = network_text(ClientNetwork::of(address)) else { return Ok(()) };
    run(transaction, REMEMBER_NETWORK, [user_id.into(), network.into(), now.millis().into()]).await
}

async fn is_known(services: &Services, user: &str, network: ClientNetwork) -> ServiceResult<bool> {
    let since = services.now().plus_days(-KNOWN_DAYS).millis();
    let values = [user.into(), network_text(network).unwrap_or_default().into(), since.into()];
    let database = services.database.read();
    let statement = Statement::from_sql_and_values(database.get_database_backend(), IS_KNOWN, values);
    Ok(database.query_one_raw(statement).await?.is_some())
}

/// Subjects of an attempt on a network where the user isn't known, in the order in which servers lock them.
fn subjects_of_stranger(network: ClientNetwork, user: &str) -> Vec<(Uuid, i32)> {
    let mut subjects = vec![(subject(None, Some(user)).0, FAILURES_FOR_USER), subject(Some(network), Some(user))];
    // A private network may be a proxy that stands for all clients.
    if matches!(network, ClientNetwork::Public(_)) {
        subjects.push((subject(Some(network), None).0, FAILURES_FROM_NETWORK));
    }
    subjects.sort_unstable();
    subjects
}

/// Returns the subject that failures are counted by, with the limit for a user from a network.
fn subject(network: Option<ClientNetwork>, user: Option<&str>) -> (Uuid, i32) {
    let mut digest = Sha256::new();
    // The unknown network is a network too, and distinct from all networks together.
    digest.update(
        network.map_or_else(String::new, |network| network_text(network).unwrap_or_else(|| "unknown".to_owned())),
    );
    digest.update([0]);
    digest.update(user.unwrap_or_default());
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    (Uuid::from_bytes(id), FAILURES_FOR_USER_FROM_NETWORK)
}

fn network_text(network: ClientNetwork) -> Option<String> {
    match network {
        ClientNetwork::Public(address) | ClientNetwork::Private(address) => Some(address.to_string()),
        ClientNetwork::Unknown => None,
    }
}

async fn count(transaction: &DatabaseTransaction, subject: Uuid, now: Timestamp) -> ServiceResult<(i32, i64)> {
    let values = [subject.into(), now.plus_millis(WINDOW_MILLIS).millis().into(), now.millis().into()];
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), COUNT, values);
    let row = transaction.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| ServiceError::Internal("a failure wasn't counted".to_owned()))?;
    Ok((row.try_get("", "failures")?, row.try_get("", "until")?))
}

async fn run<const N: usize>(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: [sea_orm::Value; N],
) -> ServiceResult<()> {
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    transaction.execute_raw(statement).await?;
    Ok(())
}

fn rate_limited(now: Timestamp, until: i64) -> ServiceError {
    let seconds = (until - now.millis()).div_euclid(1_000) + 1;
    ServiceError::RateLimited { retry_after_seconds: u32::try_from(seconds).unwrap_or(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(address: Option<&str>, user: &str) -> Vec<(Uuid, i32)> {
        subjects_of_stranger(ClientNetwork::of(address.map(|address| address.parse().unwrap())), user)
    }

    fn limits(address: Option<&str>) -> Vec<i32> {
        let mut limits: Vec<i32> = subjects(address, "mira").into_iter().map(|(_, limit)| limit).collect();
        limits.sort_unstable();
        limits
    }

    #[test]
    fn what_may_stand_for_many_is_not_counted_by_itself() {
        assert_eq!(limits(Some("203.0.113.9")), [10, 30, 100]);
        assert_eq!(limits(Some("127.0.0.1")), [10, 100]);
        assert_eq!(limits(None), [10, 100]);
    }

    #[test]
    fn all_addresses_of_a_network_are_one() {
        assert_eq!(subjects(Some("2001:db8::1"), "mira"), subjects(Some("2001:db8::2"), "mira"));
        assert_ne!(subjects(Some("2001:db8::1"), "mira"), subjects(Some("2001:db8:0:1::1"), "mira"));
        assert_ne!(subjects(Some("2001:db8::1"), "mira"), subjects(Some("2001:db8::1"), "noor"));
    }
}
