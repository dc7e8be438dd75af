//! Values of a tag as groups of usage, and as suggestions.

use serde::{Deserialize, Serialize};

use super::TagName;

/// Maximum number of a tag's values that a report tells apart, those with the most of the query's metric. All others are
/// summed to [`OTHER_TAG_VALUES`].
pub const MAX_TAG_GROUPS: usize = 500;

/// Key of the group that sums a tag's values beyond [`MAX_TAG_GROUPS`]. It has a control character, which no value has.
pub const OTHER_TAG_VALUES: &str = "\u{1}other";

/// A tag's name or value, with the number of calls that have it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TagCount {
    pub text: String,
    /// Calls of the range, counted up to a limit: see [`TagCounts::is_complete`].
    pub calls: i64,
}

/// Names of tags, or values of one.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct TagCounts {
    /// The most frequent first.
    pub tags: Vec<TagCount>,
    /// Whether all calls of the range were counted, and all names or values are listed.
    pub is_complete: bool,
}

/// Parses a tag's name in any case, as clients may write it; `None` if it isn't one.
pub fn parse_tag_name(text: &str) -> Option<TagName> {
    text.to_ascii_lowercase().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded() {
        assert_eq!(parse_tag_name("Customer-ID").unwrap().as_str(), "customer-id");
        assert!(parse_tag_name("Ümlaut").is_none() && parse_tag_name("").is_none() && parse_tag_name("a b").is_none());
    }
}
