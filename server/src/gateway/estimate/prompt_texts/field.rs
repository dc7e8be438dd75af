//! What a key of a request says about the value below it.

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PromptField {
    /// A text that a model may read.
    Text,
    /// A setting, such as a model, a role, a type or an id.
    Plain,
    /// The address of an image or audio file, or the object around it.
    Medium,
    /// The object around audio data.
    Sound,
    /// The object around an image or a document.
    Source,
    Data,
    MediaType,
    /// A file in base64.
    File,
    Url,
    Metadata,
    /// A value that may be a list of tokens.
    Tokens,
}

impl PromptField {
    /// Classifies a key, and returns whether it is one of the API's.
    pub(super) fn from_key(key: &str) -> (Self, bool) {
        let name = match key {
            "model"
            | "role"
            | "type"
            | "id"
            | "object"
            | "status"
            | "detail"
            | "format"
            | "voice"
            | "encoding_format"
            | "user"
            | "service_tier"
            | "tool_choice"
            | "call_id"
            | "tool_call_id"
            | "tool_use_id"
            | "reasoning_effort"
            | "effort"
            | "verbosity"
            | "mode"
            | "truncation"
            | "include"
            | "modalities"
            | "safety_identifier"
            | "prompt_cache_key"
            | "prompt_cache_retention"
            | "previous_response_id"
            | "phase"
            | "ttl"
            | "language"
            | "response_format"
            | "size"
            | "file_id"
            | "file_ids"
            | "betas"
            | "speed" => Self::Plain,
            "image_url" | "video_url" | "audio_url" => Self::Medium,
            "input_audio" | "audio" => Self::Sound,
            "source" => Self::Source,
            "data" => Self::Data,
            "media_type" => Self::MediaType,
            "file_data" | "encrypted_content" => Self::File,
            "url" => Self::Url,
            "metadata" => Self::Metadata,
            "input" | "prompt" => Self::Tokens,
            "content"
            | "text"
            | "name"
            | "function"
            | "arguments"
            | "parameters"
            | "properties"
            | "description"
            | "required"
            | "enum"
            | "items"
            | "messages"
            | "tools"
            | "tool_calls"
            | "system"
            | "instructions"
            | "output"
            | "summary"
            | "reasoning"
            | "thinking"
            | "signature"
            | "schema"
            | "json_schema"
            | "input_schema"
            | "strict"
            | "index"
            | "cache_control"
            | "file"
            | "filename"
            | "image"
            | "additionalProperties"
            | "annotations"
            | "refusal"
            | "logprobs"
            | "title"
            | "context"
            | "citations"
            | "enabled"
            | "budget_tokens"
            | "is_error"
            | "anyOf"
            | "include_usage" => Self::Text,
            _ => return (Self::Text, false),
        };
        (name, true)
    }
}
