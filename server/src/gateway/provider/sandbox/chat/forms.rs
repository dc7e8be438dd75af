//! The forms of a chat completion: whole, and as a stream of chunks.

use axum::http::Response;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json as value};

use super::super::{CREATED, ProviderBody, body, event, json, tokens, tools::ToolCall, words::Told};

#[derive(Clone, Copy, Serialize)]
pub(super) struct Usage {
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
    /// Of a completion that was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Value>,
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

/// All that is answered.
pub(super) struct Whole<'a> {
    pub(super) id: &'a str,
    pub(super) model: &'a str,
    pub(super) told: &'a [Told],
    pub(super) tool: Option<&'a ToolCall>,
}

impl Whole<'_> {
    fn finish_reason(&self, told: &Told) -> &'static str {
        match (self.tool, told.is_cut) {
            (Some(_), _) => "tool_calls",
            (None, true) => "length",
            (None, false) => "stop",
        }
    }

    pub(super) fn usage(&self, prompt: i64) -> Usage {
        let completion = match self.tool {
            Some(tool) => tokens(&tool.name) + tokens(&tool.arguments),
            None => self.told.iter().map(Told::tokens).sum(),
        };
        Usage { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
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

    pub(super) fn whole(&self, usage: Option<Usage>, metadata: Option<&Value>) -> Response<ProviderBody> {
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
            metadata,
        })
    }

    /// With `usage`, each chunk has a `usage` of null and a last one has it, as OpenAI does.
    pub(super) fn stream(&self, usage: Option<Usage>) -> Response<ProviderBody> {
        let chunk = |choices: Vec<ChunkChoice<'_>>, last: Option<Usage>| {
            event(&Completion {
                id: self.id,
                object: "chat.completion.chunk",
                created: CREATED,
                model: self.model,
                choices,
                usage: usage.map(|_| last),
                metadata: None,
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
