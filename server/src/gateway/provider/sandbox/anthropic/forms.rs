//! The forms of a message: whole, and as a stream of events.
//!
//! Source for the events and their order: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use super::super::{
    named_event,
    reply::{Reply, Said},
};
use crate::gateway::provider::sandbox::answer_text;

/// All that is answered.
pub(super) struct Told<'a> {
    pub(super) seed: u64,
    pub(super) model: &'a str,
    pub(super) reply: Reply,
    /// Tokens of the question.
    pub(super) input: i64,
    /// Whether what is thought may be read.
    pub(super) shows_thoughts: bool,
    pub(super) reports: bool,
}

/// A part of a message: as it begins, what is added to it, and as it is in the end.
struct Block {
    begun: Value,
    deltas: Vec<Value>,
    whole: Value,
}

impl Told<'_> {
    pub(super) fn whole(&self) -> Value {
        let content = self.blocks().into_iter().map(|block| block.whole).collect();
        let (stop_reason, stop_sequence) = self.ending();
        let mut usage = self.usage(self.reply.tokens());
        self.add_details(&mut usage);
        self.message(content, json!(stop_reason), json!(stop_sequence), usage)
    }

    pub(super) fn stream(&self) -> Vec<Bytes> {
        let begun = self.message(Vec::new(), Value::Null, Value::Null, self.usage(1));
        let mut events = vec![json!({"type": "message_start", "message": begun})];
        for (index, Block { begun, deltas, .. }) in self.blocks().into_iter().enumerate() {
            events.push(json!({"type": "content_block_start", "index": index, "content_block": begun}));
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
        if self.reports {
            // All of it once more: the counts are those of the whole message.
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
        match &self.reply.said {
            Said::Call(_) => ("tool_use", None),
            Said::Words(told) => match (&told.stopped_by, told.is_cut) {
                (Some(stop), _) => ("stop_sequence", Some(stop)),
                (None, true) => ("max_tokens", None),
                (None, false) => ("end_turn", None),
            },
        }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        if let Some(thought) = &self.reply.thought {
            let words: &[String] = if self.shows_thoughts { &thought.words } else { &[] };
            let signature = STANDARD.encode(self.seed.to_be_bytes());
            let mut deltas: Vec<Value> =
                words.iter().map(|word| json!({"type": "thinking_delta", "thinking": word})).collect();
            deltas.push(json!({"type": "signature_delta", "signature": signature}));
            blocks.push(Block {
                begun: json!({"type": "thinking", "thinking": "", "signature": ""}),
                deltas,
                whole: json!({"type": "thinking", "thinking": words.concat(), "signature": signature}),
            });
        }
        blocks.push(match &self.reply.said {
            Said::Words(told) => Block {
                begun: json!({"type": "text", "text": ""}),
                deltas: told.words.iter().map(|word| json!({"type": "text_delta", "text": word})).collect(),
                whole: json!({"type": "text", "text": told.text()}),
            },
            Said::Call(call) => {
                let block = |input: Value| {
                    let id = format!("toolu_{:016x}", self.seed);
                    json!({"type": "tool_use", "id": id, "name": call.name, "input": input})
                };
                let delta = |json: &str| json!({"type": "input_json_delta", "partial_json": json});
                Block {
                    begun: block(json!({})),
                    deltas: answer_text::pieces(&call.arguments).map(delta).collect(),
                    whole: block(call.input()),
                }
            }
        });
        blocks
    }

    /// What a whole message says, with so many tokens of output.
    fn usage(&self, output: i64) -> Value {
        if !self.reports {
            return Value::Null;
        }
        let mut usage = self.counts(output);
        usage["cache_creation"] = json!({"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0});
        usage["service_tier"] = "standard".into();
        usage
    }

    fn counts(&self, output: i64) -> Value {
        json!({
            "input_tokens": self.input,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output,
        })
    }

    /// Adds how much of the output was thought.
    fn add_details(&self, usage: &mut Value) {
        if self.reply.thought.is_some() && usage.is_object() {
            usage["output_tokens_details"] = json!({"thinking_tokens": self.reply.thought_tokens()});
        }
    }
}
