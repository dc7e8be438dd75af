//! Values that are read where they have the form that is expected, and skipped where they haven't.

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// `None` for what isn't there, is null, or has another form.
pub(super) fn read<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
}

/// `{"code": …, "type": …}`, where the code may be a text, a number, or missing.
#[derive(Deserialize)]
pub(super) struct ErrorObject<'a> {
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    r#type: Option<&'a RawValue>,
}

impl ErrorObject<'_> {
    /// The code as the log keeps it: short, and plain ASCII whatever the provider sent. Anthropic's errors have a type
    /// instead.
    pub(super) fn code(self) -> String {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let code: Option<String> = read(self.code).or_else(|| match self.code {
            None => read(self.r#type),
            Some(_) => None,
        });
        let code: String = code.unwrap_or_default().chars().filter(plain).take(64).collect();
        if code.is_empty() { "upstream_error".to_owned() } else { code }
    }
}

/// Whether a list is empty, without keeping what is in it.
pub(super) struct Choices {
    pub(super) empty: bool,
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Length::deserialize(deserializer).map(|length| Self { empty: length.0 == 0 })
    }
}

/// How long a list is, without keeping what is in it.
pub(super) struct Length(pub(super) i64);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Length;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Length, A::Error> {
                let mut length = 0;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    length += 1;
                }
                Ok(Length(length))
            }
        }
        deserializer.deserialize_seq(Any)
    }
}
