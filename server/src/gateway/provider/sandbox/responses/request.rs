//! What is asked of a response, and how an answer repeats it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Seed;
use crate::gateway::provider::sandbox::{
    Wrong,
    memory::Questions,
    reply::{Reply, Wanted, effort},
    text_format::Form,
    tools::ToolCall,
    turn::Turn,
};

/// How far is looked back for tools that were called before.
const LOOKED_BACK: usize = 16;

#[derive(Deserialize)]
pub(super) struct Asked {
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
    /// All that an answer only repeats.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Asked {
    pub(super) fn reply(&self, seed: &Seed, questions: &Questions) -> Result<Reply, Wrong> {
        let wanted = Wanted {
            call: ToolCall::wanted(&self.tools, &self.tool_choice, &self.turn(questions, LOOKED_BACK))?,
            form: Form::read(&self.text["format"], "text.format")?,
            thinks: self.thinks(),
            most: seed.most,
            stops: Vec::new(),
        };
        Reply::new(seed.seed, &wanted)
    }

    /// Where results come alone, the calls are in the response before.
    fn turn(&self, questions: &Questions, looks_back: usize) -> Turn {
        let mut turn = Turn::of_items(&self.input);
        let before = self.previous_response_id.as_ref().filter(|_| turn.has_results && turn.called.is_empty());
        let before = before.filter(|_| looks_back > 0).and_then(|id| questions.find(id));
        if let Some(before) = before.and_then(|known| serde_json::from_slice::<Self>(&known.body).ok()) {
            let turn_before = before.turn(questions, looks_back - 1);
            let call = ToolCall::wanted(&before.tools, &before.tool_choice, &turn_before).ok().flatten();
            turn.called = turn_before.called;
            turn.called.extend(call.map(|call| call.name));
        }
        turn
    }

    /// How many tokens may be thought, where that is asked for.
    fn thinks(&self) -> Option<i64> {
        let asked = self.reasoning["effort"].as_str();
        if asked.is_none() && !self.summarizes() {
            return None;
        }
        effort(asked)
    }

    /// Whether what is thought is to be told.
    pub(super) fn summarizes(&self) -> bool {
        self.reasoning["summary"].is_string() || self.reasoning["generate_summary"].is_string()
    }

    /// Whether this is to be told besides.
    pub(super) fn includes(&self, name: &str) -> bool {
        let all = self.rest.get("include").and_then(Value::as_array);
        all.is_some_and(|all| all.iter().any(|included| included == name))
    }

    /// What an answer repeats.
    pub(super) fn echo(&self) -> Map<String, Value> {
        let said = |value: &Value, otherwise: Value| if value.is_null() { otherwise } else { value.clone() };
        let rest = |name: &str, otherwise: Value| {
            self.rest.get(name).map_or(otherwise.clone(), |value| said(value, otherwise))
        };
        let mut echo = Map::new();
        let mut add = |name: &str, value: Value| drop(echo.insert(name.to_owned(), value));
        for name in ["instructions", "max_tool_calls", "prompt_cache_key", "safety_identifier", "user"] {
            add(name, rest(name, Value::Null));
        }
        for (name, otherwise) in [
            ("metadata", json!({})),
            ("parallel_tool_calls", json!(true)),
            ("temperature", json!(1.0)),
            ("top_p", json!(1.0)),
            ("top_logprobs", json!(0)),
            ("truncation", json!("disabled")),
        ] {
            add(name, rest(name, otherwise));
        }
        add("max_output_tokens", json!(self.max_output_tokens));
        add("previous_response_id", json!(self.previous_response_id));
        add("store", json!(self.store.unwrap_or(true)));
        let tier = rest("service_tier", json!("default"));
        add("service_tier", if tier == "auto" { json!("default") } else { tier });
        let effort = said(&self.reasoning["effort"], Value::Null);
        add("reasoning", json!({"effort": effort, "summary": said(&self.reasoning["summary"], Value::Null)}));
        let format = said(&self.text["format"], json!({"type": "text"}));
        add("text", json!({"format": format, "verbosity": said(&self.text["verbosity"], json!("medium"))}));
        add("tool_choice", said(&self.tool_choice, json!("auto")));
        add("tools", self.tools.as_array().into_iter().flatten().map(tool).collect());
        echo
    }
}

/// A tool as an answer repeats it.
fn tool(tool: &Value) -> Value {
    let mut tool = tool.clone();
    if let Some(tool) = tool.as_object_mut().filter(|tool| tool.get("type").is_some_and(|kind| kind == "function")) {
        tool.entry("parameters").or_insert(Value::Null);
        tool.entry("strict").or_insert(true.into());
    }
    tool
}
