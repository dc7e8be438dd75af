//! Seeds of answers: hashes of requests, and times.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// Creation time of all answers but jobs, in seconds of Unix time: equal requests get equal bytes.
pub(super) const CREATED: u64 = 1_767_225_600;

/// Hashes the bytes.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Returns the current time, in milliseconds of Unix time, which jobs progress by.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_requests_have_equal_seeds_in_every_version() {
        assert_eq!(fingerprint(b""), 0xe3b0_c442_98fc_1c14);
        assert_eq!(fingerprint(b"abc"), 0xba78_16bf_8f01_cfea);
    }
}
