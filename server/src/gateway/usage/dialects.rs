//! Tests of the usage that each provider and server reports, one for each line of the table
//! in `docs/gateway.md`.

use std::collections::BTreeSet;

use domain::{calls::CountSource, money::Quantities};

use super::*;
use crate::{
    gateway::endpoint::MeteredUnit::{self, Media, Tokens, TokensIn},
    v1::dialect::Dialect::{self, Anthropic, OpenAi},
};

/// Builds usage of input tokens, of them cached and written ones, and output tokens.
const fn used(tokens_in: i64, cached: i64, written: i64, tokens_out: i64) -> (CountSource, Quantities) {
    let used = Quantities {
        tokens_in,
        cached_tokens_in: cached,
        cache_write_tokens_in: written,
        tokens_out,
        ..Quantities::NONE
    };
    (CountSource::Reported, used)
}

/// Changes more quantities of expected usage.
fn with((source, used): (CountSource, Quantities), change: impl FnOnce(&mut Quantities)) -> (CountSource, Quantities) {
    let mut used = used;
    change(&mut used);
    (source, used)
}

const fn contradictory((_, used): (CountSource, Quantities)) -> (CountSource, Quantities) {
    (CountSource::Contradictory, used)
}

fn check(dialect: Dialect, unit: MeteredUnit, events: &[&str], expected: (CountSource, Quantities)) {
    let mut reports = UsageReports::default();
    events.iter().for_each(|event| reports.merge(ReportedUsage::read(event.as_bytes()).reports));
    assert_eq!(reports.quantities(dialect, unit), Some(expected));
}

macro_rules! dialects {
    ($($test:ident: $name:literal, $dialect:ident, $counts:ident, [$($event:expr),+ $(,)?] => $expected:expr;)+) => {
        $(
            #[test]
            fn $test() {
                check($dialect, $counts, &[$($event),+], $expected);
            }
        )+

        /// The provider or server of each test.
        const NAMES: &[&str] = &[$($name),+];
    };
}

dialects! {
    openai_chat: "OpenAI", OpenAi, Tokens, [
        r#"{"choices":[{"message":{}}],"usage":{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
            "prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":128,"audio_tokens":0,"accepted_prediction_tokens":0}}}"#,
    ] => with(used(2006, 1920, 0, 300), |used| used.reasoning_tokens_out = 128);
    openai_chat_stream: "OpenAI", OpenAi, Tokens, [
        r#"{"choices":[{"delta":{"content":"a"}}],"usage":null}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}"#,
    ] => used(7, 0, 0, 5);
    openai_responses: "OpenAI", OpenAi, Tokens, [
        r#"{"object":"response","usage":{"input_tokens":2600,"output_tokens":50,"total_tokens":2650,
            "input_tokens_details":{"cached_tokens":2000,"cache_write_tokens":400},
            "output_tokens_details":{"reasoning_tokens":20}}}"#,
    ] => with(used(2600, 2000, 400, 50), |used| used.reasoning_tokens_out = 20);
    openai_tools_and_tiers: "OpenAI", OpenAi, Tokens, [
        r#"{"type":"response.completed","response":{"service_tier":"priority","output":[
            {"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"open_page"}},
            {"type":"web_search_call"},{"type":"file_search_call"},{"type":"message"}],
            "usage":{"input_tokens":7,"output_tokens":5,"total_tokens":12}}}"#,
    ] => with(used(7, 0, 0, 5), |used| {
        (used.searches, used.tool_calls, used.tier) = (2, 1, domain::money::Tier::Priority);
    });
    openai_sound: "OpenAI", OpenAi, Tokens, [
        r#"{"service_tier":"default","usage":{"prompt_tokens":100,"completion_tokens":80,"total_tokens":180,
            "prompt_tokens_details":{"audio_tokens":90,"text_tokens":10},"completion_tokens_details":{"audio_tokens":60}}}"#,
    ] => with(used(100, 0, 0, 80), |used| (used.audio_tokens_in, used.audio_tokens_out) = (90, 60));
    openai_embeddings: "OpenAI", OpenAi, TokensIn, [
        r#"{"object":"list","data":[{}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
    ] => used(4, 0, 0, 0);
    openai_transcriptions: "OpenAI", OpenAi, Media, [
        r#"{"type":"transcript.text.done","text":"a","usage":{"type":"tokens","input_tokens":14,"output_tokens":45,
            "total_tokens":59,"input_token_details":{"text_tokens":0,"audio_tokens":14}}}"#,
    ] => with(used(14, 0, 0, 45), |used| used.audio_tokens_in = 14);

    anthropic: "Anthropic", Anthropic, Tokens, [
        r#"{"type":"message","usage":{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,
            "cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":15},"output_tokens":5}}"#,
    ] => with(used(130, 100, 20, 5), |used| used.cache_write_1h_tokens_in = 15);
    anthropic_searches_and_tiers: "Anthropic", Anthropic, Tokens, [
        r#"{"type":"message","usage":{"input_tokens":10,"output_tokens":5,"service_tier":"batch",
            "server_tool_use":{"web_search_requests":3,"web_fetch_requests":1}}}"#,
    ] => with(used(10, 0, 0, 5), |used| (used.searches, used.tier) = (3, domain::money::Tier::Batch));
    anthropic_stream: "Anthropic", Anthropic, Tokens, [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":100,
            "cache_creation_input_tokens":20,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":10,
            "cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":5}}"#,
    ] => used(130, 100, 20, 5);

    azure: "Azure OpenAI", OpenAi, Tokens, [
        r#"{"choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop","content_filter_results":{}}],"usage":null}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,
            "prompt_tokens_details":{"cached_tokens":3}}}"#,
    ] => used(7, 3, 0, 5);

    bedrock_by_its_own_names: "Bedrock's proxies", OpenAi, Tokens, [
        r#"{"usage":{"cacheReadInputTokenCount":10536,"cacheReadInputTokens":10536,"cacheWriteInputTokens":0,
            "inputTokens":368,"outputTokens":19,"totalTokens":10923}}"#,
    ] => used(10904, 10536, 0, 19);
    bedrock_by_openais_names: "Bedrock's proxies", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":368,"completion_tokens":19,"total_tokens":10923,
            "cache_read_input_tokens":10536,"cache_creation_input_tokens":0}}"#,
    ] => used(10904, 10536, 0, 19);
    bedrock_messages: "Bedrock's proxies", Anthropic, Tokens, [
        r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":10,"outputTokenCount":5,
            "cacheReadInputTokenCount":100,"cacheWriteInputTokenCount":20,"invocationLatency":900}}"#,
    ] => used(130, 100, 20, 5);

    cohere: "Cohere", OpenAi, Tokens, [
        r#"{"choices":[{}],"usage":{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14}}"#,
    ] => used(11, 0, 0, 3);
    cohere_by_its_own_names: "Cohere", OpenAi, TokensIn, [
        r#"{"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":11}}}"#,
    ] => used(11, 0, 0, 0);
    cohere_chat_by_its_own_names: "Cohere", OpenAi, Tokens, [
        r#"{"usage":{"billed_units":{"input_tokens":11,"output_tokens":3},"tokens":{"input_tokens":90,"output_tokens":5}}}"#,
    ] => used(11, 0, 0, 3);

    deepseek: "DeepSeek", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_cache_hit_tokens":900,
            "prompt_cache_miss_tokens":100,"completion_tokens_details":{"reasoning_tokens":60}}}"#,
    ] => with(used(1000, 900, 0, 100), |used| used.reasoning_tokens_out = 60);

    fireworks: "Fireworks", OpenAi, Tokens, [
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"total_tokens":12,
            "completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}},"perf_metrics":{"prompt-tokens":"7"}}"#,
    ] => used(7, 4, 0, 5);

    gemini: "Gemini", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":20,"completion_tokens":198,"total_tokens":218}}"#,
    ] => used(20, 0, 0, 198);
    gemini_thinking_in_the_total_only: "Gemini", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":20,"completion_tokens":198,"total_tokens":623}}"#,
    ] => contradictory(used(20, 0, 0, 603));
    gemini_thinking_beside_the_answer: "Gemini", OpenAi, Tokens, [
        r#"{"usage":{"completion_tokens":0,"total_tokens":81,"prompt_tokens":21,
            "completion_tokens_details":{"reasoning_tokens":60}}}"#,
    ] => with(used(21, 0, 0, 60), |used| used.reasoning_tokens_out = 60);
    gemini_by_its_own_names: "Gemini", OpenAi, Tokens, [
        r#"{"usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":198,"thoughtsTokenCount":405,
            "cachedContentTokenCount":16,"totalTokenCount":623}}"#,
    ] => with(used(20, 16, 0, 603), |used| used.reasoning_tokens_out = 405);

    groq: "Groq", OpenAi, Tokens, [
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"queue_time":0.07,
            "prompt_tokens":23,"prompt_time":0.006,"completion_tokens":19,"completion_time":0.022,"total_tokens":42,
            "prompt_tokens_details":{"cached_tokens":16}}}}"#,
    ] => used(23, 16, 0, 19);

    litellm: "LiteLLM", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":130,"completion_tokens":5,"total_tokens":135,
            "prompt_tokens_details":{"cached_tokens":100,"cache_creation_tokens":20,"audio_tokens":null},
            "cache_read_input_tokens":100,"cache_creation_input_tokens":20}}"#,
    ] => used(130, 100, 20, 5);
    litellm_without_cached_tokens_in_the_prompt: "LiteLLM", OpenAi, Tokens, [
        r#"{"usage":{"completion_tokens":467,"prompt_tokens":31,"total_tokens":498,
            "prompt_tokens_details":{"cached_tokens":0},"cache_creation_input_tokens":1253,"cache_read_input_tokens":0}}"#,
    ] => contradictory(used(1284, 0, 1253, 467));

    llama_cpp: "llama.cpp", OpenAi, Tokens, [
        r#"{"choices":[],"usage":{"completion_tokens":35,"prompt_tokens":237,"total_tokens":272,
            "prompt_tokens_details":{"cached_tokens":236}},"timings":{"cache_n":236,"prompt_n":1,"predicted_n":35}}"#,
    ] => used(237, 236, 0, 35);
    llama_cpp_by_its_timings: "llama.cpp", OpenAi, Tokens, [
        r#"{"choices":[],"timings":{"cache_n":236,"prompt_n":1,"prompt_ms":30.958,"predicted_n":35}}"#,
    ] => used(237, 236, 0, 35);

    mistral: "Mistral", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":1013,"total_tokens":1043,"completion_tokens":30,"prompt_audio_seconds":{},
            "prompt_tokens_details":{"cached_tokens":1008},"num_cached_tokens":1008}}"#,
    ] => used(1013, 1008, 0, 30);
    mistral_cached_by_another_name: "Mistral", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":1013,"total_tokens":1043,"completion_tokens":30,"num_cached_tokens":1008}}"#,
    ] => used(1013, 1008, 0, 30);
    mistral_sound_beside_the_prompt: "Mistral", OpenAi, Media, [
        r#"{"text":"a","usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":379,"prompt_audio_seconds":30,
            "prompt_tokens_details":{"audio_tokens":375}}}"#,
    ] => with(used(378, 0, 0, 1), |used| (used.media_ms, used.audio_tokens_in) = (30_000, 375));

    moonshot: "Moonshot", OpenAi, Tokens, [
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":2989,
            "completion_tokens":13,"total_tokens":3002,"cached_tokens":2048}}]}"#,
    ] => used(2989, 2048, 0, 13);

    new_api: "new-api", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":30,"completion_tokens":5,"total_tokens":35,"prompt_tokens_details":{"cached_tokens":8,
            "cached_creation_tokens":4},"input_tokens":0,"output_tokens":0,"input_tokens_details":null,
            "claude_cache_creation_5_m_tokens":4,"claude_cache_creation_1_h_tokens":0}}"#,
    ] => used(30, 8, 4, 5);

    ollama: "Ollama", OpenAi, Tokens, [
        r#"{"choices":[],"usage":{"prompt_tokens":26,"completion_tokens":298,"total_tokens":324}}"#,
    ] => used(26, 0, 0, 298);
    ollama_messages: "Ollama", Anthropic, Tokens, [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":0,"output_tokens":0}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":74,"output_tokens":62}}"#,
    ] => used(74, 0, 0, 62);

    openrouter: "OpenRouter", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":25612,"completion_tokens":9,"total_tokens":25621,"cost":0.03,
            "prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":25600,"audio_tokens":0,"video_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":0,"image_tokens":0},"cost_details":{}}}"#,
    ] => used(25612, 0, 25600, 9);

    perplexity: "Perplexity", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":33,"completion_tokens":7163,"total_tokens":7196,"citation_tokens":20016,
            "num_search_queries":18,"reasoning_tokens":6000,"search_context_size":"low","cost":{"total_cost":0.4}}}"#,
    ] => with(used(33, 0, 0, 7163), |used| (used.searches, used.reasoning_tokens_out) = (18, 6000));

    qwen: "Qwen", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":3019,"completion_tokens":104,"total_tokens":3123,"prompt_tokens_details":{
            "cached_tokens":0,"cache_creation_input_tokens":2048,"cache_creation":{"ephemeral_5m_input_tokens":2048},
            "cache_type":"ephemeral"}}}"#,
    ] => used(3019, 0, 2048, 104);

    sglang: "SGLang", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":516,"total_tokens":520,"completion_tokens":4,
            "prompt_tokens_details":{"cached_tokens":512},"reasoning_tokens":3}}"#,
    ] => with(used(516, 512, 0, 4), |used| used.reasoning_tokens_out = 3);
    sglang_messages: "SGLang", Anthropic, Tokens, [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":123,"output_tokens":0}}}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":0,"output_tokens":45}}"#,
    ] => used(123, 0, 0, 45);

    tensorrt_llm: "TensorRT-LLM", OpenAi, Tokens, [
        r#"{"choices":[],"usage":{"prompt_tokens":40,"total_tokens":50,"completion_tokens":10,
            "prompt_tokens_details":{"cached_tokens":32}}}"#,
    ] => used(40, 32, 0, 10);

    together: "Together", OpenAi, Tokens, [
        r#"{"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":10,"total_tokens":50,"cached_tokens":32}}"#,
    ] => used(40, 32, 0, 10);

    vllm: "vLLM", OpenAi, Tokens, [
        r#"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"logprob":-Infinity,"top":NaN}]}}],
            "usage":{"prompt_tokens":9,"total_tokens":10,"completion_tokens":1}}"#,
        r#"{"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2}}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2,"prompt_tokens_details":null}}"#,
    ] => used(9, 0, 0, 2);

    voyage: "Voyage", OpenAi, TokensIn, [
        r#"{"object":"list","data":[{"embedding":[0.1]}],"model":"voyage-4","usage":{"total_tokens":10}}"#,
    ] => used(10, 0, 0, 0);

    xai: "xAI", OpenAi, Tokens, [
        r#"{"usage":{"prompt_tokens":10120,"completion_tokens":1499,"total_tokens":14428,"prompt_tokens_details":
            {"text_tokens":10120,"audio_tokens":0,"image_tokens":0,"cached_tokens":128},"completion_tokens_details":
            {"reasoning_tokens":2809,"audio_tokens":0},"num_sources_used":0,"cost_in_usd_ticks":232856000}}"#,
    ] => with(used(10120, 128, 0, 4308), |used| used.reasoning_tokens_out = 2809);
    xai_tools: "xAI", OpenAi, Tokens, [
        r#"{"output":[{"type":"web_search_call"}],"usage":{"input_tokens":7,"output_tokens":5,"total_tokens":12,
            "num_server_side_tools_used":6,"server_side_tool_usage_details":{"web_search_calls":2,"x_search_calls":1,
            "code_interpreter_calls":3,"mcp_calls":9}}}"#,
    ] => with(used(7, 0, 0, 5), |used| (used.searches, used.tool_calls) = (3, 3));

    a_gateway_that_ends_with_zeros: "Envoy AI Gateway", Anthropic, Tokens, [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":15,"cache_read_input_tokens":100,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}"#,
    ] => used(115, 100, 0, 7);
}

#[test]
fn each_line_of_the_documented_table_is_tried() {
    let documented = include_str!("../../../../docs/gateway.md");
    let (_, section) = documented.split_once("### Dialects").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(2);
    // `| [Name](address) | … |`
    let name = |line: &str| line[2..].trim_start_matches('[').split([']', '|']).next().unwrap().trim().to_owned();
    let documented: BTreeSet<String> = lines.map(name).collect();
    let tried: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(documented, tried);
    assert!(documented.len() >= 20);
}
