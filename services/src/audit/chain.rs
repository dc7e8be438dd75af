//! Hashes audit entries.
//!
//! SHA-256 over `tollhouse audit 1`, then the entry's fields in the order of [`hash`], then the hash of the
//! entry before. A number is eight bytes, big endian; a text or id is its length in bytes as such a number
//! and its bytes; an optional value is a byte 0, or a byte 1 and the value. So different entries never
//! encode to equal bytes.

use sha2::{Digest, Sha256};

use crate::entities::audit_entries;

/// The previous hash of a chain's first entry.
pub(super) const GENESIS: [u8; 32] = [0; 32];

pub(super) fn hash(entry: &audit_entries::Model) -> Vec<u8> {
    let mut encoder = Encoder(Sha256::new());
    encoder.bytes(b"tollhouse audit 1");
    encoder.bytes(entry.organization_id.as_bytes());
    encoder.number(entry.sequence);
    encoder.number(entry.at);
    encoder.bytes(entry.actor_kind.as_bytes());
    encoder.optional(entry.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
    encoder.bytes(entry.actor_name.as_bytes());
    encoder.bytes(entry.action.as_bytes());
    encoder.bytes(entry.target_kind.as_bytes());
    encoder.bytes(entry.target_id.as_bytes());
    encoder.bytes(entry.ip.as_bytes());
    encoder.optional(entry.before.as_ref().map(String::as_bytes));
    encoder.optional(entry.after.as_ref().map(String::as_bytes));
    encoder.bytes(&entry.previous_hash);
    encoder.0.finalize().to_vec()
}

struct Encoder(Sha256);

impl Encoder {
    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.0.update([u8::from(bytes.is_some())]);
        if let Some(bytes) = bytes {
            self.bytes(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> audit_entries::Model {
        audit_entries::Model {
            organization_id: uuid::Uuid::nil(),
            sequence: 1,
            at: 2,
            actor_kind: "member".to_owned(),
            actor_id: Some(uuid::Uuid::nil()),
            actor_name: "Mira".to_owned(),
            action: "api_key.created".to_owned(),
            target_kind: "api_key".to_owned(),
            target_id: "key_1".to_owned(),
            ip: "127.0.0.1".to_owned(),
            before: None,
            after: Some("{}".to_owned()),
            previous_hash: GENESIS.to_vec(),
            hash: Vec::new(),
        }
    }

    #[test]
    fn every_field_counts() {
        let original = hash(&entry());
        let changes: [fn(&mut audit_entries::Model); 13] = [
            |e| e.organization_id = uuid::Uuid::max(),
            |e| e.sequence += 1,
            |e| e.at += 1,
            |e| e.actor_kind.push('x'),
            |e| e.actor_id = None,
            |e| e.actor_name.push('x'),
            |e| e.action.push('x'),
            |e| e.target_kind.push('x'),
            |e| e.target_id.push('x'),
            |e| e.ip.push('x'),
            |e| e.before = Some(String::new()),
            |e| e.after = None,
            |e| e.previous_hash[0] = 1,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = entry();
            change(&mut changed);
            assert_ne!(hash(&changed), original, "change {number}");
        }
    }

    #[test]
    fn a_letter_that_moves_to_the_next_field_is_noticed() {
        let mut moved = entry();
        moved.target_kind = "api_ke".to_owned();
        moved.target_id = "ykey_1".to_owned();
        assert_ne!(hash(&moved), hash(&entry()));
    }
}
