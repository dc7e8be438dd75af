//! What counts are called: one table for all providers, which `docs/gateway.md` tells of provider by provider.

/// What a count is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Figure {
    /// All that went in, by the name that cached tokens stand within.
    Prompt,
    /// All that went in, or all but cached tokens where those have Anthropic's names.
    Input,
    Completion,
    Output,
    Total,
    /// Of the prompt, what wasn't cached.
    Missed,
    Cached,
    /// The same by Anthropic's name.
    CacheRead,
    Written,
    /// The same by Anthropic's name.
    CacheCreation,
    /// Of what was written, what lives five minutes, or an hour.
    FiveMinutes,
    Hour,
    Reasoning,
    /// Of what went in, and of what was put out.
    SoundIn,
    SoundOut,
    /// Of the web.
    Searches,
    /// Of tools that the provider runs, other than searches.
    ToolCalls,
}

impl Figure {
    pub(super) const COUNT: usize = Self::ToolCalls as usize + 1;
}

/// The object that a name stands in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Usage,
    /// What is said of the input.
    In,
    /// What is said of the output.
    Out,
    /// What is said of what was written to the cache.
    Creation,
    Billed,
    /// What is said of tools that the provider runs.
    Tools,
    Timings,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    Count(Figure),
    /// An object with more of them.
    Object(Place),
    /// One of several that make up the same.
    Add(Figure),
    /// The length of a recording.
    Seconds,
    /// At which tier the call was worked on.
    Tier,
    /// How fast.
    Speed,
}

use Figure::{
    CacheCreation, CacheRead, Cached, Completion, FiveMinutes, Hour, Input, Missed, Output, Prompt, Reasoning,
    Searches, SoundIn, SoundOut, ToolCalls, Total, Written,
};
use Named::{Add, Count, Object, Seconds, Speed, Tier};
use Place::{Billed, Creation, In, Out, Timings, Tools, Usage};

/// Where one report has several names for the same, the first that isn't zero holds.
pub(super) const NAMES: &[(Place, &str, Named)] = &[
    // OpenAI, and whoever speaks as it does.
    (Usage, "prompt_tokens", Count(Prompt)),
    (Usage, "completion_tokens", Count(Completion)),
    (Usage, "input_tokens", Count(Input)),
    (Usage, "output_tokens", Count(Output)),
    (Usage, "total_tokens", Count(Total)),
    (Usage, "prompt_tokens_details", Object(In)),
    (Usage, "input_tokens_details", Object(In)),
    (Usage, "completion_tokens_details", Object(Out)),
    (Usage, "output_tokens_details", Object(Out)),
    // Transcriptions, and Mistral.
    (Usage, "input_token_details", Object(In)),
    (Usage, "prompt_token_details", Object(In)),
    (Usage, "output_token_details", Object(Out)),
    (Usage, "completion_token_details", Object(Out)),
    (Usage, "seconds", Seconds),
    (Usage, "prompt_audio_seconds", Seconds),
    (In, "cached_tokens", Count(Cached)),
    (In, "cache_write_tokens", Count(Written)),
    (In, "cached_write_tokens", Count(Written)),
    (In, "cache_creation_tokens", Count(Written)),
    (In, "cached_creation_tokens", Count(Written)),
    (In, "cache_read_input_tokens", Count(Cached)),
    (In, "cache_creation_input_tokens", Count(Written)),
    (In, "cache_creation", Object(Creation)),
    (In, "cache_creation_token_details", Object(Creation)),
    (In, "audio_tokens", Count(SoundIn)),
    (Out, "audio_tokens", Count(SoundOut)),
    (Out, "reasoning_tokens", Count(Reasoning)),
    (Out, "thinking_tokens", Count(Reasoning)),
    // Anthropic.
    (Usage, "cache_read_input_tokens", Count(CacheRead)),
    (Usage, "cache_creation_input_tokens", Count(CacheCreation)),
    (Usage, "cache_creation", Object(Creation)),
    (Creation, "ephemeral_5m_input_tokens", Count(FiveMinutes)),
    (Creation, "ephemeral_1h_input_tokens", Count(Hour)),
    (Usage, "claude_cache_creation_5_m_tokens", Count(FiveMinutes)),
    (Usage, "claude_cache_creation_1_h_tokens", Count(Hour)),
    (Usage, "server_tool_use", Object(Tools)),
    (Tools, "web_search_requests", Count(Searches)),
    (Usage, "service_tier", Tier),
    (Usage, "speed", Speed),
    // DeepSeek.
    (Usage, "prompt_cache_hit_tokens", Count(Cached)),
    (Usage, "prompt_cache_miss_tokens", Count(Missed)),
    // Moonshot, Together; Mistral.
    (Usage, "cached_tokens", Count(Cached)),
    (Usage, "num_cached_tokens", Count(Cached)),
    (Usage, "cache_write_tokens", Count(Written)),
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
    // llama.cpp, where it reports nothing else.
    (Timings, "prompt_n", Count(Missed)),
    (Timings, "cache_n", Count(Cached)),
    (Timings, "predicted_n", Count(Completion)),
];
