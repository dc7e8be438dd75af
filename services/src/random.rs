//! Random bytes, ids and texts.

use domain::time::Timestamp;
use rand::{TryRng, rngs::SysRng};
use uuid::Uuid;

use crate::{ServiceError, ServiceResult};

/// Draws unpredictable bytes from the operating system.
pub(crate) fn bytes<const N: usize>() -> ServiceResult<[u8; N]> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| ServiceError::Internal(format!("the operating system gives no random numbers: {error}")))?;
    Ok(bytes)
}

/// Draws `N` uniformly distributed numbers below 62.
pub(crate) fn base62_digits<const N: usize>() -> ServiceResult<[u8; N]> {
    /// Largest multiple of 62 in a byte; bytes from it on would favor the first digits.
    const LIMIT: u8 = 248;
    let mut digits = [0; N];
    let mut filled = 0;
    while filled < N {
        for byte in bytes::<64>()?.into_iter().filter(|byte| *byte < LIMIT) {
            let Some(digit) = digits.get_mut(filled) else { break };
            *digit = byte % 62;
            filled += 1;
        }
    }
    Ok(digits)
}

/// Draws `N` uniformly distributed lower-case consonants and digits. Without vowels they form no words.
pub(crate) fn letters<const N: usize>() -> ServiceResult<String> {
    const LETTERS: &[u8; 30] = b"0123456789bcdfghjklmnpqrstvwxz";
    /// Largest multiple of 30 in a byte; bytes from it on would favor the first letters.
    const LIMIT: u8 = 240;
    let mut text = String::with_capacity(N);
    while text.len() < N {
        let letters = bytes::<16>()?.into_iter().filter(|byte| *byte < LIMIT);
        let letters = letters.filter_map(|byte| LETTERS.get(usize::from(byte % 30)));
        text.extend(letters.map(|letter| char::from(*letter)).take(N - text.len()));
    }
    Ok(text)
}

/// Makes an id ordered by `now` (UUIDv7, RFC 9562), so that rows created together are stored together.
pub(crate) fn uuid(now: Timestamp) -> ServiceResult<Uuid> {
    bytes().map(|bytes| ordered(now, &bytes))
}

/// Like [`uuid`], for things made for every call: uses a generator (ChaCha) that is just as unpredictable,
/// but only seeded from the operating system.
pub(crate) fn quick_uuid(now: Timestamp) -> Uuid {
    ordered(now, &rand::random())
}

fn ordered(now: Timestamp, random: &[u8; 10]) -> Uuid {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

/// Draws 128 unpredictable bits in hexadecimal, with the generator of [`quick_uuid`].
pub fn random_hex() -> String {
    hex(&rand::random::<[u8; 16]>())
}

/// Makes a short random reference under which the log has the details of an error that a client doesn't get.
pub fn new_reference() -> String {
    match bytes::<5>() {
        Ok(bytes) => hex(&bytes),
        // A missing reference mustn't hide the error it is for.
        Err(_) => "unknown".to_owned(),
    }
}

/// Encodes bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_turns_up_and_none_beyond() {
        let digits = base62_digits::<20_000>().unwrap();
        for digit in 0..62 {
            assert!(digits.contains(&digit), "{digit}");
        }
        assert!(digits.iter().all(|digit| *digit < 62));
    }

    #[test]
    fn references_differ() {
        assert_ne!(new_reference(), new_reference());
    }
}
