//! The server's own secret, from which the keys of all sealed secrets are derived.

use std::fmt;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Minimum length of a secret, in characters: 128 bits in hexadecimal.
const MIN_LENGTH: usize = 32;
/// Separates the derivation's uses, and its versions.
const KEY_INFO: &[u8] = b"tollhouse sealed secret 1: key";
const ID_INFO: &[u8] = b"tollhouse sealed secret 1: key id";

/// The server's secret: it seals new secrets and opens old ones. While it is replaced there are two.
#[derive(Clone)]
pub struct MasterSecret {
    /// Seals.
    pub(super) current: SealingKey,
    /// Opens only.
    pub(super) previous: Option<SealingKey>,
}

/// A key that is derived from a secret.
#[derive(Clone)]
pub(super) struct SealingKey {
    /// Identifies the key in rows; reveals nothing of it.
    pub(super) id: i64,
    pub(super) cipher: XChaCha20Poly1305,
}

/// The reason why a text is no secret of the server's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MasterSecretError {
    #[error("it has fewer than {MIN_LENGTH} characters")]
    TooShort,
    #[error("it must be visible ASCII; two secrets are separated by a comma")]
    NotAscii,
    #[error("it has more than two secrets")]
    TooMany,
}

impl MasterSecret {
    /// Reads a secret, or two separated by a comma or a line break: the first seals, both open.
    ///
    /// # Errors
    /// A secret is too short or isn't one line of visible ASCII, or there are more than two.
    pub fn parse(text: &str) -> Result<Self, MasterSecretError> {
        let mut secrets = text.split([',', '\n']).map(str::trim).filter(|secret| !secret.is_empty());
        let current = SealingKey::derive(secrets.next().unwrap_or_default())?;
        let previous = secrets.next().map(SealingKey::derive).transpose()?;
        match secrets.next() {
            None => Ok(Self { current, previous }),
            Some(_) => Err(MasterSecretError::TooMany),
        }
    }

    pub(super) fn key(&self, id: i64) -> Option<&SealingKey> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten().find(|key| key.id == id)
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let previous = self.previous.as_ref().map(|key| key.id);
        f.debug_struct("MasterSecret").field("current", &self.current.id).field("previous", &previous).finish()
    }
}

impl SealingKey {
    /// Derives the key by HKDF with SHA-256 (RFC 5869).
    fn derive(secret: &str) -> Result<Self, MasterSecretError> {
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(MasterSecretError::NotAscii);
        }
        if secret.len() < MIN_LENGTH {
            return Err(MasterSecretError::TooShort);
        }
        let derivation = Hkdf::<Sha256>::new(None, secret.as_bytes());
        let (mut key, mut id) = (Zeroizing::new([0; 32]), [0; 8]);
        // HKDF gives up to 8,160 bytes (RFC 5869, 2.3).
        derivation.expand(KEY_INFO, &mut *key).map_err(|_| MasterSecretError::TooShort)?;
        derivation.expand(ID_INFO, &mut id).map_err(|_| MasterSecretError::TooShort)?;
        Ok(Self { id: i64::from_be_bytes(id), cipher: XChaCha20Poly1305::new((&*key).into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn the_first_of_two_secrets_seals() {
        let [one, other] = [ONE, OTHER].map(|secret| MasterSecret::parse(secret).unwrap().current.id);
        for text in [format!("{ONE},{OTHER}"), format!(" {ONE}\n{OTHER}\n")] {
            let both = MasterSecret::parse(&text).unwrap();
            assert_eq!((both.current.id, both.previous.map(|key| key.id)), (one, Some(other)));
        }
    }

    #[test]
    fn what_could_be_guessed_or_mistyped_is_rejected() {
        for (text, error) in [
            ("", MasterSecretError::TooShort),
            ("0123456789abcdef", MasterSecretError::TooShort),
            (&*format!("{ONE},short"), MasterSecretError::TooShort),
            ("0123456789abcdef 0123456789abcdef", MasterSecretError::NotAscii),
            (&*format!("{ONE},{OTHER},{ONE}"), MasterSecretError::TooMany),
        ] {
            assert_eq!(MasterSecret::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn a_secret_isnt_shown() {
        assert!(!format!("{:?}", MasterSecret::parse(ONE).unwrap()).contains(ONE));
    }
}
