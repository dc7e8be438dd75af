//! Tags that clients give their calls.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use crate::usage::TagName;
#[cfg(not(target_arch = "wasm32"))]
use crate::{api_keys::Secret, validation::canonical::is_invisible};

/// Maximum number of a call's tags.
pub const MAX_TAGS: usize = 8;
/// Maximum length of a tag's value, in characters.
pub const MAX_TAG_VALUE: usize = 128;

/// A call's tags: at most [`MAX_TAGS`] names with one value each, in the order of the names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CallTags(Vec<(TagName, String)>);

impl CallTags {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of tags.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&TagName, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }

    /// The value of the tag with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| other.as_str() == name).map(|(_, value)| value)
    }

    /// Adds a tag, unless its name has a value already or there are [`MAX_TAGS`]. Returns whether it was added. The value
    /// comes from [`CallTags::checked_value`].
    pub fn add(&mut self, name: TagName, value: String) -> bool {
        match self.0.binary_search_by(|(other, _)| other.cmp(&name)) {
            Err(place) if self.0.len() < MAX_TAGS => {
                self.0.insert(place, (name, value));
                true
            }
            _ => false,
        }
    }

    /// The value of a tag, without the whitespace around it and with Tollhouse's secrets masked.
    ///
    /// # Errors
    /// It is empty, has more than [`MAX_TAG_VALUE`] characters, or a control character or an invisible one.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn checked_value(text: &str) -> Result<String, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("A tag's value must not be empty.".to_owned());
        }
        if text.chars().count() > MAX_TAG_VALUE {
            return Err(format!("A tag's value has at most {MAX_TAG_VALUE} characters."));
        }
        if text.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err("A tag's value must not have control characters or invisible ones.".to_owned());
        }
        Ok(Secret::redact(text))
    }

    /// The value that the server has checked.
    #[cfg(target_arch = "wasm32")]
    fn checked_value(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
}

/// Writes the tags as people read them: `customer: acme, team: blue`.
impl fmt::Display for CallTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{name}: {value}")?;
        }
        Ok(())
    }
}

impl Serialize for CallTags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

/// Leaves out what isn't a tag, so that a journal of a later version is read.
impl<'de> Deserialize<'de> for CallTags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagVisitor;

        impl<'de> Visitor<'de> for TagVisitor {
            type Value = CallTags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CallTags, A::Error> {
                let mut tags = CallTags::default();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if let (Ok(name), Ok(value)) = (name.parse(), CallTags::checked_value(&value)) {
                        tags.add(name, value);
                    }
                }
                Ok(tags)
            }
        }

        deserializer.deserialize_map(TagVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::OTHER_TAG_VALUES;

    fn tags(pairs: &[(&str, &str)]) -> CallTags {
        let mut tags = CallTags::default();
        for (name, value) in pairs {
            tags.add(name.parse().unwrap(), (*value).to_owned());
        }
        tags
    }

    #[test]
    fn a_name_keeps_its_first_value_and_no_call_has_more_than_eight() {
        let mut some = tags(&[("team", "blue"), ("customer", "acme"), ("team", "red")]);
        assert_eq!(some.to_string(), "customer: acme, team: blue");
        assert_eq!(serde_json::to_string(&some).unwrap(), r#"{"customer":"acme","team":"blue"}"#);
        assert_eq!((some.get("team"), some.get("other"), some.len()), (Some("blue"), None, 2));
        for number in 0..20 {
            let added = some.add(format!("n{number}").parse().unwrap(), "x".to_owned());
            assert_eq!(added, number < 6, "{number}");
        }
        assert_eq!(some.len(), MAX_TAGS);
        assert!(some.iter().map(|(name, _)| name).is_sorted());
    }

    #[test]
    fn a_value_is_short_and_can_be_seen() {
        assert_eq!(CallTags::checked_value("  Ümlaut & Co \t").unwrap(), "Ümlaut & Co");
        assert_eq!(CallTags::checked_value(&"ü".repeat(MAX_TAG_VALUE)).unwrap().chars().count(), MAX_TAG_VALUE);
        let long = "x".repeat(MAX_TAG_VALUE + 1);
        for wrong in ["", "  ", "a\nb", "a\u{0}b", "a\u{202e}b", OTHER_TAG_VALUES, &long] {
            assert!(CallTags::checked_value(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_tag_is_left_out_of_stored_ones() {
        let read: CallTags = serde_json::from_str(r#"{"Customer":"a","team":"","user":"u-1"}"#).unwrap();
        assert_eq!(read, tags(&[("user", "u-1")]));
        assert!(serde_json::from_str::<CallTags>(r#"["user"]"#).is_err());
    }

    proptest! {
        #[test]
        fn tags_survive_a_round_trip(pairs in prop::collection::vec(("[a-z][a-z0-9_-]{0,31}", "[!-~ü]{1,128}"), 0..12)) {
            let mut written = CallTags::default();
            for (name, value) in &pairs {
                if let Ok(value) = CallTags::checked_value(value) {
                    written.add(name.parse().unwrap(), value);
                }
            }
            let text = serde_json::to_string(&written).unwrap();
            prop_assert_eq!(serde_json::from_str::<CallTags>(&text).unwrap(), written);
        }
    }
}
