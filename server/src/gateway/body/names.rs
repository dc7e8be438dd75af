//! The keys in a body that decide what their values refer to.

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BodyField {
    Audio,
    Character,
    Container,
    ContainerId,
    ContextManagement,
    Conversation,
    Data,
    EncryptedContent,
    FileId,
    Id,
    ImageUrl,
    Input,
    /// The arguments of a tool of Anthropic's API, whose keys clients choose.
    InputSchema,
    Instructions,
    Integrations,
    MaxToolCalls,
    MaxUses,
    /// A document, or media that have no key of their own here.
    Medium,
    Messages,
    Prompt,
    Role,
    /// An object whose keys clients choose.
    Schema,
    Seconds,
    ServiceTier,
    SkillId,
    Source,
    System,
    Tools,
    Type,
    Url,
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
            "metadata" | "parameters" | "schema" | "json_schema" | "arguments" => Self::Schema,
            "input_schema" => Self::InputSchema,
            "messages" => Self::Messages,
            "instructions" => Self::Instructions,
            "system" => Self::System,
            "tools" => Self::Tools,
            "context_management" => Self::ContextManagement,
            "service_tier" => Self::ServiceTier,
            "max_tool_calls" => Self::MaxToolCalls,
            "max_uses" => Self::MaxUses,
            "seconds" => Self::Seconds,
            "image_url" => Self::ImageUrl,
            "url" => Self::Url,
            "source" => Self::Source,
            "data" => Self::Data,
            "encrypted_content" => Self::EncryptedContent,
            "audio_url" | "audios" | "document" | "document_url" | "documents" | "file" | "file_data" | "file_url"
            | "files" | "image" | "images" | "input_audio" | "input_file" | "input_reference" | "input_video"
            | "mask" | "video_url" | "videos" => Self::Medium,
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
