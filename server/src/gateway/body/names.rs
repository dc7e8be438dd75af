//! The keys in a body that decide what their values refer to.

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BodyField {
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
    /// An object whose keys clients choose.
    Schema,
    SkillId,
    Type,
    VectorStoreId,
    Video,
    Voice,
    Other,
}

impl BodyField {
    pub(super) fn from_key(key: &str) -> Self {
        match &*fold_case(key) {
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

/// Folds a key's case by Unicode, as Go's JSON decoder does: `ſ` becomes `s`, and the Kelvin sign `k`.
pub(in crate::gateway) fn fold_case(key: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if key.bytes().all(plain) {
        return Cow::Borrowed(key);
    }
    key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}
