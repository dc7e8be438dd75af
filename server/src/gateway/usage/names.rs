//! The names of counts: one table for all providers, described by provider in `docs/gateway.md`.

/// The meaning of a count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CountKind {
    /// The whole input, under the name that includes cached tokens.
    Prompt,
    /// The whole input, or without cached tokens if those have Anthropic's names.
    Input,
    Completion,
    Output,
    Total,
    /// Input tokens that weren't cached.
    CacheMiss,
    Cached,
    /// `Cached` under Anthropic's name.
    CacheRead,
    CacheWrite,
    /// `CacheWrite` under Anthropic's name.
    CacheCreation,
    /// Cache writes that live five minutes, or an hour.
    FiveMinutes,
    OneHour,
    Reasoning,
    /// Audio tokens of the input, and of the output.
    AudioIn,
    AudioOut,
    /// Web searches.
    Searches,
    /// Calls of other tools that the provider runs.
    ToolCalls,
}

impl CountKind {
    pub(super) const COUNT: usize = Self::ToolCalls as usize + 1;
}

/// The object that contains a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CountParent {
    Usage,
    /// Input details, such as `prompt_tokens_details`.
    InputDetails,
    /// Output details, such as `completion_tokens_details`.
    OutputDetails,
    /// Cache-write details.
    CacheWriteDetails,
    Billed,
    /// Counts of tools that the provider runs.
    Tools,
    Timings,
}

/// The way in which a named value is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum CountMeaning {
    Count(CountKind),
    /// An object with more counts.
    Object(CountParent),
    /// One of several counts that add up.
    Add(CountKind),
    /// The length of a recording.
    Seconds,
    /// The service tier of the call.
    Tier,
    /// The speed of the call.
    Speed,
}

use CountKind::{
    AudioIn, AudioOut, CacheCreation, CacheMiss, CacheRead, CacheWrite, Cached, Completion, FiveMinutes, Input,
    OneHour, Output, Prompt, Reasoning, Searches, ToolCalls, Total,
};
use CountMeaning::{Add, Count, Object, Seconds, Speed, Tier};
use CountParent::{Billed, CacheWriteDetails, InputDetails, OutputDetails, Timings, Tools, Usage};

/// All names. If a report has several names of one count, the first that isn't zero wins.
pub(super) const NAMES: &[(CountParent, &str, CountMeaning)] = &[
    // OpenAI, and compatible providers.
    (Usage, "prompt_tokens", Count(Prompt)),
    (Usage, "completion_tokens", Count(Completion)),
    (Usage, "input_tokens", Count(Input)),
    (Usage, "output_tokens", Count(Output)),
    (Usage, "total_tokens", Count(Total)),
    (Usage, "prompt_tokens_details", Object(InputDetails)),
    (Usage, "input_tokens_details", Object(InputDetails)),
    (Usage, "completion_tokens_details", Object(OutputDetails)),
    (Usage, "output_tokens_details", Object(OutputDetails)),
    // Transcriptions, and Mistral.
    (Usage, "input_token_details", Object(InputDetails)),
    (Usage, "prompt_token_details", Object(InputDetails)),
    (Usage, "output_token_details", Object(OutputDetails)),
    (Usage, "completion_token_details", Object(OutputDetails)),
    (Usage, "seconds", Seconds),
    (Usage, "prompt_audio_seconds", Seconds),
    (InputDetails, "cached_tokens", Count(Cached)),
    (InputDetails, "cache_write_tokens", Count(CacheWrite)),
    (InputDetails, "cached_write_tokens", Count(CacheWrite)),
    (InputDetails, "cache_creation_tokens", Count(CacheWrite)),
    (InputDetails, "cached_creation_tokens", Count(CacheWrite)),
    (InputDetails, "cache_read_input_tokens", Count(Cached)),
    (InputDetails, "cache_creation_input_tokens", Count(CacheWrite)),
    (InputDetails, "cache_creation", Object(CacheWriteDetails)),
    (InputDetails, "cache_creation_token_details", Object(CacheWriteDetails)),
    (InputDetails, "audio_tokens", Count(AudioIn)),
    (OutputDetails, "audio_tokens", Count(AudioOut)),
    (OutputDetails, "reasoning_tokens", Count(Reasoning)),
    (OutputDetails, "thinking_tokens", Count(Reasoning)),
    // Anthropic.
    (Usage, "cache_read_input_tokens", Count(CacheRead)),
    (Usage, "cache_creation_input_tokens", Count(CacheCreation)),
    (Usage, "cache_creation", Object(CacheWriteDetails)),
    (CacheWriteDetails, "ephemeral_5m_input_tokens", Count(FiveMinutes)),
    (CacheWriteDetails, "ephemeral_1h_input_tokens", Count(OneHour)),
    (Usage, "claude_cache_creation_5_m_tokens", Count(FiveMinutes)),
    (Usage, "claude_cache_creation_1_h_tokens", Count(OneHour)),
    (Usage, "server_tool_use", Object(Tools)),
    (Tools, "web_search_requests", Count(Searches)),
    (Usage, "service_tier", Tier),
    (Usage, "speed", Speed),
    // DeepSeek.
    (Usage, "prompt_cache_hit_tokens", Count(Cached)),
    (Usage, "prompt_cache_miss_tokens", Count(CacheMiss)),
    // Moonshot, Together; Mistral.
    (Usage, "cached_tokens", Count(Cached)),
    (Usage, "num_cached_tokens", Count(Cached)),
    (Usage, "cache_write_tokens", Count(CacheWrite)),
    // SGLang, Perplexity.
    (Usage, "reasoning_tokens", Count(Reasoning)),
    (Usage, "num_search_queries", Count(Searches)),
    // xAI: sources are charged one by one, as searches are.
    (Usage, "num_sources_used", Count(Searches)),
    (Usage, "server_side_tool_usage_details", Object(Tools)),
    (Tools, "web_search_calls", Add(Searches)),
    (Tools, "x_search_calls", Add(Searches)),
    (Tools, "code_interpreter_calls", Add(ToolCalls)),
    (Tools, "file_search_calls", Add(ToolCalls)),
    (Tools, "document_search_calls", Add(ToolCalls)),
    // Bedrock.
    (Usage, "inputTokens", Count(Input)),
    (Usage, "outputTokens", Count(Output)),
    (Usage, "totalTokens", Count(Total)),
    (Usage, "cacheReadInputTokens", Count(CacheRead)),
    (Usage, "cacheWriteInputTokens", Count(CacheCreation)),
    (Usage, "inputTokenCount", Count(Input)),
    (Usage, "outputTokenCount", Count(Output)),
    (Usage, "cacheReadInputTokenCount", Count(CacheRead)),
    (Usage, "cacheWriteInputTokenCount", Count(CacheCreation)),
    // Gemini.
    (Usage, "promptTokenCount", Count(Prompt)),
    (Usage, "candidatesTokenCount", Count(Completion)),
    (Usage, "thoughtsTokenCount", Count(Reasoning)),
    (Usage, "cachedContentTokenCount", Count(Cached)),
    (Usage, "totalTokenCount", Count(Total)),
    // Cohere.
    (Usage, "billed_units", Object(Billed)),
    (Billed, "input_tokens", Count(Prompt)),
    (Billed, "output_tokens", Count(Completion)),
    (Billed, "search_units", Count(Searches)),
    // llama.cpp, if it reports nothing else.
    (Timings, "prompt_n", Count(CacheMiss)),
    (Timings, "cache_n", Count(Cached)),
    (Timings, "predicted_n", Count(Completion)),
];
