//! Completions, in the form of OpenAI's API reference: `n` completions of each prompt.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    answer_text::AnswerText,
    bodies::{body_response, event, json_response},
    error::{SandboxError, SandboxResult},
    reply::Stops,
    request::ReceivedRequest,
    seeds::{CREATED, fingerprint},
    tokens::{tokens, tokens_of_bytes},
};

/// Most completions in one answer.
const MAX_COMPLETIONS: usize = 256;

#[derive(Deserialize)]
struct CompletionsRequest {
    model: String,
    prompt: Value,
    max_tokens: Option<i64>,
    n: Option<usize>,
    stream: Option<bool>,
    #[serde(default)]
    stop: Stops,
    #[serde(default)]
    stream_options: Value,
}

/// Returns the prompts: one text, several texts, a list of tokens, or lists of tokens.
fn prompts(prompt: &Value) -> Vec<&Value> {
    match prompt.as_array() {
        Some(many) if !many.is_empty() && !many.iter().all(Value::is_number) => many.iter().collect(),
        _ => vec![prompt],
    }
}

/// Converts a prompt to a text, in which tokens are numbers.
fn text(prompt: &Value) -> String {
    prompt.as_str().map_or_else(|| prompt.to_string(), str::to_owned)
}

/// Returns the number of tokens in a prompt; each item of a list is one.
fn prompt_tokens(prompt: &Value) -> i64 {
    match prompt.as_array() {
        Some(tokens) => tokens_of_bytes(tokens.len() * 4),
        None => tokens(&text(prompt)),
    }
}

pub(super) fn answer(request: &ReceivedRequest<'_>) -> SandboxResult {
    let parsed: CompletionsRequest = request.input.parse()?;
    let max_tokens = parsed.max_tokens.unwrap_or(i64::MAX);
    if max_tokens < 1 {
        return Err(SandboxError::invalid("max_tokens", "`max_tokens` must be at least 1."));
    }
    let (prompts, n) = (prompts(&parsed.prompt), parsed.n.unwrap_or(1));
    if n < 1 || prompts.len().saturating_mul(n) > MAX_COMPLETIONS {
        return Err(SandboxError::invalid(
            "n",
            format!("`n` must be at least 1, and make {MAX_COMPLETIONS} completions at most."),
        ));
    }
    let texts: Vec<AnswerText> = prompts
        .iter()
        .flat_map(|prompt| {
            let seed = fingerprint(text(prompt).as_bytes());
            (0..n).map(move |nth| AnswerText::new(seed.wrapping_add(nth as u64), max_tokens))
        })
        .map(|mut text| {
            text.stop_before(&parsed.stop.all());
            text
        })
        .collect();
    let seed = fingerprint(text(&parsed.prompt).as_bytes());
    let (input_tokens, output_tokens): (i64, i64) =
        (prompts.iter().map(|prompt| prompt_tokens(prompt)).sum(), texts.iter().map(AnswerText::tokens).sum());
    let usage = json!({"prompt_tokens": input_tokens, "completion_tokens": output_tokens, "total_tokens": input_tokens + output_tokens});
    let finish_reason = |text: &AnswerText| if text.is_cut { "length" } else { "stop" };
    let choice = |index: usize, text: &str, finish_reason: Option<&str>| json!({"text": text, "index": index, "logprobs": null, "finish_reason": finish_reason});
    let document = |choices: Vec<Value>| {
        json!({
            "id": format!("cmpl-sandbox-{seed:016x}"),
            "object": "text_completion",
            "created": CREATED,
            "model": parsed.model,
            "choices": choices,
        })
    };
    if parsed.stream != Some(true) {
        let choices =
            texts.iter().enumerate().map(|(index, text)| choice(index, &text.text(), Some(finish_reason(text))));
        let mut document = document(choices.collect());
        if request.reports_usage {
            document["usage"] = usage;
        }
        return Ok(json_response(&document));
    }
    let mut events: Vec<Bytes> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        events.extend(text.words.iter().map(|word| event(&document(vec![choice(index, word, None)]))));
        events.push(event(&document(vec![choice(index, "", Some(finish_reason(text)))])));
    }
    if request.reports_usage && parsed.stream_options["include_usage"] == true {
        let mut last = document(Vec::new());
        last["usage"] = usage;
        events.push(event(&last));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Ok(body_response(events, "text/event-stream"))
}
