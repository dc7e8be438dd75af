//! The forms of a message: a document, and a stream of events.
//!
//! Source for the events and their order: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    answer_text,
    bodies::named_event,
    reply::{Reply, ReplyContent},
};

/// The content of an answer.
pub(super) struct MessageAnswer<'a> {
    pub(super) seed: u64,
    pub(super) model: &'a str,
    pub(super) reply: Reply,
    /// Tokens of the request.
    pub(super) input_tokens: i64,
    /// Whether the thought is readable.
    pub(super) shows_thought: bool,
    pub(super) reports_usage: bool,
}

/// A content block: its start, the deltas, and the complete block.
struct Block {
    start: Value,
    deltas: Vec<Value>,
    complete: Value,
}

impl MessageAnswer<'_> {
    pub(super) fn document(&self) -> Value {
        let content = self.blocks().into_iter().map(|block| block.complete).collect();
        let (stop_reason, stop_sequence) = self.ending();
        let mut usage = self.usage(self.reply.tokens());
        self.add_details(&mut usage);
        self.message(content, json!(stop_reason), json!(stop_sequence), usage)
    }

    pub(super) fn stream(&self) -> Vec<Bytes> {
        let start = self.message(Vec::new(), Value::Null, Value::Null, self.usage(1));
        let mut events = vec![json!({"type": "message_start", "message": start})];
        for (index, Block { start, deltas, .. }) in self.blocks().into_iter().enumerate() {
            events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
            if index == 0 {
                events.push(json!({"type": "ping"}));
            }
            let delta = |delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
            events.extend(deltas.into_iter().map(delta));
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
        let (stop_reason, stop_sequence) = self.ending();
        let ending = json!({"stop_reason": stop_reason, "stop_sequence": stop_sequence, "stop_details": null});
        let mut last = json!({"type": "message_delta", "delta": ending});
        if self.reports_usage {
            // The usage again: the counts are those of the whole message.
            let mut usage = self.counts(self.reply.tokens());
            self.add_details(&mut usage);
            last["usage"] = usage;
        }
        events.extend([last, json!({"type": "message_stop"})]);
        events.iter().map(named_event).collect()
    }

    fn message(&self, content: Vec<Value>, stop_reason: Value, stop_sequence: Value, usage: Value) -> Value {
        json!({
            "id": format!("msg_sandbox_{:016x}", self.seed),
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": stop_sequence,
            "stop_details": null,
            "usage": usage,
        })
    }

    fn ending(&self) -> (&'static str, Option<&str>) {
        match &self.reply.content {
            ReplyContent::Call(_) => ("tool_use", None),
            ReplyContent::Words(text) => match (&text.stopped_by, text.is_cut) {
                (Some(stop), _) => ("stop_sequence", Some(stop)),
                (None, true) => ("max_tokens", None),
                (None, false) => ("end_turn", None),
            },
        }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        if let Some(thought) = &self.reply.thought {
            let words: &[String] = if self.shows_thought { &thought.words } else { &[] };
            let signature = STANDARD.encode(self.seed.to_be_bytes());
            let mut deltas: Vec<Value> =
                words.iter().map(|word| json!({"type": "thinking_delta", "thinking": word})).collect();
            deltas.push(json!({"type": "signature_delta", "signature": signature}));
            blocks.push(Block {
                start: json!({"type": "thinking", "thinking": "", "signature": ""}),
                deltas,
                complete: json!({"type": "thinking", "thinking": words.concat(), "signature": signature}),
            });
        }
        blocks.push(match &self.reply.content {
            ReplyContent::Words(text) => Block {
                start: json!({"type": "text", "text": ""}),
                deltas: text.words.iter().map(|word| json!({"type": "text_delta", "text": word})).collect(),
                complete: json!({"type": "text", "text": text.text()}),
            },
            ReplyContent::Call(call) => {
                let block = |input: Value| {
                    let id = format!("toolu_{:016x}", self.seed);
                    json!({"type": "tool_use", "id": id, "name": call.name, "input": input})
                };
                let delta = |json: &str| json!({"type": "input_json_delta", "partial_json": json});
                Block {
                    start: block(json!({})),
                    deltas: answer_text::pieces(&call.arguments).map(delta).collect(),
                    complete: block(call.input()),
                }
            }
        });
        blocks
    }

    /// Builds the usage of a message with this output.
    fn usage(&self, output_tokens: i64) -> Value {
        if !self.reports_usage {
            return Value::Null;
        }
        let mut usage = self.counts(output_tokens);
        usage["cache_creation"] = json!({"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0});
        usage["service_tier"] = "standard".into();
        usage
    }

    fn counts(&self, output_tokens: i64) -> Value {
        json!({
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output_tokens,
        })
    }

    /// Adds the number of thought tokens, which are part of the output.
    fn add_details(&self, usage: &mut Value) {
        if self.reply.thought.is_some() && usage.is_object() {
            usage["output_tokens_details"] = json!({"thinking_tokens": self.reply.thought_tokens()});
        }
    }
}
