//! Completions, in the form of OpenAI's API reference.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, CREATED, Question, Wrong, body, event, fingerprint, json as whole, tokens, words::Told};

#[derive(Deserialize)]
struct Asked {
    model: String,
    prompt: Value,
    max_tokens: Option<i64>,
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Value,
}

pub(super) fn answer(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    let most = asked.max_tokens.unwrap_or(i64::MAX);
    if most < 1 {
        return Err(Wrong::about("max_tokens", "`max_tokens` must be at least 1."));
    }
    let prompt = match &asked.prompt {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let seed = fingerprint(prompt.as_bytes());
    let told = Told::new(seed, most);
    let (read, said) = (tokens(&prompt), told.tokens());
    let usage = json!({"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said});
    let finish = if told.is_cut { "length" } else { "stop" };
    let chunk = |text: &str, finish: Option<&str>| {
        json!({
            "id": format!("cmpl-sandbox-{seed:016x}"),
            "object": "text_completion",
            "created": CREATED,
            "model": asked.model,
            "choices": [{"text": text, "index": 0, "logprobs": null, "finish_reason": finish}],
        })
    };
    if asked.stream != Some(true) {
        let mut document = chunk(&told.text(), Some(finish));
        if question.reports {
            document["usage"] = usage;
        }
        return Ok(whole(&document));
    }
    let mut events: Vec<Bytes> = told.words.iter().map(|word| event(&chunk(word, None))).collect();
    events.push(event(&chunk("", Some(finish))));
    if question.reports && asked.stream_options["include_usage"] == true {
        let mut last = chunk("", None);
        last["choices"] = json!([]);
        last["usage"] = usage;
        events.push(event(&last));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Ok(body(events, "text/event-stream"))
}
