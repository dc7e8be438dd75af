//! Completions, in the form of OpenAI's API reference: each prompt is completed, as often as it is asked for.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, CREATED, Question, Wrong, answer_text::Told, body, event, fingerprint, json as whole, reply::Stops, tokens,
    tokens_of_bytes,
};

/// Most completions in one answer.
const MOST: usize = 256;

#[derive(Deserialize)]
struct Asked {
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

/// The prompts: a text, texts, a list of tokens, or lists of tokens.
fn prompts(prompt: &Value) -> Vec<&Value> {
    match prompt.as_array() {
        Some(many) if !many.is_empty() && !many.iter().all(Value::is_number) => many.iter().collect(),
        _ => vec![prompt],
    }
}

/// A prompt as a text; a token is told by its number.
fn text(prompt: &Value) -> String {
    prompt.as_str().map_or_else(|| prompt.to_string(), str::to_owned)
}

/// A token is one, whatever it is.
fn tokens_of(prompt: &Value) -> i64 {
    match prompt.as_array() {
        Some(tokens) => tokens_of_bytes(tokens.len() * 4),
        None => tokens(&text(prompt)),
    }
}

pub(super) fn answer(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    let most = asked.max_tokens.unwrap_or(i64::MAX);
    if most < 1 {
        return Err(Wrong::about("max_tokens", "`max_tokens` must be at least 1."));
    }
    let (prompts, times) = (prompts(&asked.prompt), asked.n.unwrap_or(1));
    if times < 1 || prompts.len().saturating_mul(times) > MOST {
        return Err(Wrong::about("n", format!("`n` must be at least 1, and make {MOST} completions at most.")));
    }
    let told: Vec<Told> = prompts
        .iter()
        .flat_map(|prompt| {
            let seed = fingerprint(text(prompt).as_bytes());
            (0..times).map(move |nth| Told::new(seed.wrapping_add(nth as u64), most))
        })
        .map(|mut told| {
            told.stop_before(&asked.stop.all());
            told
        })
        .collect();
    let seed = fingerprint(text(&asked.prompt).as_bytes());
    let (read, said): (i64, i64) =
        (prompts.iter().map(|prompt| tokens_of(prompt)).sum(), told.iter().map(Told::tokens).sum());
    let usage = json!({"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said});
    let finish = |told: &Told| if told.is_cut { "length" } else { "stop" };
    let choice = |index: usize, text: &str, finish: Option<&str>| json!({"text": text, "index": index, "logprobs": null, "finish_reason": finish});
    let document = |choices: Vec<Value>| {
        json!({
            "id": format!("cmpl-sandbox-{seed:016x}"),
            "object": "text_completion",
            "created": CREATED,
            "model": asked.model,
            "choices": choices,
        })
    };
    if asked.stream != Some(true) {
        let choices = told.iter().enumerate().map(|(index, told)| choice(index, &told.text(), Some(finish(told))));
        let mut document = document(choices.collect());
        if question.reports {
            document["usage"] = usage;
        }
        return Ok(whole(&document));
    }
    let mut events: Vec<Bytes> = Vec::new();
    for (index, told) in told.iter().enumerate() {
        events.extend(told.words.iter().map(|word| event(&document(vec![choice(index, word, None)]))));
        events.push(event(&document(vec![choice(index, "", Some(finish(told)))])));
    }
    if question.reports && asked.stream_options["include_usage"] == true {
        let mut last = document(Vec::new());
        last["usage"] = usage;
        events.push(event(&last));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Ok(body(events, "text/event-stream"))
}
