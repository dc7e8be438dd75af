//! Messages, in the form of Anthropic's API reference: <https://platform.claude.com/docs/en/api/messages>.

mod forms;

use serde::Deserialize;
use serde_json::{Value, json};

use self::forms::MessageAnswer;
use crate::{
    bodies::{body_response, json_response, to_bytes},
    error::{SandboxError, SandboxResult},
    reply::{Reply, ReplyOptions, max_thought_tokens},
    request::ReceivedRequest,
    seeds::fingerprint,
    text_format::TextFormat,
    tools::ToolCall,
    turn::Turn,
};

#[derive(Deserialize)]
struct MessagesRequest {
    model: String,
    messages: Vec<Value>,
    #[serde(default)]
    max_tokens: Option<i64>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stop_sequences: Option<Vec<String>>,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    tool_choice: Value,
    #[serde(default)]
    thinking: Value,
    #[serde(default)]
    output_config: Value,
    /// The name of `output_config.format` while it was in beta.
    #[serde(default)]
    output_format: Value,
}

impl MessagesRequest {
    /// Checks that there are messages, each with a role and content.
    fn check(&self) -> Result<(), SandboxError> {
        let is_message = |message: &&Value| message["role"].is_string() && message.get("content").is_some();
        if self.messages.iter().filter(is_message).count() < self.messages.len() {
            return Err(SandboxError::invalid("messages", "messages: each must have a role and content"));
        }
        if self.messages.is_empty() {
            return Err(SandboxError::invalid("messages", "messages: at least one message is required"));
        }
        Ok(())
    }

    /// Returns the maximum number of tokens of the thought, if one is requested.
    fn max_thought_tokens(&self, turn: &Turn) -> Option<i64> {
        let is_requested = match self.thinking["type"].as_str()? {
            "enabled" | "adaptive" => true,
            "between_tools" => turn.has_results,
            _ => false,
        };
        let max = max_thought_tokens(self.output_config["effort"].as_str());
        let budget = self.thinking["budget_tokens"].as_i64().unwrap_or(i64::MAX);
        max.map(|max| max.min(budget)).filter(|_| is_requested)
    }

    fn reply(&self, seed: u64, max_tokens: i64) -> Result<Reply, SandboxError> {
        let turn = Turn::of_messages(&self.messages);
        let format =
            if self.output_config["format"].is_null() { &self.output_format } else { &self.output_config["format"] };
        let options = ReplyOptions {
            call: ToolCall::choose(&self.tools, &self.tool_choice, &turn)?,
            format: TextFormat::read(format, "output_config.format")?,
            max_thought_tokens: self.max_thought_tokens(&turn),
            max_tokens,
            stops: self.stop_sequences.clone().unwrap_or_default(),
        };
        Reply::new(seed, &options)
    }
}

pub(super) fn count(request: &ReceivedRequest<'_>) -> SandboxResult {
    let parsed: MessagesRequest = request.input.parse()?;
    parsed.check()?;
    Ok(json_response(&json!({"input_tokens": request.input.tokens()?})))
}

pub(super) fn answer(request: &ReceivedRequest<'_>) -> SandboxResult {
    let parsed: MessagesRequest = request.input.parse()?;
    parsed.check()?;
    let max_tokens =
        parsed.max_tokens.ok_or_else(|| SandboxError::invalid("max_tokens", "max_tokens: Field required"))?;
    if max_tokens < 1 {
        return Err(SandboxError::invalid("max_tokens", "max_tokens: must be at least 1"));
    }
    // All messages contribute to the seed, since a conversation may repeat a text, but not an id.
    let seed = fingerprint(&to_bytes(&parsed.messages));
    let answer = MessageAnswer {
        seed,
        model: &parsed.model,
        reply: parsed.reply(seed, max_tokens)?,
        input_tokens: request.input.tokens()?,
        shows_thought: parsed.thinking["display"] != "omitted",
        reports_usage: request.reports_usage,
    };
    Ok(match parsed.stream {
        true => body_response(answer.stream(), "text/event-stream"),
        false => json_response(&answer.document()),
    })
}
