//! Common keys and values of requests, which therefore are no ids.
//!
//! Source: the API references of OpenAI and Anthropic. A missing word costs a query, nothing else.

/// Sorted.
#[rustfmt::skip]
static WORDS: &[&str] = &[
    "1024x1024", "1024x1536", "1024x1792", "1280x720", "1536x1024", "1792x1024", "1h", "24h", "256x256", "512x512",
    "5m", "720x1280", "additionalProperties", "additional_kwargs", "additional_properties", "allowed_callers",
    "allowed_domains", "allowed_tools", "anthropic_beta", "anthropic_version", "application/json", "application/pdf",
    "audio/mpeg", "audio/wav", "b64_json", "base64", "best_of", "blocked_domains", "budget_tokens", "cache_control",
    "cached_tokens", "call_id", "chat_template_kwargs", "chunking_strategy", "clear_thinking", "code_execution",
    "code_interpreter", "code_interpreter_call", "computer_call", "computer_call_output", "computer_use",
    "computer_use_preview", "container_file_citation", "container_id", "context_management", "custom_tool_call",
    "custom_tool_call_output", "date-time", "document_url", "enable_thinking", "encoding_format", "encrypted_content",
    "end_index", "end_turn", "exclusiveMaximum", "exclusiveMinimum", "extra_body", "extra_headers", "file_citation",
    "file_data", "file_id", "file_ids", "file_search", "file_search_call", "file_url", "finish_reason", "float32",
    "float64", "frequency_penalty", "function_call", "function_call_output", "g711_alaw", "g711_ulaw",
    "generation_config", "guided_choice", "guided_json", "ignore_eos", "image/gif", "image/jpeg", "image/png",
    "image/webp", "image_edit", "image_generation", "image_generation_call", "image_url", "in-memory",
    "include_obfuscation", "include_reasoning", "include_stop_str_in_output", "include_usage", "input_audio",
    "input_cached_tokens", "input_fidelity", "input_file", "input_image", "input_reference", "input_schema",
    "input_text", "input_tokens", "int32", "int64", "is_error", "item_reference", "json_object", "json_schema",
    "known_speaker_names", "known_speaker_references", "length_penalty", "local_shell", "local_shell_call",
    "local_shell_call_output", "logit_bias", "max_completion_tokens", "max_num_results", "max_output_tokens",
    "max_price", "max_tokens", "max_tool_calls", "max_uses", "mcp_call", "mcp_list_tools", "mcp_servers",
    "media_type", "message.output_text.logprobs", "min_p", "min_tokens", "mp3", "mp4", "non-streaming", "num_ctx",
    "num_predict", "output_audio", "output_compression", "output_config", "output_format", "output_text",
    "parallel_tool_calls", "partial_images", "patternProperties", "pcm16", "presence_penalty", "previous_response_id",
    "prompt_cache_key", "prompt_cache_retention", "ranking_options", "reasoning.encrypted_content",
    "reasoning_content", "reasoning_details", "reasoning_effort", "reasoning_text", "redacted_thinking",
    "repetition_penalty", "require_approval", "require_parameters", "required_action", "response_format",
    "response_id", "response_mime_type", "response_schema", "safety_identifier", "safety_settings", "score_threshold",
    "search_context_size", "search_result", "server_label", "server_tool_use", "server_url", "server_vad",
    "service_tier", "skip_special_tokens", "standard_only", "start_index", "stop_reason", "stop_sequence",
    "stop_sequences", "stop_token_ids", "stream_options", "summary_text", "system_fingerprint", "text/html",
    "text/plain", "text_editor", "thinking_budget", "thinking_config", "timestamp_granularities", "tool_call",
    "tool_call_id", "tool_calls", "tool_choice", "tool_config", "tool_resources", "tool_result", "tool_use",
    "tool_use_id", "top_a", "top_k", "top_logprobs", "top_p", "total_tokens", "training_file", "truncation_strategy",
    "unevaluatedProperties", "url_citation", "use_beam_search", "use_cache", "user_id", "user_location", "utf-8",
    "validation_file", "vector_store_ids", "video_url", "web_search", "web_search_call", "web_search_options",
    "web_search_preview", "web_search_tool_result",
];

pub(super) fn contains(text: &str) -> bool {
    WORDS.binary_search(&text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_there_once() {
        assert!(WORDS.is_sorted_by(|one, next| one < next));
        assert!(contains("max_tokens") && !contains("file-1"));
    }
}
