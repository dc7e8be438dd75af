//! Whose turn it is: what the user said last, and which tools were called since.

use serde_json::Value;

/// Who a part of a conversation is of.
#[derive(Eq, PartialEq)]
enum Of {
    User,
    Model,
    Tool,
    /// Whoever else may say something, such as a developer.
    Other,
}

impl Of {
    fn role(role: &Value) -> Self {
        match role.as_str() {
            Some("user") => Self::User,
            Some("assistant") => Self::Model,
            Some("tool" | "function") => Self::Tool,
            _ => Self::Other,
        }
    }
}

/// The end of a conversation.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// What was said last; nothing where that are the results of tools.
    pub(super) said: String,
    /// Whether results of tools came since the model's last words, also where somebody spoke behind them.
    pub(super) has_results: bool,
    /// The tools that were called before these results came, since the user spoke.
    pub(super) called: Vec<String>,
}

impl Turn {
    /// Of chat completions.
    pub(super) fn of_chat(messages: &[Value]) -> Self {
        let calls = |message: &Value| -> Vec<String> {
            let name = |call: &Value| text_of(&call["function"]["name"]).or_else(|| text_of(&call["custom"]["name"]));
            let calls = message["tool_calls"].as_array().into_iter().flatten().filter_map(name);
            calls.chain(text_of(&message["function_call"]["name"])).collect()
        };
        Self::of(messages, |message| Of::role(&message["role"]), calls)
    }

    /// Of responses: `input` is a text, or a list of items.
    pub(super) fn of_items(input: &Value) -> Self {
        let Some(items) = input.as_array() else {
            return Self { said: said(input), ..Self::default() };
        };
        let who = |item: &Value| match item["type"].as_str() {
            None | Some("message") => Of::role(&item["role"]),
            Some(kind) if kind.ends_with("_call_output") => Of::Tool,
            // Its calls and thoughts, and references to either.
            Some(_) => Of::Model,
        };
        let calls = |item: &Value| -> Vec<String> {
            let is_call = item["type"] == "function_call" || item["type"] == "custom_tool_call";
            text_of(&item["name"]).filter(|_| is_call).into_iter().collect()
        };
        Self::of(items, who, calls)
    }

    /// Of Anthropic's messages, where results of tools are the user's.
    pub(super) fn of_messages(messages: &[Value]) -> Self {
        let blocks = |message: &Value, kind: &str| -> Vec<Value> {
            let all = message["content"].as_array().into_iter().flatten();
            all.filter(|block| block["type"] == kind).cloned().collect()
        };
        let who = |message: &Value| match blocks(message, "tool_result").is_empty() {
            true => Of::role(&message["role"]),
            false => Of::Tool,
        };
        let calls = |message: &Value| -> Vec<String> {
            blocks(message, "tool_use").iter().filter_map(|block| text_of(&block["name"])).collect()
        };
        let mut turn = Self::of(messages, who, calls);
        // What stands beside a result is said by somebody; what is within it isn't.
        turn.said = messages.last().map(|last| said(&last["content"])).unwrap_or_default();
        turn
    }

    fn of(all: &[Value], who: impl Fn(&Value) -> Of, calls: impl Fn(&Value) -> Vec<String>) -> Self {
        let behind_model = all.iter().rposition(|one| who(one) == Of::Model).map_or(0, |at| at + 1);
        let has_results = all[behind_model..].iter().any(|one| who(one) == Of::Tool);
        // Who speaks behind results goes on with them.
        let begins = |at: usize| who(&all[at]) == Of::User && (at == 0 || who(&all[at - 1]) != Of::Tool);
        let in_turn = (0..behind_model).rev().take_while(|at| has_results && !begins(*at));
        let last = all.last().filter(|last| who(last) != Of::Tool);
        Self {
            said: last.map(|last| said(&last["content"])).unwrap_or_default(),
            has_results,
            called: in_turn.flat_map(|at| calls(&all[at])).collect(),
        }
    }
}

/// The texts of a content: all of it, or its parts that are texts.
fn said(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(turn: &Turn) -> (&str, bool, Vec<&str>) {
        (&turn.said, turn.has_results, turn.called.iter().map(String::as_str).collect())
    }

    #[test]
    fn results_of_tools_end_a_turn_in_each_form() {
        let chat = [
            json!({"role": "user", "content": "earlier"}),
            json!({"role": "assistant", "tool_calls": [{"function": {"name": "before"}}]}),
            json!({"role": "tool", "content": "x"}),
            json!({"role": "assistant", "content": "done"}),
            json!({"role": "user", "content": "ask"}),
            json!({"role": "assistant", "tool_calls": [{"function": {"name": "f"}}, {"custom": {"name": "g"}}]}),
            json!({"role": "tool", "content": "it quotes: ask"}),
        ];
        assert_eq!(told(&Turn::of_chat(&chat)), ("", true, vec!["f", "g"]));
        assert_eq!(told(&Turn::of_chat(&chat[..5])), ("ask", false, vec![]));
        let items = json!([
            {"role": "user", "content": [{"type": "input_text", "text": "ask"}]},
            {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "1"},
            {"type": "function_call_output", "call_id": "1", "output": "done"},
        ]);
        assert_eq!(told(&Turn::of_items(&items)), ("", true, vec!["f"]));
        assert_eq!(told(&Turn::of_items(&json!("ask"))), ("ask", false, vec![]));
        let messages = [
            json!({"role": "user", "content": "ask"}),
            json!({"role": "assistant", "content": [{"type": "tool_use", "name": "f", "id": "1", "input": {}}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "ask"},
                {"type": "text", "text": "and now?"}]}),
        ];
        assert_eq!(told(&Turn::of_messages(&messages)), ("and now?", true, vec!["f"]));
        assert_eq!(told(&Turn::of_messages(&messages[..1])), ("ask", false, vec![]));
    }

    #[test]
    fn who_speaks_behind_results_goes_on_with_them() {
        let user = |text: &str| json!({"role": "user", "content": text});
        let call = |name: &str| json!({"role": "assistant", "tool_calls": [{"function": {"name": name}}]});
        let result = json!({"role": "tool", "content": "x"});
        let chat = [user("ask"), call("f"), result.clone(), user("go on"), call("g"), result, user("go on")];
        assert_eq!(told(&Turn::of_chat(&chat[..4])), ("go on", true, vec!["f"]));
        assert_eq!(told(&Turn::of_chat(&chat)), ("go on", true, vec!["g", "f"]));
        let items = json!([
            {"type": "item_reference", "id": "fc_1"},
            {"type": "function_call_output", "call_id": "1", "output": "done"},
            {"role": "developer", "content": "go on"},
        ]);
        assert_eq!(told(&Turn::of_items(&items)), ("go on", true, vec![]), "what was called can't be seen");
    }
}
