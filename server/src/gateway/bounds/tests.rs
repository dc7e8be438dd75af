//! Tests of bounds: by example here, by made-up calls in `made_up`.

mod made_up;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::gateway::{
    endpoint::{ENDPOINTS, Verb},
    estimate::count_characters,
};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";

const MODEL: ModelLimits<'_> = ModelLimits { name: "gpt-4o", max_output: None, window: None };

fn endpoint(path: &str) -> &'static Endpoint {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path && endpoint.verb == Verb::Post).unwrap()
}

fn read(request: &Value) -> RequestBody {
    RequestBody::read(Bytes::from(request.to_string()), Some("m")).unwrap()
}

fn bounds(path: &str, model: ModelLimits<'_>, request: &Value) -> UsageBounds {
    let body = read(request);
    let characters = count_characters(body.bytes());
    of_json(endpoint(path), &model, &body, characters)
}

fn tokens_in(path: &str, model: ModelLimits<'_>, request: &Value) -> UsageBound {
    bounds(path, model, request).tokens_in
}

fn tokens_out(path: &str, model: ModelLimits<'_>, request: &Value) -> UsageBound {
    bounds(path, model, request).tokens_out
}

fn content(parts: Value) -> Value {
    json!({ "messages": [{ "role": "user", "content": parts }] })
}

/// The bytes of a request, and what a provider may add.
fn length(request: &Value) -> i64 {
    count(request.to_string().len() as u64 + TEMPLATE_TOKENS)
}

#[test]
fn the_bytes_of_a_text_bound_its_tokens_and_the_window_bounds_those() {
    let request = content(json!("word ".repeat(1_000)));
    assert_eq!(tokens_in(CHAT, MODEL, &request), Ok(length(&request)));
    assert_eq!(tokens_in(CHAT, ModelLimits { window: Some(4_000), ..MODEL }, &request), Ok(4_000));
    let list = json!({ "input": ["a", "b"] });
    let model = ModelLimits { window: Some(1), ..MODEL };
    assert_eq!(tokens_in("/v1/embeddings", model, &list), Ok(length(&list)), "each text has a window");
    let prompts = json!({ "prompt": ["a", "b"] });
    assert_eq!(tokens_in("/v1/completions", model, &prompts), Ok(length(&prompts)));
}

#[test]
fn a_picture_counts_by_its_documented_maximum_however_it_is_sent() {
    let data = "iVBORw0KGgo".repeat(100);
    let address = format!("data:image/png;base64,{data}");
    for (path, parts, bytes) in [
        (CHAT, json!([{ "type": "image_url", "image_url": { "url": address, "detail": "high" } }]), address.len()),
        (CHAT, json!([{ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }]), 0),
        (RESPONSES, json!([{ "type": "input_image", "image_url": address }]), address.len()),
        (
            MESSAGES,
            json!([{ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": data } }]),
            data.len(),
        ),
        (MESSAGES, json!([{ "type": "image", "source": { "type": "url", "url": "https://example.com/a.png" } }]), 0),
    ] {
        let request = content(parts);
        let expected = length(&request) - count(bytes as u64) + 1_445;
        assert_eq!(tokens_in(path, MODEL, &request), Ok(expected), "{request}");
        let unknown = ModelLimits { name: "gpt-6", ..MODEL };
        assert_eq!(tokens_in(path, unknown, &request), Err(Unbounded::Content));
        assert_eq!(tokens_in(path, ModelLimits { window: Some(9_000), ..unknown }, &request), Ok(9_000));
    }
    // A text that looks like a picture is a text, and arguments are the client's.
    for request in [
        content(json!([{ "type": "text", "text": address }])),
        json!({ "messages": [{ "content": [{ "type": "tool_use", "input": { "image_url": address } }] }] }),
    ] {
        assert_eq!(tokens_in(CHAT, MODEL, &request), Ok(length(&request)), "{request}");
    }
}

#[test]
fn what_isnt_in_the_request_is_bounded_by_the_window_alone() {
    let model = ModelLimits { window: Some(100_000), ..MODEL };
    for (path, request) in [
        (RESPONSES, json!({ "input": "a", "previous_response_id": "resp_1" })),
        (RESPONSES, json!({ "input": "a", "conversation": "conv_1" })),
        (RESPONSES, json!({ "prompt": { "id": "pmpt_1" } })),
        (RESPONSES, json!({ "input": [{ "type": "item_reference", "id": "msg_1" }] })),
        (RESPONSES, json!({ "input": [{ "type": "reasoning", "id": "rs_1", "summary": [] }] })),
        (RESPONSES, json!({ "input": [{ "content": [{ "type": "input_file", "file_id": "file-1" }] }] })),
        (CHAT, content(json!([{ "type": "file", "file": { "file_data": "AAAA" } }]))),
        (CHAT, content(json!([{ "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } }]))),
        (CHAT, content(json!([{ "video_url": { "url": "https://example.com/a.mp4" } }]))),
        (CHAT, json!({ "messages": [{ "role": "assistant", "audio": { "id": "audio_1" } }] })),
        (MESSAGES, content(json!([{ "type": "document", "source": { "type": "url", "url": "https://example.com" } }]))),
        (MESSAGES, content(json!([{ "type": "of_tomorrow" }]))),
    ] {
        assert_eq!(tokens_in(path, model, &request), Ok(100_000), "{request}");
        assert_eq!(tokens_in(path, MODEL, &request), Err(Unbounded::Content), "{request}");
    }
    for request in [
        json!({ "messages": [{ "role": "assistant", "content": "a", "audio": null, "refusal": null }] }),
        json!({ "input": [{ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "AAAA" }] }),
        json!({ "input": "a", "previous_response_id": null, "of_tomorrow": null }),
    ] {
        assert_eq!(tokens_in(RESPONSES, MODEL, &request), Ok(length(&request)), "{request}");
    }
}

#[test]
fn all_answers_together_have_as_many_tokens_as_the_limits_allow() {
    let model = ModelLimits { max_output: Some(1_000), window: Some(8_000), ..MODEL };
    let windowed = ModelLimits { max_output: None, ..model };
    for (path, model, request, expected) in [
        (CHAT, windowed, json!({ "max_tokens": 10 }), Some(10)),
        (CHAT, windowed, json!({ "max_tokens": 10, "n": 3 }), Some(30)),
        (CHAT, windowed, json!({ "max_tokens": 10, "max_completion_tokens": 20, "n_predict": 30 }), Some(30)),
        (CHAT, windowed, json!({ "max_completion_tokens": 99_999, "n": 2 }), Some(16_000)),
        (CHAT, windowed, json!({ "n_predict": 10 }), Some(8_000)),
        (CHAT, windowed, json!({ "max_tokens": null, "n": null }), Some(8_000)),
        (CHAT, windowed, json!({ "max_tokens": 10, "num_predict": -1 }), Some(8_000)),
        (CHAT, windowed, json!({ "max_tokens": "10" }), Some(8_000)),
        (CHAT, windowed, json!({ "n": u64::MAX }), Some(i64::MAX)),
        (CHAT, windowed, json!({ "max_tokens": 10, "n": -1 }), None),
        (CHAT, windowed, json!({ "max_tokens": 10, "n": 1.5 }), None),
        (CHAT, windowed, json!({ "max_tokens": 10, "n": 0 }), None),
        (CHAT, model, json!({}), Some(1_000)),
        (CHAT, model, json!({ "n": 4 }), Some(1_000)),
        (CHAT, model, json!({ "max_tokens": 100, "n": 4 }), Some(400)),
        (CHAT, MODEL, json!({}), None),
        (CHAT, MODEL, json!({ "max_tokens": 7 }), Some(7)),
        (RESPONSES, MODEL, json!({ "max_tokens": 7 }), None),
        (RESPONSES, MODEL, json!({ "max_output_tokens": 7 }), Some(7)),
        (MESSAGES, MODEL, json!({ "max_tokens": 7 }), Some(7)),
        ("/v1/completions", MODEL, json!({ "prompt": ["a", "b"], "max_tokens": 7, "best_of": 2 }), Some(28)),
        ("/v1/responses/compact", model, json!({ "max_output_tokens": 7 }), Some(1_000)),
        ("/v1/embeddings", MODEL, json!({ "input": "a" }), Some(0)),
    ] {
        assert_eq!(tokens_out(path, model, &request), expected.ok_or(Unbounded::Output), "{path} {request}");
    }
}

#[test]
fn tools_that_the_provider_runs_repeat_the_prompt() {
    let model = ModelLimits { window: Some(1_000), ..MODEL };
    let search = json!([{ "type": "web_search" }]);
    let unlimited = bounds(RESPONSES, model, &json!({ "tools": search }));
    assert_eq!((unlimited.tokens_in, unlimited.searches), (Err(Unbounded::HostedTools), Err(Unbounded::HostedTools)));
    let limited = json!({ "tools": search, "max_tool_calls": 4, "max_output_tokens": 10 });
    let bounded = bounds(RESPONSES, model, &limited);
    assert_eq!((bounded.tokens_in, bounded.tokens_out), (Ok(5_000), Ok(50)));
    assert_eq!((bounded.searches, bounded.tool_calls), (Ok(4), Ok(4)));
    assert_eq!(tokens_in(RESPONSES, MODEL, &limited), Err(Unbounded::Content), "results are of unknown length");
    assert_eq!(tokens_in(CHAT, model, &limited), Err(Unbounded::HostedTools), "the parameter has no meaning there");
    let absurd = json!({ "tools": search, "max_tool_calls": "4" });
    assert_eq!(tokens_in(RESPONSES, model, &absurd), Ok(i64::MAX));
    let remote = json!({ "tools": [{ "type": "mcp" }], "max_tool_calls": 4 });
    assert_eq!(tokens_in(RESPONSES, model, &remote), Err(Unbounded::HostedTools));

    let client = json!({ "name": "f", "input_schema": { "type": "object" }, "max_uses": 9 });
    let search = |uses: Value| json!({ "type": "web_search_20250305", "name": "web_search", "max_uses": uses });
    for (tools, expected) in [
        (json!([client]), Ok(0)),
        (json!([search(json!(3)), client]), Ok(3)),
        (json!([search(json!(3)), search(json!(2))]), Ok(5)),
        (json!([search(json!(3)), search(Value::Null)]), Err(Unbounded::HostedTools)),
        (json!([{ "google_search": {} }]), Err(Unbounded::HostedTools)),
    ] {
        assert_eq!(bounds(MESSAGES, model, &json!({ "tools": tools })).searches, expected, "{tools}");
    }
    let described = json!({ "tools": [{ "type": "bash_20250124", "name": "bash" }] });
    assert_eq!(tokens_in(MESSAGES, MODEL, &described), Ok(length(&described) + 1_536));
}

#[test]
fn models_that_search_unasked_have_no_bound() {
    for name in ["sonar-pro", "perplexity/sonar", "gpt-4o-search-preview", "openai/gpt-4o:online", "groq/compound"] {
        let bounds = bounds(CHAT, ModelLimits { name, ..MODEL }, &json!({ "messages": [] }));
        assert_eq!(bounds.searches, Err(Unbounded::HostedTools), "{name}");
    }
}

#[test]
fn a_parameter_of_unknown_effect_leaves_nothing_bounded() {
    let unknown = |name: &str| {
        let reason = Unbounded::Parameter(name.to_owned());
        UsageBounds::unbounded(Charging::Always, &reason)
    };
    for (path, request, name) in [
        (CHAT, json!({ "max_tokens": 1, "num_return_sequences": 9 }), "num_return_sequences"),
        (CHAT, json!({ "max_tokens": 1, "web_search_options": {} }), "web_search_options"),
        (CHAT, json!({ "max_tokens": 1, "prediction": { "content": "a" } }), "prediction"),
        (CHAT, json!({ "max_tokens": 1, "SEED": 1 }), "SEED"),
        (
            MESSAGES,
            json!({ "context_management": { "edits": [{ "type": "compact_20260112" }] } }),
            "context_management",
        ),
    ] {
        assert_eq!(bounds(path, MODEL, &request), unknown(name), "{request}");
    }
    let harmless = json!({ "context_management": { "edits": [{ "type": "clear_tool_uses_20250919" }] }, "top_k": 1 });
    assert_eq!(tokens_in(MESSAGES, MODEL, &harmless), Ok(length(&harmless)));
}

#[test]
fn each_service_is_bounded_in_its_own_unit() {
    let speech = bounds("/v1/audio/speech", MODEL, &json!({ "input": "größer", "voice": "alloy" }));
    assert_eq!((speech.characters, speech.tokens_out), (Ok(6), Err(Unbounded::Output)));
    let pictures = bounds("/v1/images/generations", MODEL, &json!({ "prompt": "a", "n": 3 }));
    assert_eq!((pictures.images, pictures.tokens_out), (Ok(3), Err(Unbounded::Output)));
    let searching = bounds("/v1/images/generations", MODEL, &json!({ "tools": [{ "type": "web_search" }] }));
    assert_eq!(searching.searches, Err(Unbounded::HostedTools));
    let model = ModelLimits { max_output: Some(100), ..MODEL };
    assert_eq!(tokens_out("/v1/images/generations", model, &json!({ "prompt": "a", "n": 3 })), Ok(300));
    for (request, expected) in [
        (json!({ "prompt": "a", "seconds": "8" }), Ok(8_000)),
        (json!({ "prompt": "a", "seconds": 8.5 }), Ok(8_500)),
        (json!({ "prompt": "a", "seconds": -8 }), Ok(i64::MAX)),
        (json!({ "prompt": "a", "seconds": "long" }), Ok(i64::MAX)),
        (json!({ "prompt": "a" }), Err(Unbounded::Length)),
    ] {
        assert_eq!(bounds("/v1/videos", MODEL, &request).media_ms, expected, "{request}");
    }
    let training = bounds("/v1/fine_tuning/jobs", MODEL, &json!({ "training_file": "file-1" }));
    assert_eq!(training.tokens_in, Err(Unbounded::Training));
    assert_eq!(bounds("/v1/messages/count_tokens", MODEL, &json!({})), UsageBounds::default());
    assert_eq!(bounds("/v1/moderations", MODEL, &json!({ "input": "a" })).charging, Charging::IfPriced);
}

#[test]
fn a_form_is_bounded_by_its_fields() {
    let edit = endpoint("/v1/images/edits");
    let model = ModelLimits { window: Some(1_000), ..MODEL };
    let two = FormNotes { answers: Some(2), ..FormNotes::default() };
    let bounds = of_form(edit, &model, &two);
    assert_eq!((bounds.images, bounds.tokens_in, bounds.tokens_out), (Ok(2), Ok(2_000), Ok(2_000)));
    assert_eq!(of_form(edit, &MODEL, &two).tokens_in, Err(Unbounded::Content));
    assert_eq!(of_form(edit, &MODEL, &FormNotes::default()).images, Ok(1));
    let unknown = FormNotes { unknown_field: Some("batch_size".to_owned()), ..FormNotes::default() };
    assert!(of_form(edit, &MODEL, &unknown).images.is_err());
    let video = FormNotes { seconds: Some(8), ..FormNotes::default() };
    assert_eq!(of_form(endpoint("/v1/videos"), &MODEL, &video).media_ms, Ok(8_000));
    let recording = of_form(endpoint("/v1/audio/transcriptions"), &MODEL, &FormNotes::default());
    assert_eq!(recording.media_ms, Err(Unbounded::Length));
}
