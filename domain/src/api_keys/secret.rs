//! Secrets of keys: `toll_<level>_<32 random characters><6 characters of checksum>`.
//!
//! The checksum lets secret scanners distinguish a key from noise, and the gateway reject a mistyped one
//! without asking the database.

use std::fmt;

use super::Level;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 32 characters of base 62 hold 190 bits.
const RANDOM_LENGTH: usize = 32;
const CHECKSUM_LENGTH: usize = 6;

/// A well-formed secret with a correct checksum. `Debug` masks it.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret {
    text: String,
    level: Level,
}

/// Error for a text whose form or checksum isn't that of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an API key")]
pub struct InvalidSecret;

impl Secret {
    /// Prefix of every secret.
    pub const BRAND: &str = "toll_";

    /// Makes a secret from uniformly random numbers below 62, which the caller draws from a cryptographic
    /// source.
    pub fn from_digits(level: Level, digits: [u8; RANDOM_LENGTH]) -> Self {
        let mut text = format!("{}{}_", Self::BRAND, level.tag());
        text.extend(digits.iter().map(|digit| char::from(BASE62[usize::from(digit % 62)])));
        let sum = checksum(text.as_bytes());
        text.extend(sum.map(char::from));
        Self { text, level }
    }

    /// Parses a secret, checking form and checksum.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let rest = text.strip_prefix(Self::BRAND).ok_or(InvalidSecret)?;
        let (tag, body) = rest.split_once('_').ok_or(InvalidSecret)?;
        let level = Level::ALL.into_iter().find(|level| level.tag() == tag).ok_or(InvalidSecret)?;
        if body.len() != RANDOM_LENGTH + CHECKSUM_LENGTH || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(InvalidSecret);
        }
        let (summed, sum) = text.as_bytes().split_at(text.len() - CHECKSUM_LENGTH);
        if checksum(summed) != sum {
            return Err(InvalidSecret);
        }
        Ok(Self { text: text.to_owned(), level })
    }

    /// Masks every secret in `text`.
    pub fn redact(text: &str) -> String {
        let mut redacted = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, found)) = rest.find(Self::BRAND).map(|at| rest.split_at(at)) {
            redacted.push_str(before);
            match Self::parse_prefix(found) {
                Some(secret) => {
                    redacted.push_str(&Self::masked(secret.level, secret.last_four()));
                    rest = &found[secret.text.len()..];
                }
                None => {
                    redacted.push_str(Self::BRAND);
                    rest = &found[Self::BRAND.len()..];
                }
            }
        }
        redacted + rest
    }

    /// Whether `text` could contain a secret that [`Self::redact`] masks. A cheap check.
    pub fn could_be_in(text: &str) -> bool {
        text.contains(Self::BRAND)
    }

    /// Like [`Self::redact`], for a text whose end may be missing: also leaves out what could be the
    /// beginning of a secret there.
    pub fn redact_cut(text: &str) -> String {
        let redacted = Self::redact(text);
        let is_secret_start = |at: usize| redacted[at..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match redacted.rfind(Self::BRAND).filter(|at| is_secret_start(*at)) {
            Some(at) => redacted[..at + Self::BRAND.len()].to_owned() + "…",
            None => redacted,
        }
    }

    /// Parses the secret that `text` begins with.
    fn parse_prefix(text: &str) -> Option<Self> {
        let length = |level: Level| Self::BRAND.len() + level.tag().len() + 1 + RANDOM_LENGTH + CHECKSUM_LENGTH;
        Level::ALL.into_iter().find_map(|level| Self::parse(text.get(..length(level))?).ok())
    }

    /// Number of bytes at the beginning of `bytes` that have the form of a secret. Their checksum may be
    /// wrong, since a mistyped secret reveals nearly as much.
    pub fn form_at_start(bytes: &[u8]) -> Option<usize> {
        let rest = bytes.strip_prefix(Self::BRAND.as_bytes())?;
        Level::ALL.into_iter().find_map(|level| {
            let body = rest.strip_prefix(level.tag().as_bytes())?.strip_prefix(b"_")?;
            let body = body.get(..RANDOM_LENGTH + CHECKSUM_LENGTH)?;
            let begin = Self::BRAND.len() + level.tag().len() + 1;
            body.iter().all(u8::is_ascii_alphanumeric).then_some(begin + body.len())
        })
    }

    /// The level that the prefix names.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The secret's text, only for showing it once and for hashing.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The last four characters, which may be shown at any time.
    pub fn last_four(&self) -> &str {
        &self.text[self.text.len() - 4..]
    }

    /// Masks the secret of a key of `level` that ends in `last_four`.
    pub fn masked(level: Level, last_four: &str) -> String {
        format!("{}{}_…{last_four}", Self::BRAND, level.tag())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::masked(self.level, self.last_four()))
    }
}

/// Computes zlib's CRC-32 in base 62, most significant digit first, padded to six digits.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut value = crc32fast::hash(bytes);
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(value % 62) as usize];
        value /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_zlibs() {
        // python3: zlib.crc32(b"toll_std_" + b"0" * 32) in base 62.
        let secret = Secret::from_digits(Level::Standard, [0; 32]);
        assert_eq!(secret.reveal(), "toll_std_000000000000000000000000000000002tlumi");
    }

    fn secrets() -> impl Strategy<Value = Secret> {
        (0usize..3, prop::array::uniform32(0u8..62))
            .prop_map(|(level, digits)| Secret::from_digits(Level::ALL[level], digits))
    }

    proptest! {
        #[test]
        fn every_secret_is_read_again(secret in secrets()) {
            prop_assert_eq!(Secret::parse(secret.reveal()), Ok(secret));
        }

        #[test]
        fn a_changed_character_never_passes(secret in secrets(), position in 0usize..46, letter in "[0-9A-Za-z_]") {
            let mut text = secret.reveal().to_owned();
            let position = position % text.len();
            if text[position..=position] != letter {
                text.replace_range(position..=position, &letter);
                prop_assert_eq!(Secret::parse(&text), Err(InvalidSecret));
            }
        }

        #[test]
        fn any_text_is_a_secret_or_an_error(text: String) {
            let _ = Secret::parse(&text);
        }

        #[test]
        fn every_secret_has_the_documented_pattern(secret in secrets()) {
            // toll_(read|std|admin)_[0-9A-Za-z]{38}, the pattern of secret scanners.
            let body = ["toll_read_", "toll_std_", "toll_admin_"].iter().find_map(|brand| secret.reveal().strip_prefix(brand));
            let body = body.unwrap();
            prop_assert_eq!(body.len(), 38);
            prop_assert!(body.bytes().all(|letter| letter.is_ascii_alphanumeric()));
        }

        #[test]
        fn no_secret_is_left_in_a_redacted_text(secrets in prop::collection::vec(secrets(), 0..4), noise in "[a-z_?=/]{0,9}") {
            let text: String = secrets.iter().flat_map(|secret| [noise.as_str(), "toll_", secret.reveal()]).collect();
            let redacted = Secret::redact(&text);
            prop_assert!(secrets.iter().all(|secret| !redacted.contains(secret.reveal())));
            prop_assert_eq!(redacted.matches('…').count(), secrets.len());
        }

        #[test]
        fn of_a_secret_that_is_cut_nothing_is_left(secret in secrets(), noise in "[a-z =]{0,9}", end in 10_usize..46) {
            let text = noise + &secret.reveal()[..end];
            let redacted = Secret::redact_cut(&text);
            prop_assert!(!redacted.contains(&secret.reveal()[..end]), "{}", redacted);
        }

        #[test]
        fn a_text_without_a_secret_stays_what_it_is(text: String) {
            prop_assert_eq!(Secret::redact(&text), text);
        }

        #[test]
        fn the_form_is_seen_whatever_follows_and_whether_or_not_it_is_right(secret in secrets(), more in ".{0,4}") {
            let text = format!("{}{more}", secret.reveal());
            prop_assert_eq!(Secret::form_at_start(text.as_bytes()), Some(secret.reveal().len()));
            prop_assert_eq!(Secret::form_at_start(secret.reveal().to_lowercase().as_bytes()), Some(secret.reveal().len()));
            prop_assert_eq!(Secret::form_at_start(&secret.reveal().as_bytes()[..secret.reveal().len() - 1]), None);
        }

        #[test]
        fn debug_shows_no_secret(secret in secrets()) {
            let shown = format!("{secret:?}");
            prop_assert!(!shown.contains(&secret.reveal()[9..40]));
        }
    }
}
