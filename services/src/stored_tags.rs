//! Tags of calls as columns hold them. The table `call_tags` has the same tags once more, a row each, for searches.

use domain::calls::CallTags;

/// The text of a column `tags`; `None` for no tags.
pub(crate) fn to_json(tags: &CallTags) -> Option<String> {
    // Texts can't fail to serialize.
    if tags.is_empty() { None } else { serde_json::to_string(tags).ok() }
}

/// Parses the text of a column `tags`.
pub(crate) fn parse(json: Option<&str>) -> CallTags {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}
