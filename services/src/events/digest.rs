//! The digest that identifies an event.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Returns 128 bits of the SHA-256 of source and id. Both may
/// hold any characters, so the source's length separates them.
///
/// A collision takes about 2⁶⁴ attempts, and harms only the sender.
pub(super) fn digest(source: &str, id: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update((source.len() as u64).to_be_bytes());
    hash.update(source.as_bytes());
    hash.update(id.as_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_source_and_what_is_id_counts() {
        assert_eq!(digest("a", "bc"), digest("a", "bc"));
        assert_ne!(digest("a", "bc"), digest("ab", "c"));
        assert_ne!(digest("", "abc"), digest("abc", ""));
    }

    #[test]
    fn it_never_changes() {
        // Digests are stored permanently. This one is from Python:
        // hashlib.sha256((3).to_bytes(8, 'big') + b'/gw1').hexdigest()[:32]
        assert_eq!(digest("/gw", "1").simple().to_string(), PINNED);
    }

    const PINNED: &str = "d53caae1c4e9792eaace953715b694d0";
}
