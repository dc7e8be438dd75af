//! Parameters whose effect on a call's cost is known.

/// The effect of a parameter on a call's cost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ParameterEffect {
    /// Its own bytes bound what it adds, or the gateway reads it.
    Known,
    /// It refers to content that isn't in the request.
    Reference,
    /// It could add content, answers or tools. Its name.
    Unknown(String),
}

/// Longest name of an unknown parameter that is kept, in characters.
const MAX_NAME_CHARS: usize = 64;

/// Parameters that add no tokens beyond their bytes and no answers, unless the gateway reads how many; sorted.
///
/// Sources: the API references of OpenAI and Anthropic, and the sampling parameters of vLLM, llama.cpp, Mistral
/// and OpenRouter. A parameter that isn't listed could do anything, so a call with it has no worst case.
/// Left out on purpose are `prediction`, whose rejected tokens are charged beyond the limit of the answer, and
/// all that search or run tools.
#[rustfmt::skip]
static KNOWN: &[&str] = &[
    "add_generation_prompt", "allowed_tools", "anthropic_beta", "anthropic_version", "audio", "background",
    "best_of", "betas", "cache_control", "cache_prompt", "chat_template_kwargs", "citation_options",
    "client_metadata", "context_management", "continue_final_message", "dimensions", "dry_allowed_length",
    "dry_base", "dry_multiplier", "dry_penalty_last_n", "echo", "embedding_types", "encoding_format",
    "frequency_penalty", "function_call", "functions", "grammar", "guided_choice", "guided_decoding_backend",
    "guided_grammar", "guided_json", "guided_regex", "image", "images", "include", "include_reasoning",
    "include_stop_str_in_output", "inference_geo", "input", "input_fidelity", "input_reference", "input_type",
    "instructions", "json_schema", "keep_alive", "length_penalty", "logit_bias", "logprobs", "mask",
    "max_completion_tokens", "max_new_tokens", "max_output_tokens", "max_tokens", "max_tokens_to_sample",
    "max_tool_calls", "messages", "metadata", "min_p", "min_tokens", "mirostat", "mirostat_eta", "mirostat_tau",
    "modalities", "model", "moderation", "n", "n_predict", "normalized", "num_predict", "output_compression",
    "output_config", "output_dimension", "output_dtype", "output_format", "parallel_tool_calls", "partial_images",
    "presence_penalty", "prompt", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "prompt_mode", "provider", "quality", "random_seed", "reasoning", "reasoning_effort", "reasoning_format",
    "repeat_last_n", "repeat_penalty", "repetition_penalty", "response_format", "safe_prompt", "safety_identifier",
    "seconds", "seed", "service_tier", "session_id", "size", "skip_special_tokens", "spaces_between_special_tokens",
    "speed", "stop", "stop_sequences", "stop_token_ids", "store", "stream", "stream_format", "stream_options",
    "structured_outputs", "style", "suffix", "system", "task", "temperature", "text", "thinking", "tool_choice",
    "tools", "top_a", "top_k", "top_logprobs", "top_p", "transforms", "truncate", "truncation", "typical_p",
    "usage", "user", "user_id", "verbosity", "voice", "xtc_probability", "xtc_threshold",
];

/// Parameters that refer to a stored conversation.
const REFERENCES: [&str; 2] = ["conversation", "previous_response_id"];

impl ParameterEffect {
    pub(super) fn of(name: &str) -> Self {
        if KNOWN.binary_search(&name).is_ok() {
            Self::Known
        } else if REFERENCES.contains(&name) {
            Self::Reference
        } else {
            Self::Unknown(name.chars().take(MAX_NAME_CHARS).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_in_order_and_there_once() {
        assert!(KNOWN.is_sorted_by(|first, second| first < second));
    }

    #[test]
    fn an_unknown_parameter_is_named() {
        assert_eq!(ParameterEffect::of("temperature"), ParameterEffect::Known);
        assert_eq!(ParameterEffect::of("previous_response_id"), ParameterEffect::Reference);
        assert_eq!(ParameterEffect::of("Temperature"), ParameterEffect::Unknown("Temperature".to_owned()));
        assert_eq!(ParameterEffect::of(&"ä".repeat(100)), ParameterEffect::Unknown("ä".repeat(64)));
    }
}
