//! Seals texts and opens them, bound to their purpose and row.

use chacha20poly1305::{
    XNonce,
    aead::{Aead, Payload},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::master_secret::{MasterSecret, SealingKey};
use crate::{ServiceError, ServiceResult, random};

/// The first byte of what is sealed: the format that follows.
const VERSION: u8 = 1;
/// Length of a nonce of XChaCha20-Poly1305, in bytes: long enough to be random
/// (<https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha>).
const NONCE_LENGTH: usize = 24;

/// The row and purpose of a sealed text: what is sealed for one opens for no other.
#[derive(Clone, Copy)]
pub(super) struct SealBinding<'a> {
    pub(super) organization: Uuid,
    pub(super) id: Uuid,
    pub(super) purpose: &'a str,
}

impl SealBinding<'_> {
    /// The associated data, of which no two bindings have the same: the ids have a fixed length.
    fn bytes(self) -> Vec<u8> {
        [self.organization.as_bytes().as_slice(), self.id.as_bytes(), self.purpose.as_bytes()].concat()
    }
}

/// Seals a text with the current key. Returns the key's id, and the sealed text.
pub(super) fn seal(master: &MasterSecret, binding: SealBinding<'_>, text: &[u8]) -> ServiceResult<(i64, Vec<u8>)> {
    let nonce: [u8; NONCE_LENGTH] = random::bytes()?;
    let payload = Payload { msg: text, aad: &binding.bytes() };
    let SealingKey { id, cipher } = &master.current;
    let encrypted = cipher
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| ServiceError::Internal("a secret can't be sealed".to_owned()))?;
    Ok((*id, [[VERSION].as_slice(), &nonce, &encrypted].concat()))
}

/// Opens a sealed text.
///
/// # Errors
/// It was sealed with another secret or for another row or purpose, or was changed.
pub(super) fn open(key: &SealingKey, binding: SealBinding<'_>, sealed: &[u8]) -> ServiceResult<Zeroizing<Vec<u8>>> {
    let broken = || ServiceError::Internal(format!("the sealed secret {} can't be opened", binding.id));
    let (VERSION, rest) = sealed.split_first().map(|(version, rest)| (*version, rest)).ok_or_else(broken)? else {
        return Err(broken());
    };
    let (nonce, encrypted) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or_else(broken)?;
    let payload = Payload { msg: encrypted, aad: &binding.bytes() };
    key.cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(purpose: &str) -> SealBinding<'_> {
        SealBinding { organization: Uuid::from_u128(1), id: Uuid::from_u128(2), purpose }
    }

    #[test]
    fn only_its_own_row_and_purpose_open_a_sealed_text() {
        let master = MasterSecret::parse("0123456789abcdef0123456789abcdef").unwrap();
        let (id, sealed) = seal(&master, binding("webhook"), b"a secret").unwrap();
        let key = master.key(id).unwrap();
        assert_eq!(**open(key, binding("webhook"), &sealed).unwrap(), *b"a secret");
        for other in [
            binding("webhooks"),
            SealBinding { organization: Uuid::from_u128(3), ..binding("webhook") },
            SealBinding { id: Uuid::from_u128(3), ..binding("webhook") },
        ] {
            assert!(open(key, other, &sealed).is_err());
        }
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(open(key, binding("webhook"), &changed).is_err(), "byte {position}");
            assert!(open(key, binding("webhook"), &sealed[..position]).is_err(), "cut at {position}");
        }
    }

    #[test]
    fn a_text_is_never_sealed_the_same_way_twice() {
        let master = MasterSecret::parse("0123456789abcdef0123456789abcdef").unwrap();
        let seals: std::collections::HashSet<_> =
            (0..100).map(|_| seal(&master, binding("webhook"), b"a secret").unwrap().1).collect();
        assert_eq!(seals.len(), 100);
    }
}
