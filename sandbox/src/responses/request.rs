//! The request for a response, and its parameters that the answer repeats.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::seed::ResponseSeed;
use crate::{
    error::SandboxError,
    memory::StoredQuestions,
    reply::{Reply, ReplyOptions, max_thought_tokens},
    text_format::TextFormat,
    tools::ToolCall,
    turn::Turn,
};

/// Number of earlier responses that are searched for called tools.
const MAX_LOOK_BACK: usize = 16;

#[derive(Deserialize)]
pub(super) struct ResponsesRequest {
    pub(super) model: String,
    #[serde(default)]
    pub(super) input: Value,
    pub(super) max_output_tokens: Option<i64>,
    pub(super) stream: Option<bool>,
    pub(super) background: Option<bool>,
    pub(super) store: Option<bool>,
    pub(super) previous_response_id: Option<String>,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    tool_choice: Value,
    #[serde(default)]
    text: Value,
    #[serde(default)]
    reasoning: Value,
    /// Parameters that the answer only repeats.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl ResponsesRequest {
    pub(super) fn reply(&self, seed: &ResponseSeed, questions: &StoredQuestions) -> Result<Reply, SandboxError> {
        let options = ReplyOptions {
            call: ToolCall::choose(&self.tools, &self.tool_choice, &self.turn(questions, MAX_LOOK_BACK))?,
            format: TextFormat::read(&self.text["format"], "text.format")?,
            max_thought_tokens: self.max_thought_tokens(),
            max_tokens: seed.max_tokens,
            stops: Vec::new(),
        };
        Reply::new(seed.seed, &options)
    }

    /// Finds the last turn. If the input has results only, their calls are in the previous response.
    fn turn(&self, questions: &StoredQuestions, look_back: usize) -> Turn {
        let mut turn = Turn::of_items(&self.input);
        let previous = self.previous_response_id.as_ref().filter(|_| turn.has_results && turn.called_tools.is_empty());
        let previous = previous.filter(|_| look_back > 0).and_then(|id| questions.find(id));
        if let Some(previous) = previous.and_then(|question| serde_json::from_slice::<Self>(&question.body).ok()) {
            let previous_turn = previous.turn(questions, look_back - 1);
            let call = ToolCall::choose(&previous.tools, &previous.tool_choice, &previous_turn).ok().flatten();
            turn.called_tools = previous_turn.called_tools;
            turn.called_tools.extend(call.map(|call| call.name));
        }
        turn
    }

    /// Returns the maximum number of tokens of the thought, if one is requested.
    fn max_thought_tokens(&self) -> Option<i64> {
        let effort = self.reasoning["effort"].as_str();
        if effort.is_none() && !self.summarizes() {
            return None;
        }
        max_thought_tokens(effort)
    }

    /// Whether the answer contains a summary of the thought.
    pub(super) fn summarizes(&self) -> bool {
        self.reasoning["summary"].is_string() || self.reasoning["generate_summary"].is_string()
    }

    /// Whether the request names this in `include`.
    pub(super) fn includes(&self, name: &str) -> bool {
        let all = self.rest.get("include").and_then(Value::as_array);
        all.is_some_and(|all| all.iter().any(|included| included == name))
    }

    /// Returns the request's parameters as an answer repeats them.
    pub(super) fn echo(&self) -> Map<String, Value> {
        let or_default = |value: &Value, default: Value| if value.is_null() { default } else { value.clone() };
        let rest = |name: &str, default: Value| {
            self.rest.get(name).map_or(default.clone(), |value| or_default(value, default))
        };
        let mut echo = Map::new();
        let mut add = |name: &str, value: Value| drop(echo.insert(name.to_owned(), value));
        for name in ["instructions", "max_tool_calls", "prompt_cache_key", "safety_identifier", "user"] {
            add(name, rest(name, Value::Null));
        }
        for (name, default) in [
            ("metadata", json!({})),
            ("parallel_tool_calls", json!(true)),
            ("temperature", json!(1.0)),
            ("top_p", json!(1.0)),
            ("top_logprobs", json!(0)),
            ("truncation", json!("disabled")),
        ] {
            add(name, rest(name, default));
        }
        add("max_output_tokens", json!(self.max_output_tokens));
        add("previous_response_id", json!(self.previous_response_id));
        add("store", json!(self.store.unwrap_or(true)));
        let tier = rest("service_tier", json!("default"));
        add("service_tier", if tier == "auto" { json!("default") } else { tier });
        let effort = or_default(&self.reasoning["effort"], Value::Null);
        add("reasoning", json!({"effort": effort, "summary": or_default(&self.reasoning["summary"], Value::Null)}));
        let format = or_default(&self.text["format"], json!({"type": "text"}));
        add("text", json!({"format": format, "verbosity": or_default(&self.text["verbosity"], json!("medium"))}));
        add("tool_choice", or_default(&self.tool_choice, json!("auto")));
        add("tools", self.tools.as_array().into_iter().flatten().map(tool).collect());
        echo
    }
}

/// Returns a tool as an answer repeats it.
fn tool(tool: &Value) -> Value {
    let mut tool = tool.clone();
    if let Some(tool) = tool.as_object_mut().filter(|tool| tool.get("type").is_some_and(|kind| kind == "function")) {
        tool.entry("parameters").or_insert(Value::Null);
        tool.entry("strict").or_insert(true.into());
    }
    tool
}
