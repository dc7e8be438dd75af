//! Messages, in the form of Anthropic's API reference: <https://platform.claude.com/docs/en/api/messages>.

mod forms;

use serde::Deserialize;
use serde_json::{Value, json};

use self::forms::Told;
use super::{
    Answer, Question, Wrong, body, fingerprint, json as whole,
    reply::{Reply, Wanted, effort},
    text_format::Form,
    to_bytes, tokens,
    tools::ToolCall,
    turn::Turn,
};
use crate::gateway::json::texts;

#[derive(Deserialize)]
struct Asked {
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
    /// What `output_config.format` was called as long as it was a beta.
    #[serde(default)]
    output_format: Value,
}

impl Asked {
    /// There must be messages, and each must say something.
    fn check(&self) -> Result<(), Wrong> {
        let is_one = |message: &&Value| message["role"].is_string() && message.get("content").is_some();
        if self.messages.iter().filter(is_one).count() < self.messages.len() {
            return Err(Wrong::about("messages", "messages: each must have a role and content"));
        }
        if self.messages.is_empty() {
            return Err(Wrong::about("messages", "messages: at least one message is required"));
        }
        Ok(())
    }

    /// How many tokens may be thought, where that is asked for.
    fn thinks(&self, turn: &Turn) -> Option<i64> {
        let asked_for = match self.thinking["type"].as_str()? {
            "enabled" | "adaptive" => true,
            "between_tools" => turn.has_results,
            _ => false,
        };
        let most = effort(self.output_config["effort"].as_str());
        let budget = self.thinking["budget_tokens"].as_i64().unwrap_or(i64::MAX);
        most.map(|most| most.min(budget)).filter(|_| asked_for)
    }

    fn reply(&self, seed: u64, most: i64) -> Result<Reply, Wrong> {
        let turn = Turn::of_messages(&self.messages);
        let format =
            if self.output_config["format"].is_null() { &self.output_format } else { &self.output_config["format"] };
        let wanted = Wanted {
            call: ToolCall::wanted(&self.tools, &self.tool_choice, &turn)?,
            form: Form::read(format, "output_config.format")?,
            thinks: self.thinks(&turn),
            most,
            stops: self.stop_sequences.clone().unwrap_or_default(),
        };
        Reply::new(seed, &wanted)
    }
}

/// How many tokens all texts of a question have.
fn read(question: &Question<'_>) -> Result<i64, Wrong> {
    let mut count = 0;
    texts::find(question.input.json()?, &mut |text| count += tokens(text))?;
    Ok(count)
}

pub(super) fn count(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    asked.check()?;
    Ok(whole(&json!({"input_tokens": read(question)?})))
}

pub(super) fn answer(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    asked.check()?;
    let most = asked.max_tokens.ok_or_else(|| Wrong::about("max_tokens", "max_tokens: Field required"))?;
    if most < 1 {
        return Err(Wrong::about("max_tokens", "max_tokens: must be at least 1"));
    }
    // Of all messages, since the same is said twice in a conversation, and its ids must differ.
    let seed = fingerprint(&to_bytes(&asked.messages));
    let told = Told {
        seed,
        model: &asked.model,
        reply: asked.reply(seed, most)?,
        input: read(question)?,
        shows_thoughts: asked.thinking["display"] != "omitted",
        reports: question.reports,
    };
    Ok(match asked.stream {
        true => body(told.stream(), "text/event-stream"),
        false => whole(&told.whole()),
    })
}
