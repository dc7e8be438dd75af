//! The forms of a chat completion: whole, and as a stream of chunks.
//!
//! What is thought is in `reasoning_content`, as DeepSeek, vLLM and others tell it: OpenAI only counts it there.

use axum::http::Response;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json as value};

use super::super::{
    CREATED, ProviderBody, body, event, fingerprint, json,
    reply::{Reply, Said},
    tools::ToolCall,
};

#[derive(Clone, Copy, Serialize)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
    total_tokens: i64,
    prompt_tokens_details: Details,
    completion_tokens_details: Thought,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Details {
    cached_tokens: i64,
    audio_tokens: i64,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Thought {
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
    /// Of a completion that was stored.
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

/// All that is answered.
pub(super) struct Whole<'a> {
    pub(super) id: &'a str,
    pub(super) model: &'a str,
    pub(super) tier: Option<&'a str>,
    /// One for each choice.
    pub(super) replies: &'a [Reply],
    /// Tokens of the question.
    pub(super) prompt: i64,
    /// Whether it is told how likely each word was.
    pub(super) logprobs: bool,
}

impl Whole<'_> {
    fn finish_reason(reply: &Reply) -> &'static str {
        match (&reply.said, reply.is_cut()) {
            (Said::Call(_), _) => "tool_calls",
            (Said::Words(_), true) => "length",
            (Said::Words(_), false) => "stop",
        }
    }

    fn usage(&self) -> Usage {
        let completion: i64 = self.replies.iter().map(Reply::tokens).sum();
        Usage {
            prompt_tokens: self.prompt,
            completion_tokens: completion,
            total_tokens: self.prompt + completion,
            prompt_tokens_details: Details::default(),
            completion_tokens_details: Thought {
                reasoning_tokens: self.replies.iter().map(Reply::thought_tokens).sum(),
                ..Thought::default()
            },
        }
    }

    /// A tool call as it is told whole, or as it begins.
    fn tool_call(&self, call: &ToolCall, arguments: &str, index: u32) -> Value {
        let id = format!("call_{:016x}", fingerprint(format!("{}-{index}", self.id).as_bytes()));
        match call.is_custom {
            false => value!({"id": id, "type": "function", "function": {"name": call.name, "arguments": arguments}}),
            true => value!({"id": id, "type": "custom", "custom": {"name": call.name, "input": arguments}}),
        }
    }

    /// The words with how likely each of them was: ever the same, since there was no other.
    fn logprobs<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Option<Value> {
        let word = |word: &str| value!({"token": word, "logprob": 0.0, "bytes": word.as_bytes(), "top_logprobs": []});
        let content = || words.into_iter().map(word).collect::<Vec<_>>();
        self.logprobs.then(|| value!({"content": content(), "refusal": null}))
    }

    pub(super) fn whole(&self, reports: bool, metadata: Option<&Value>) -> Response<ProviderBody> {
        let texts: Vec<Option<String>> = self.replies.iter().map(|reply| Some(reply.told()?.text())).collect();
        let choices = self.replies.iter().zip(&texts).zip(0..).map(|((reply, text), index)| Choice {
            index,
            message: Message {
                role: "assistant",
                content: text.as_deref(),
                refusal: None,
                annotations: [],
                reasoning_content: reply.thought.as_ref().map(|thought| thought.text()),
                tool_calls: reply.call().map(|call| value!([self.tool_call(call, &call.arguments, index)])),
            },
            finish_reason: Self::finish_reason(reply),
            logprobs: reply.told().and_then(|told| self.logprobs(told.words.iter().map(String::as_str))),
        });
        json(&Completion {
            id: self.id,
            object: "chat.completion",
            created: CREATED,
            model: self.model,
            choices: choices.collect(),
            service_tier: self.tier,
            usage: reports.then(|| Some(self.usage())),
            metadata,
        })
    }

    /// Where usage is reported, each chunk has one of null and a last one has it, as OpenAI does.
    pub(super) fn stream(&self, reports: bool) -> Response<ProviderBody> {
        let chunk = |choices: Vec<ChunkChoice<'_>>, last: Option<Usage>| {
            event(&Completion {
                id: self.id,
                object: "chat.completion.chunk",
                created: CREATED,
                model: self.model,
                choices,
                service_tier: self.tier,
                usage: reports.then_some(last),
                metadata: None,
            })
        };
        let mut events = Vec::new();
        for (reply, index) in self.replies.iter().zip(0..) {
            let one = |delta, logprobs| chunk(vec![ChunkChoice { index, delta, finish_reason: None, logprobs }], None);
            let begun = Delta { role: Some("assistant"), content: reply.told().map(|_| ""), ..Delta::default() };
            events.push(one(begun, None));
            for word in reply.thought.iter().flat_map(|thought| &thought.words) {
                events.push(one(Delta { reasoning_content: Some(word), ..Delta::default() }, None));
            }
            match &reply.said {
                Said::Words(told) => events.extend(told.words.iter().map(|word| {
                    one(Delta { content: Some(word), ..Delta::default() }, self.logprobs([word.as_str()]))
                })),
                Said::Call(call) => {
                    let mut begun = self.tool_call(call, "", index);
                    begun["index"] = 0.into();
                    let piece = |piece: &str| match call.is_custom {
                        false => value!({"index": 0, "function": {"arguments": piece}}),
                        true => value!({"index": 0, "custom": {"input": piece}}),
                    };
                    let calls = std::iter::once(begun).chain(call.pieces().map(piece));
                    events.extend(
                        calls.map(|call| one(Delta { tool_calls: Some(value!([call])), ..Delta::default() }, None)),
                    );
                }
            }
            let finish_reason = Some(Self::finish_reason(reply));
            let last = ChunkChoice { index, delta: Delta::default(), finish_reason, logprobs: None };
            events.push(chunk(vec![last], None));
        }
        if reports {
            events.push(chunk(Vec::new(), Some(self.usage())));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        body(events, "text/event-stream")
    }
}
