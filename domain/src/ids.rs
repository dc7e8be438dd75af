//! Typed identifiers, written as [TypeIDs](https://github.com/jetify-com/typeid/tree/main/spec): a prefix for
//! the type, and a UUID in Crockford's base 32.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::text::from_text;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Value of each byte as a digit; `u8::MAX` for bytes that aren't digits.
const DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        digits[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    digits
};
/// Length of 128 bits in base 32; the two spare bits lead.
const ENCODED_LENGTH: usize = 26;

/// Error for a text that isn't an identifier of the expected type.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a valid ID, which looks like {0}_01jd8k3n9vexamp1e0000000")]
pub struct InvalidId(&'static str);

fn encode(uuid: Uuid) -> [u8; ENCODED_LENGTH] {
    let mut value = uuid.as_u128();
    let mut text = [0; ENCODED_LENGTH];
    for digit in text.iter_mut().rev() {
        *digit = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    text
}

fn decode(text: &str) -> Option<Uuid> {
    if text.len() != ENCODED_LENGTH || text.as_bytes()[0] > b'7' {
        return None;
    }
    let value = text.bytes().try_fold(0u128, |value, byte| {
        let digit = DIGITS[usize::from(byte)];
        (digit < 32).then_some(value << 5 | u128::from(digit))
    })?;
    Some(Uuid::from_u128(value))
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident = $prefix:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Uuid);

        impl $name {
            /// The beginning of the id's text, up to the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from the UUID that the database stores.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID that the database stores.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Self::PREFIX)?;
                f.write_str("_")?;
                f.write_str(std::str::from_utf8(&encode(self.0)).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(Self::PREFIX)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(InvalidId(Self::PREFIX))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::openapi::id(Self::PREFIX, concat!($($doc),*).trim())
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// Id of an organization, the tenant that everything else belongs to.
    OrganizationId = "org";
    /// Id of a user, who is a member of any number of organizations.
    UserId = "user";
    /// Id of a session, a browser's sign-in.
    SessionId = "sess";
    /// Id of a project, which groups keys, usage and access.
    ProjectId = "proj";
    /// Id of an API key, which it keeps when its secret is rotated.
    ApiKeyId = "key";
    /// Id of one of a key's secrets.
    SecretId = "secret";
    /// Id of a call; its first 48 bits are the Unix time in milliseconds at which it started (UUIDv7, RFC 9562).
    CallId = "req";
    /// Id of a version of a model's price.
    PriceId = "price";
    /// Id of a notification in a member's inbox.
    NotificationId = "note";
    /// Id of a file that a job makes.
    ExportId = "exp";
    /// Id of a saved view of usage or log.
    SavedViewId = "view";
}

impl CallId {
    /// The smallest id of a call that started at or after `time`.
    pub fn lower_bound(time: crate::time::Timestamp) -> Self {
        let millis = u128::try_from(time.millis()).unwrap_or(0) & 0xffff_ffff_ffff;
        Self(Uuid::from_u128(millis << 80))
    }

    /// The time at which the call started, from its id.
    pub fn started_at(self) -> crate::time::Timestamp {
        crate::time::Timestamp::from_millis(i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn follows_the_type_id_specification() {
        // From the specification's valid.json.
        let uuid = Uuid::from_u128(0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881);
        assert_eq!(CallId::new(uuid).to_string(), "req_01h2xcejqtf2nbrexx3vqjhp41");
        assert!("req_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CallId>().is_err());
        assert!("key_01h2xcejqtf2nbrexx3vqjhp41".parse::<CallId>().is_err());
    }

    proptest! {
        #[test]
        fn survives_a_round_trip(value: u128) {
            let id = ApiKeyId::new(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text: String) {
            let _ = text.parse::<UserId>();
        }
    }
}
