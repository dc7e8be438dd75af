//! The forms of a chat completion: a document, and a stream of chunks.
//!
//! The model's thought is in `reasoning_content`, as with DeepSeek, vLLM and others; OpenAI
//! only counts its tokens.

use bytes::Bytes;
use http::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    bodies::{body_response, event, json_response},
    reply::{Reply, ReplyContent},
    scripted_body::SandboxBody,
    seeds::{CREATED, fingerprint},
    tools::ToolCall,
};

#[derive(Clone, Copy, Serialize)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
    total_tokens: i64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Clone, Copy, Default, Serialize)]
struct PromptDetails {
    cached_tokens: i64,
    audio_tokens: i64,
}

#[derive(Clone, Copy, Default, Serialize)]
struct CompletionDetails {
    reasoning_tokens: i64,
    audio_tokens: i64,
    accepted_prediction_tokens: i64,
    rejected_prediction_tokens: i64,
}

#[derive(Serialize)]
struct Completion<'a, C> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
    /// The metadata of a stored completion.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Value>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    finish_reason: &'static str,
    logprobs: Option<Value>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    finish_reason: Option<&'static str>,
    logprobs: Option<Value>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<()>,
    annotations: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
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
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Value>,
}

/// The content of an answer.
pub(super) struct ChatAnswer<'a> {
    pub(super) id: &'a str,
    pub(super) model: &'a str,
    pub(super) tier: Option<&'a str>,
    /// The replies, one for each choice.
    pub(super) replies: &'a [Reply],
    /// Tokens of the request.
    pub(super) prompt_tokens: i64,
    /// Whether the answer has log probabilities.
    pub(super) has_logprobs: bool,
}

impl ChatAnswer<'_> {
    fn finish_reason(reply: &Reply) -> &'static str {
        match (&reply.content, reply.is_cut()) {
            (ReplyContent::Call(_), _) => "tool_calls",
            (ReplyContent::Words(_), true) => "length",
            (ReplyContent::Words(_), false) => "stop",
        }
    }

    fn usage(&self) -> Usage {
        let completion_tokens: i64 = self.replies.iter().map(Reply::tokens).sum();
        Usage {
            prompt_tokens: self.prompt_tokens,
            completion_tokens,
            total_tokens: self.prompt_tokens + completion_tokens,
            prompt_tokens_details: PromptDetails::default(),
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: self.replies.iter().map(Reply::thought_tokens).sum(),
                ..CompletionDetails::default()
            },
        }
    }

    /// Builds a tool call, complete or as it begins in a stream.
    fn tool_call(&self, call: &ToolCall, arguments: &str, index: u32) -> Value {
        let id = format!("call_{:016x}", fingerprint(format!("{}-{index}", self.id).as_bytes()));
        match call.is_custom {
            false => json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": arguments}}),
            true => json!({"id": id, "type": "custom", "custom": {"name": call.name, "input": arguments}}),
        }
    }

    /// Builds the log probabilities of words: always zero, since there was no alternative.
    fn logprobs<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Option<Value> {
        let word = |word: &str| json!({"token": word, "logprob": 0.0, "bytes": word.as_bytes(), "top_logprobs": []});
        let content = || words.into_iter().map(word).collect::<Vec<_>>();
        self.has_logprobs.then(|| json!({"content": content(), "refusal": null}))
    }

    pub(super) fn response(&self, reports_usage: bool, metadata: Option<&Value>) -> Response<SandboxBody> {
        let texts: Vec<Option<String>> = self.replies.iter().map(|reply| Some(reply.text()?.text())).collect();
        let choices = self.replies.iter().zip(&texts).zip(0..).map(|((reply, text), index)| Choice {
            index,
            message: Message {
                role: "assistant",
                content: text.as_deref(),
                refusal: None,
                annotations: [],
                reasoning_content: reply.thought.as_ref().map(|thought| thought.text()),
                tool_calls: reply.call().map(|call| json!([self.tool_call(call, &call.arguments, index)])),
            },
            finish_reason: Self::finish_reason(reply),
            logprobs: reply.text().and_then(|text| self.logprobs(text.words.iter().map(String::as_str))),
        });
        json_response(&Completion {
            id: self.id,
            object: "chat.completion",
            created: CREATED,
            model: self.model,
            choices: choices.collect(),
            service_tier: self.tier,
            usage: reports_usage.then(|| Some(self.usage())),
            metadata,
        })
    }

    /// Streams the answer. If it reports usage, each chunk has a usage of null and a last one the
    /// counts, as at OpenAI.
    pub(super) fn stream(&self, reports_usage: bool) -> Response<SandboxBody> {
        let chunk = |choices: Vec<ChunkChoice<'_>>, usage: Option<Usage>| {
            event(&Completion {
                id: self.id,
                object: "chat.completion.chunk",
                created: CREATED,
                model: self.model,
                choices,
                service_tier: self.tier,
                usage: reports_usage.then_some(usage),
                metadata: None,
            })
        };
        let mut events = Vec::new();
        for (reply, index) in self.replies.iter().zip(0..) {
            let choice =
                |delta, logprobs| chunk(vec![ChunkChoice { index, delta, finish_reason: None, logprobs }], None);
            let start = Delta { role: Some("assistant"), content: reply.text().map(|_| ""), ..Delta::default() };
            events.push(choice(start, None));
            for word in reply.thought.iter().flat_map(|thought| &thought.words) {
                events.push(choice(Delta { reasoning_content: Some(word), ..Delta::default() }, None));
            }
            match &reply.content {
                ReplyContent::Words(text) => events.extend(text.words.iter().map(|word| {
                    choice(Delta { content: Some(word), ..Delta::default() }, self.logprobs([word.as_str()]))
                })),
                ReplyContent::Call(call) => {
                    let mut start = self.tool_call(call, "", index);
                    start["index"] = 0.into();
                    let piece = |piece: &str| match call.is_custom {
                        false => json!({"index": 0, "function": {"arguments": piece}}),
                        true => json!({"index": 0, "custom": {"input": piece}}),
                    };
                    let calls = std::iter::once(start).chain(call.pieces().map(piece));
                    events.extend(
                        calls.map(|call| choice(Delta { tool_calls: Some(json!([call])), ..Delta::default() }, None)),
                    );
                }
            }
            let finish_reason = Some(Self::finish_reason(reply));
            let last = ChunkChoice { index, delta: Delta::default(), finish_reason, logprobs: None };
            events.push(chunk(vec![last], None));
        }
        if reports_usage {
            events.push(chunk(Vec::new(), Some(self.usage())));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        body_response(events, "text/event-stream")
    }
}
