//! Responses, in the form of OpenAI's API reference.
//!
//! Nothing is kept: an answer's id holds what it follows from, so that every server can give it again, at any time.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, CREATED, Question, Wrong, body, fingerprint, json as whole, named_event, now_ms, tokens, tools::ToolCall,
    words::Told,
};
use crate::gateway::{endpoint::Verb, usage::texts};

#[derive(Deserialize)]
struct Asked {
    model: String,
    #[serde(default)]
    input: Value,
    max_output_tokens: Option<i64>,
    stream: Option<bool>,
    background: Option<bool>,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    tool_choice: Value,
}

/// What an answer follows from.
struct Seed {
    seed: u64,
    input: i64,
    most: i64,
    /// When it is done, in milliseconds of Unix time; 0 for at once.
    done_ms: u64,
}

impl Seed {
    fn id(&self) -> String {
        format!("resp_sandbox_{:x}_{:x}_{:x}_{:x}", self.seed, self.input, self.most, self.done_ms)
    }

    fn of(id: &str) -> Result<Self, Wrong> {
        let mut parts = id.strip_prefix("resp_sandbox_").unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let found = (|| {
            let (seed, input, most, done_ms) = (part()?, part()?, part()?, part()?);
            Some(Self { seed, input: i64::try_from(input).ok()?, most: i64::try_from(most).ok()?, done_ms })
        })();
        found.ok_or_else(Wrong::not_found)
    }
}

pub(super) fn answer(verb: Verb, path: &str, question: &Question<'_>) -> Answer {
    match (verb, path) {
        (Verb::Post, "/v1/responses") => create(question),
        (Verb::Post, "/v1/responses/input_tokens") => {
            Ok(whole(&json!({"object": "response.input_tokens", "input_tokens": read(question)?})))
        }
        (Verb::Post, "/v1/responses/compact") => create(question),
        (Verb::Delete, _) => {
            Seed::of(question.id)?;
            Ok(whole(&json!({"id": question.id, "object": "response", "deleted": true})))
        }
        (Verb::Get, path) if path.ends_with("/input_items") => {
            Seed::of(question.id)?;
            let list = json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false});
            Ok(whole(&list))
        }
        (_, path) => {
            let seed = Seed::of(question.id)?;
            let cancelled = path.ends_with("/cancel");
            Ok(whole(&Response::new(&seed, "sandbox-1", None, question.reports).document(cancelled)))
        }
    }
}

fn read(question: &Question<'_>) -> Result<i64, Wrong> {
    let mut count = 0;
    texts::find(question.input.json()?, &mut |text| count += tokens(text))?;
    Ok(count)
}

fn create(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    let most = asked.max_output_tokens.unwrap_or(i64::from(u32::MAX));
    if most < 1 {
        return Err(Wrong::about("max_output_tokens", "`max_output_tokens` must be at least 1."));
    }
    let input = asked.input.to_string();
    let done_ms = if asked.background == Some(true) { now_ms() + question.job_ms } else { 0 };
    let seed = Seed { seed: fingerprint(input.as_bytes()), input: read(question)?, most, done_ms };
    let tool = ToolCall::wanted(&asked.tools, &asked.tool_choice, &input);
    let response = Response::new(&seed, &asked.model, tool, question.reports);
    Ok(match asked.stream {
        Some(true) => body(response.events(), "text/event-stream"),
        _ => whole(&response.document(false)),
    })
}

struct Response<'a> {
    seed: &'a Seed,
    model: &'a str,
    told: Told,
    tool: Option<ToolCall>,
    reports: bool,
}

impl<'a> Response<'a> {
    fn new(seed: &'a Seed, model: &'a str, tool: Option<ToolCall>, reports: bool) -> Self {
        Self { seed, model, told: Told::new(seed.seed, seed.most), tool, reports }
    }

    fn document(&self, cancelled: bool) -> Value {
        match now_ms() < self.seed.done_ms {
            true => self.shown(if cancelled { "cancelled" } else { "in_progress" }, Vec::new()),
            false => self.shown("completed", vec![self.item("completed", &self.told.text())]),
        }
    }

    fn shown(&self, status: &str, output: Vec<Value>) -> Value {
        let said = self.tool.as_ref().map_or(self.told.tokens(), |tool| tokens(&tool.arguments) + 1);
        let usage = json!({
            "input_tokens": self.seed.input,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": said,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.seed.input + said,
        });
        let is_done = status == "completed" && self.reports;
        json!({
            "id": self.seed.id(),
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "background": self.seed.done_ms > 0,
            "error": null,
            "incomplete_details": null,
            "instructions": null,
            "metadata": {},
            "model": self.model,
            "output": output,
            "parallel_tool_calls": true,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": if is_done { usage } else { Value::Null },
        })
    }

    fn item(&self, status: &str, text: &str) -> Value {
        let id = format!("{:016x}", self.seed.seed);
        match &self.tool {
            Some(tool) => json!({
                "type": "function_call",
                "id": format!("fc_{id}"),
                "call_id": format!("call_{id}"),
                "name": tool.name,
                "arguments": if status == "completed" { &tool.arguments } else { "" },
                "status": status,
            }),
            None => {
                let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
                let content = if status == "completed" { vec![part] } else { Vec::new() };
                json!({"type": "message", "id": format!("msg_{id}"), "role": "assistant", "status": status, "content": content})
            }
        }
    }

    fn events(&self) -> Vec<Bytes> {
        let text = self.told.text();
        let item = self.item("completed", &text);
        let id = item["id"].clone();
        let mut events = vec![
            json!({"type": "response.created", "response": self.shown("in_progress", Vec::new())}),
            json!({"type": "response.in_progress", "response": self.shown("in_progress", Vec::new())}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": self.item("in_progress", "")}),
        ];
        let of = |name: &str, more: Value| {
            let mut event = json!({"type": name, "item_id": id, "output_index": 0});
            if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
                event.extend(more);
            }
            event
        };
        match &self.tool {
            Some(tool) => {
                let arguments = &tool.arguments;
                events.push(of("response.function_call_arguments.delta", json!({"delta": arguments})));
                let done = json!({"arguments": arguments, "name": tool.name});
                events.push(of("response.function_call_arguments.done", done));
            }
            None => {
                let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
                let within = |mut more: Value| {
                    more["content_index"] = 0.into();
                    more
                };
                events.push(of("response.content_part.added", within(json!({"part": part("")}))));
                let delta =
                    |word: &String| of("response.output_text.delta", within(json!({"delta": word, "logprobs": []})));
                events.extend(self.told.words.iter().map(delta));
                events.push(of("response.output_text.done", within(json!({"text": text, "logprobs": []}))));
                events.push(of("response.content_part.done", within(json!({"part": part(&text)}))));
            }
        }
        events.push(json!({"type": "response.output_item.done", "output_index": 0, "item": item}));
        events.push(json!({"type": "response.completed", "response": self.shown("completed", vec![item])}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = number.into();
        }
        events.iter().map(named_event).collect()
    }
}
