//! Passwords: rejected when easily guessed, stored as argon2id.

mod strength;

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::validation::PASSWORD_LENGTH;
use tokio::sync::Semaphore;

use crate::{ServiceError, ServiceResult};

/// Parameters of argon2id, the first choice in OWASP's Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes computed at once: each takes a core for 40 ms.
const CONCURRENT_HASHES: usize = 2;
/// New passwords judged at once: each takes a core for some tenths of a second at worst. Separate from
/// hashing, so that sign-ins don't wait for sign-ups.
const CONCURRENT_CHECKS: usize = 1;
/// How long a request waits for a permit.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// Judges, hashes and verifies passwords: on blocking threads, a bounded number at once.
#[derive(Clone, Debug)]
pub struct Passwords {
    hashing: Arc<Semaphore>,
    judging: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            hashing: Arc::new(Semaphore::new(CONCURRENT_HASHES)),
            judging: Arc::new(Semaphore::new(CONCURRENT_CHECKS)),
        }
    }
}

impl Passwords {
    /// Returns why a new password can't be used, if it can't: its length, a breach, or that it is easily
    /// guessed with `personal_words` about its owner.
    ///
    /// # Errors
    /// Too many passwords are being judged already.
    pub(super) async fn judge(&self, password: &str, personal_words: &[&str]) -> ServiceResult<Result<(), String>> {
        // A cheap check needs no permit.
        if let Err(reason) = domain::validation::password(password) {
            return Ok(Err(reason));
        }
        let password = password.to_owned();
        let personal_words: Vec<String> = personal_words.iter().map(|text| (*text).to_owned()).collect();
        run(&self.judging, move || Ok(strength::check(&password, &personal_words))).await
    }

    /// Hashes a new password to a PHC string with its salt and parameters.
    pub(super) async fn hash(&self, password: &str) -> ServiceResult<String> {
        let password = password.to_owned();
        run(&self.hashing, move || {
            let hash = argon2()?.hash_password(password.as_bytes()).map_err(internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `password` is the one that was hashed. Without a hash, such as for an unknown user, it never
    /// is, after just as long.
    pub(super) async fn verify(&self, password: &str, hash: Option<String>) -> ServiceResult<bool> {
        let password = password.to_owned();
        run(&self.hashing, move || {
            let argon2 = argon2()?;
            // No stored password is longer than this.
            let usable = password.chars().count() <= *PASSWORD_LENGTH.end();
            match hash.filter(|_| usable) {
                Some(hash) => {
                    let hash = PasswordHash::new(&hash).map_err(internal)?;
                    Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok())
                }
                None => {
                    let end = password.floor_char_boundary(4 * PASSWORD_LENGTH.end());
                    argon2.hash_password(&password.as_bytes()[..end]).map_err(internal)?;
                    Ok(false)
                }
            }
        })
        .await
    }
}

/// Runs `work` as soon as there is a permit for it.
async fn run<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    work: impl FnOnce() -> ServiceResult<T> + Send + 'static,
) -> ServiceResult<T> {
    let permit = tokio::time::timeout(QUEUE_TIMEOUT, Arc::clone(permits).acquire_owned())
        .await
        .map_err(|_| ServiceError::RateLimited { retry_after_seconds: 10 })?
        .map_err(internal)?;
    tokio::task::spawn_blocking(move || {
        // Held by the work, not by its caller, which may be dropped.
        let _permit = permit;
        work()
    })
    .await
    .map_err(internal)?
}

fn argon2() -> ServiceResult<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn internal(error: impl ToString) -> ServiceError {
    ServiceError::Internal(format!("password: {}", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_verified() {
        let passwords = Passwords::default();
        let hash = passwords.hash("ünïcödé and spaces ").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("ünïcödé and spaces ", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("ünïcödé and spaces", Some(hash)).await.unwrap());
        assert!(!passwords.verify("anything", None).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_waits_on_the_thread_that_judges() {
        let passwords = Passwords::default();
        let order = std::sync::Mutex::new(Vec::new());
        let judged = async {
            passwords.judge(&"p4ssW0rd!".repeat(12), &[]).await.unwrap().unwrap_err();
            order.lock().unwrap().push("judged");
        };
        // On the only thread of this test: started second, but done first.
        tokio::join!(judged, async { order.lock().unwrap().push("answered") });
        assert_eq!(*order.lock().unwrap(), ["answered", "judged"]);
    }

    #[tokio::test]
    async fn passwords_are_judged_one_after_the_other() {
        let passwords = Passwords::default();
        let judging = passwords.judging.clone().try_acquire_owned().unwrap();
        let judged = passwords.judge("copper lantern drifts north", &[]);
        tokio::pin!(judged);
        assert!(futures::poll!(&mut judged).is_pending());
        // A sign-in doesn't wait for them.
        assert!(!passwords.verify("anything", None).await.unwrap());
        assert!(futures::poll!(&mut judged).is_pending());
        drop(judging);
        assert_eq!(judged.await.unwrap(), Ok(()));
    }
}
