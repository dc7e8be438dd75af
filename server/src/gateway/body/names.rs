//! The names in a body that tell what the values there refer to.

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Name {
    Audio,
    Character,
    Container,
    ContainerId,
    Conversation,
    FileId,
    Id,
    Input,
    Integrations,
    Prompt,
    Role,
    /// What clients fill with names of their own.
    Schema,
    SkillId,
    Type,
    VectorStoreId,
    Video,
    Voice,
    Other,
}

impl Name {
    pub(super) fn of(key: &str) -> Self {
        match &*folded(key) {
            "id" => Self::Id,
            "type" => Self::Type,
            "role" => Self::Role,
            "input" => Self::Input,
            "prompt" => Self::Prompt,
            "audio" => Self::Audio,
            "voice" => Self::Voice,
            "video" => Self::Video,
            "characters" => Self::Character,
            "conversation" => Self::Conversation,
            "container" => Self::Container,
            "container_id" => Self::ContainerId,
            "integrations" => Self::Integrations,
            "skill_id" => Self::SkillId,
            "vector_store_id" | "vector_store_ids" => Self::VectorStoreId,
            "metadata" | "parameters" | "input_schema" | "schema" | "json_schema" | "arguments" => Self::Schema,
            key if key.ends_with("file_id") || key.ends_with("file_ids") => Self::FileId,
            _ => Self::Other,
        }
    }
}

/// As whoever doesn't care for case reads a key: Unicode's folding, which turns `ſ` to `s` and the Kelvin sign to `k`. Go's
/// JSON decoder does so.
pub(in crate::gateway) fn folded(key: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if key.bytes().all(plain) {
        return Cow::Borrowed(key);
    }
    key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}
