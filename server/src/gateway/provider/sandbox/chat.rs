//! Chat completions, in the form of OpenAI's API reference.

use axum::http::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as value};

use super::{
    Answer, CREATED, ProviderBody, Question, Wrong, body, event, fingerprint, json, tokens, tools::ToolCall,
    words::Told,
};

/// Most answers to one question.
const MOST_CHOICES: u32 = 8;
/// Tokens that each message takes besides its text, as OpenAI counts them too.
const TOKENS_PER_MESSAGE: i64 = 3;

#[derive(Deserialize)]
struct Asked {
    model: String,
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    n: Option<u32>,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    tool_choice: Value,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

impl Message {
    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => parts.iter().filter_map(|part| part.text.as_deref()).collect(),
        }
    }
}

#[derive(Clone, Copy, Serialize)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
    total_tokens: i64,
}

#[derive(Serialize)]
struct Completion<'a, C> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Said<'a>,
    finish_reason: &'static str,
    logprobs: Option<()>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    finish_reason: Option<&'static str>,
    logprobs: Option<()>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Value>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Value>,
}

pub(super) fn answer(asked: &Question<'_>) -> Answer {
    let question: Asked = asked.input.parse()?;
    let Some(last) = question.messages.last() else {
        return Err(Wrong::about("messages", "`messages` must hold at least one message."));
    };
    let most = question.max_completion_tokens.or(question.max_tokens).unwrap_or(i64::MAX);
    if most < 1 {
        return Err(Wrong::about("max_completion_tokens", "`max_completion_tokens` must be at least 1."));
    }
    let choices = question.n.unwrap_or(1);
    if !(1..=MOST_CHOICES).contains(&choices) {
        return Err(Wrong::about("n", format!("`n` must be 1 to {MOST_CHOICES}.")));
    }
    let seed = question.messages.iter().fold(fingerprint(last.text().as_bytes()), |seed, message| {
        seed.rotate_left(7) ^ fingerprint(format!("{}:{}", message.role, message.text()).as_bytes())
    });
    let tool = ToolCall::wanted(&question.tools, &question.tool_choice, &last.text());
    let told: Vec<Told> = (0..choices).map(|index| Told::new(seed.wrapping_add(index.into()), most)).collect();
    let prompt: i64 = question.messages.iter().map(|message| tokens(&message.text()) + TOKENS_PER_MESSAGE).sum();
    let completion: i64 = match &tool {
        Some(tool) => tokens(&tool.name) + tokens(&tool.arguments),
        None => told.iter().map(Told::tokens).sum(),
    };
    let usage = Usage { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
    let id = format!("chatcmpl-sandbox-{seed:016x}");
    let usage = asked.reports.then_some(usage);
    let wants_usage = question.stream_options.and_then(|options| options.include_usage) == Some(true);
    let answer = Whole { id: &id, model: &question.model, told: &told, tool: tool.as_ref() };
    Ok(if question.stream == Some(true) { answer.stream(usage.filter(|_| wants_usage)) } else { answer.whole(usage) })
}

/// All that is answered.
struct Whole<'a> {
    id: &'a str,
    model: &'a str,
    told: &'a [Told],
    tool: Option<&'a ToolCall>,
}

impl Whole<'_> {
    fn finish_reason(&self, told: &Told) -> &'static str {
        match (self.tool, told.is_cut) {
            (Some(_), _) => "tool_calls",
            (None, true) => "length",
            (None, false) => "stop",
        }
    }

    fn tool_calls(&self, index: Option<u32>) -> Option<Value> {
        let tool = self.tool?;
        let mut call = value!({
            "id": format!("call_{}", self.id),
            "type": "function",
            "function": {"name": tool.name, "arguments": tool.arguments},
        });
        if let Some(index) = index {
            call["index"] = index.into();
        }
        Some(value!([call]))
    }

    fn whole(&self, usage: Option<Usage>) -> Response<ProviderBody> {
        let texts: Vec<String> = self.told.iter().map(Told::text).collect();
        let choices = self.told.iter().zip(&texts).zip(0..).map(|((told, text), index)| Choice {
            index,
            message: Said {
                role: "assistant",
                content: self.tool.is_none().then_some(text),
                refusal: None,
                tool_calls: self.tool_calls(None),
            },
            finish_reason: self.finish_reason(told),
            logprobs: None,
        });
        json(&Completion {
            id: self.id,
            object: "chat.completion",
            created: CREATED,
            model: self.model,
            choices: choices.collect(),
            usage: usage.map(Some),
        })
    }

    /// With `usage`, each chunk has a `usage` of null and a last one has it, as OpenAI does.
    fn stream(&self, usage: Option<Usage>) -> Response<ProviderBody> {
        let chunk = |choices: Vec<ChunkChoice<'_>>, last: Option<Usage>| {
            event(&Completion {
                id: self.id,
                object: "chat.completion.chunk",
                created: CREATED,
                model: self.model,
                choices,
                usage: usage.map(|_| last),
            })
        };
        let mut events = Vec::new();
        for (told, index) in self.told.iter().zip(0..) {
            let one =
                |delta, finish_reason| chunk(vec![ChunkChoice { index, delta, finish_reason, logprobs: None }], None);
            events.push(one(Delta { role: Some("assistant"), content: Some(""), tool_calls: None }, None));
            match self.tool_calls(Some(0)) {
                Some(calls) => events.push(one(Delta { tool_calls: Some(calls), ..Delta::default() }, None)),
                None => {
                    let word = |word| one(Delta { content: Some(word), ..Delta::default() }, None);
                    events.extend(told.words.iter().map(|told| word(told)));
                }
            }
            events.push(one(Delta::default(), Some(self.finish_reason(told))));
        }
        if usage.is_some() {
            events.push(chunk(Vec::new(), usage));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        body(events, "text/event-stream")
    }
}
