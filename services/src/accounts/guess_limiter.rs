//! Slows down guessing, without locking anybody out from where they usually are.
//!
//! Failures are counted in the database, so that all servers know of them: of each user from each network, of each network, and
//! of each user. Where a user has signed in before, only the first of these counts: whoever guesses elsewhere, however often
//! and from however many places, keeps them from nothing.

use std::{net::IpAddr, sync::Arc};

use domain::time::Timestamp;
use quick_cache::sync::Cache;
use sea_orm::{ConnectionTrait, Statement};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult, Services,
    address_limits::{Doing, Network},
    database::DatabaseTransaction,
};

/// How long failures are remembered, in milliseconds.
const WINDOW_MILLIS: i64 = 5 * 60_000;
/// Failures within the window from one network for one user.
const FAILURES_FOR_USER_FROM_NETWORK: i32 = 10;
/// Failures within the window from one network for anybody: an office shares one.
const FAILURES_FROM_NETWORK: i32 = 30;
/// Failures within the window for one user, from everywhere but where they have signed in before.
const FAILURES_FOR_USER: i32 = 100;
/// How much is remembered of what the database says: a megabyte or two of each kind.
const REMEMBERED: usize = 20_000;
/// For how long a network is remembered that a user signed in from, in days.
pub(super) const KNOWN_DAYS: i64 = 180;

/// Counts a failure of `$1` until `$2`, or anew where the time of those before was over at `$3`.
const COUNT: &str = "INSERT INTO sign_in_failures (subject, until, failures) VALUES ($1, $2, 1) \
     ON CONFLICT (subject) DO UPDATE SET \
     failures = CASE WHEN sign_in_failures.until <= $3 THEN 1 ELSE sign_in_failures.failures + 1 END, \
     until = CASE WHEN sign_in_failures.until <= $3 THEN excluded.until ELSE sign_in_failures.until END \
     RETURNING failures, until";
const TAKE_BACK: &str = "UPDATE sign_in_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0";
const IS_KNOWN: &str = "SELECT 1 AS known FROM known_networks k JOIN users u ON u.id = k.user_id \
     WHERE u.email = $1 AND k.network = $2 AND k.last_at > $3";
const NOTE_KNOWN: &str = "INSERT INTO known_networks (user_id, network, last_at) VALUES ($1, $2, $3) \
     ON CONFLICT (user_id, network) DO UPDATE SET last_at = excluded.last_at";

/// What is known here of who is refused, and of who isn't. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guesses {
    /// What the database said, so that it isn't asked again in vain.
    refused: Arc<Cache<Uuid, i64>>,
    /// Users with networks that they have signed in from, as far as they were seen here.
    known: Arc<Cache<Uuid, ()>>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { refused: Arc::new(Cache::new(REMEMBERED)), known: Arc::new(Cache::new(REMEMBERED)) }
    }
}

/// An attempt under way, counted as a failure until it is known how it ends: otherwise many at once would all get through.
#[must_use = "say when it was no failure"]
pub(super) struct Attempt {
    subjects: Vec<Uuid>,
}

impl Guesses {
    /// Counts an attempt to show `user`'s password.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`]: there were too many.
    pub(super) async fn attempt(services: &Services, address: Option<IpAddr>, user: &str) -> ServiceResult<Attempt> {
        let network = Network::of(address);
        let own = subject(Some(network), Some(user));
        let known = &services.guesses.known;
        // Where others share the network, their turns are no reason to refuse whoever is known there.
        services.address_limits.take(Doing::SignIn, address).or_else(|refusal| known.get(&own.0).ok_or(refusal))?;
        let subjects = match is_known(services, user, network).await? {
            true => {
                known.insert(own.0, ());
                vec![own]
            }
            false => subjects_of_stranger(network, user),
        };
        let now = services.now();
        let refused = &services.guesses.refused;
        for (subject, _) in &subjects {
            if let Some(until) = refused.get(subject).filter(|until| now.millis() < *until) {
                return Err(too_often(now, until));
            }
        }
        let transaction = services.database.begin().await?;
        let mut over = None;
        for (subject, most) in &subjects {
            let (failures, until) = count(&transaction, *subject, now).await?;
            if failures > *most {
                refused.insert(*subject, until);
                over = over.max(Some(until));
            }
        }
        // Where it is refused it stays counted: being refused is a failure too.
        transaction.commit().await?;
        match over {
            Some(until) => Err(too_often(now, until)),
            None => Ok(Attempt { subjects: subjects.into_iter().map(|(subject, _)| subject).collect() }),
        }
    }
}

impl Attempt {
    /// It was no failure after all. Takes a transaction of its own: not to be called within another.
    pub(super) async fn succeeded(self, services: &Services) -> ServiceResult<()> {
        let transaction = services.database.begin().await?;
        for subject in self.subjects {
            run(&transaction, TAKE_BACK, [subject.into()]).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Remembers that a user has signed in from there.
pub(super) async fn note_known(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    user_id: Uuid,
    address: Option<IpAddr>,
) -> ServiceResult<()> {
    let Some(network) = text(Network::of(address)) else { return Ok(()) };
    run(transaction, NOTE_KNOWN, [user_id.into(), network.into(), now.millis().into()]).await
}

async fn is_known(services: &Services, user: &str, network: Network) -> ServiceResult<bool> {
    let since = services.now().plus_days(-KNOWN_DAYS).millis();
    let values = [user.into(), text(network).unwrap_or_default().into(), since.into()];
    let database = services.database.read();
    let statement = Statement::from_sql_and_values(database.get_database_backend(), IS_KNOWN, values);
    Ok(database.query_one_raw(statement).await?.is_some())
}

/// What counts for somebody at a place where the user was never seen, in the order in which servers lock it.
fn subjects_of_stranger(network: Network, user: &str) -> Vec<(Uuid, i32)> {
    let mut subjects = vec![(subject(None, Some(user)).0, FAILURES_FOR_USER), subject(Some(network), Some(user))];
    // A private network may be a proxy that stands for everybody.
    if matches!(network, Network::Public(_)) {
        subjects.push((subject(Some(network), None).0, FAILURES_FROM_NETWORK));
    }
    subjects.sort_unstable();
    subjects
}

/// What failures are counted by, with the limit of a user's from a network.
fn subject(network: Option<Network>, user: Option<&str>) -> (Uuid, i32) {
    let mut digest = Sha256::new();
    // The unknown network is one of them, and another thing than all of them.
    digest.update(network.map_or_else(String::new, |network| text(network).unwrap_or_else(|| "unknown".to_owned())));
    digest.update([0]);
    digest.update(user.unwrap_or_default());
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    (Uuid::from_bytes(id), FAILURES_FOR_USER_FROM_NETWORK)
}

fn text(network: Network) -> Option<String> {
    match network {
        Network::Public(address) | Network::Private(address) => Some(address.to_string()),
        Network::Unknown => None,
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

fn too_often(now: Timestamp, until: i64) -> ServiceError {
    let seconds = (until - now.millis()).div_euclid(1_000) + 1;
    ServiceError::RateLimited { retry_after_seconds: u32::try_from(seconds).unwrap_or(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(address: Option<&str>, user: &str) -> Vec<(Uuid, i32)> {
        subjects_of_stranger(Network::of(address.map(|address| address.parse().unwrap())), user)
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
