//! Randomness from the operating system, and what is made of it.

use domain::time::Timestamp;
use rand::{TryRng, rngs::SysRng};
use uuid::Uuid;

use crate::{ServiceError, ServiceResult};

/// Bytes that nobody can guess.
pub(crate) fn bytes<const N: usize>() -> ServiceResult<[u8; N]> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| ServiceError::Internal(format!("the operating system gives no random numbers: {error}")))?;
    Ok(bytes)
}

/// `N` numbers below 62, each equally likely.
pub(crate) fn base62_digits<const N: usize>() -> ServiceResult<[u8; N]> {
    /// The largest multiple of 62 in a byte: bytes from it on would favour the first digits.
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

/// `N` lower-case consonants and digits, each equally likely: without vowels they make no words.
pub(crate) fn letters<const N: usize>() -> ServiceResult<String> {
    const LETTERS: &[u8; 30] = b"0123456789bcdfghjklmnpqrstvwxz";
    /// The largest multiple of 30 in a byte: bytes from it on would favour the first letters.
    const LIMIT: u8 = 240;
    let mut text = String::with_capacity(N);
    while text.len() < N {
        let letters = bytes::<16>()?.into_iter().filter(|byte| *byte < LIMIT);
        let letters = letters.filter_map(|byte| LETTERS.get(usize::from(byte % 30)));
        text.extend(letters.map(|letter| char::from(*letter)).take(N - text.len()));
    }
    Ok(text)
}

/// A new id, ordered by `now` (UUIDv7, RFC 9562), so that what was made together lies together in the tables.
pub(crate) fn uuid(now: Timestamp) -> ServiceResult<Uuid> {
    bytes().map(|bytes| ordered(now, &bytes))
}

/// The same for what is made for every call: the operating system isn't asked each time, but seeds a generator that nobody
/// can foresee either (ChaCha).
pub(crate) fn quick_uuid(now: Timestamp) -> Uuid {
    ordered(now, &rand::random())
}

fn ordered(now: Timestamp, random: &[u8; 10]) -> Uuid {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

/// 128 bits that nobody can foresee, in hexadecimal, for what is made for every call.
pub fn new_mark() -> String {
    hex(&rand::random::<[u8; 16]>())
}

/// A short random text under which the log tells what a client isn't told.
pub fn new_reference() -> String {
    match bytes::<5>() {
        Ok(bytes) => hex(&bytes),
        // No reason to hide the error that wanted a reference.
        Err(_) => "unknown".to_owned(),
    }
}

/// Lower-case hexadecimal.
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
