//! The last turn of a conversation: the user's last text, and the tools called since.

use serde_json::Value;

/// The author of a message or item.
#[derive(Eq, PartialEq)]
enum TurnAuthor {
    User,
    Model,
    Tool,
    /// Another author, such as a developer.
    Other,
}

impl TurnAuthor {
    fn role(role: &Value) -> Self {
        match role.as_str() {
            Some("user") => Self::User,
            Some("assistant") => Self::Model,
            Some("tool" | "function") => Self::Tool,
            _ => Self::Other,
        }
    }
}

/// The last turn of a conversation.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The last text; empty if the conversation ends with results of tools.
    pub(super) last_text: String,
    /// Whether results of tools have come since the model's last output, even if another author
    /// has spoken after them.
    pub(super) has_results: bool,
    /// Tools that were called in this turn, before these results.
    pub(super) called_tools: Vec<String>,
}

impl Turn {
    /// Finds the last turn of chat completions' messages.
    pub(super) fn of_chat(messages: &[Value]) -> Self {
        let calls = |message: &Value| -> Vec<String> {
            let name = |call: &Value| text_of(&call["function"]["name"]).or_else(|| text_of(&call["custom"]["name"]));
            let calls = message["tool_calls"].as_array().into_iter().flatten().filter_map(name);
            calls.chain(text_of(&message["function_call"]["name"])).collect()
        };
        Self::of(messages, |message| TurnAuthor::role(&message["role"]), calls)
    }

    /// Finds the last turn of a response's `input`, a text or a list of items.
    pub(super) fn of_items(input: &Value) -> Self {
        let Some(items) = input.as_array() else {
            return Self { last_text: content_text(input), ..Self::default() };
        };
        let author_of = |item: &Value| match item["type"].as_str() {
            None | Some("message") => TurnAuthor::role(&item["role"]),
            Some(kind) if kind.ends_with("_call_output") => TurnAuthor::Tool,
            // Calls and thoughts of the model, and references to either.
            Some(_) => TurnAuthor::Model,
        };
        let calls = |item: &Value| -> Vec<String> {
            let is_call = item["type"] == "function_call" || item["type"] == "custom_tool_call";
            text_of(&item["name"]).filter(|_| is_call).into_iter().collect()
        };
        Self::of(items, author_of, calls)
    }

    /// Finds the last turn of Anthropic's messages, in which results of tools have the role `user`.
    pub(super) fn of_messages(messages: &[Value]) -> Self {
        let blocks = |message: &Value, kind: &str| -> Vec<Value> {
            let all = message["content"].as_array().into_iter().flatten();
            all.filter(|block| block["type"] == kind).cloned().collect()
        };
        let author_of = |message: &Value| match blocks(message, "tool_result").is_empty() {
            true => TurnAuthor::role(&message["role"]),
            false => TurnAuthor::Tool,
        };
        let calls = |message: &Value| -> Vec<String> {
            blocks(message, "tool_use").iter().filter_map(|block| text_of(&block["name"])).collect()
        };
        let mut turn = Self::of(messages, author_of, calls);
        // Text next to a result belongs to the conversation; text within it doesn't.
        turn.last_text = messages.last().map(|last| content_text(&last["content"])).unwrap_or_default();
        turn
    }

    fn of(all: &[Value], author_of: impl Fn(&Value) -> TurnAuthor, calls: impl Fn(&Value) -> Vec<String>) -> Self {
        let after_model = all.iter().rposition(|item| author_of(item) == TurnAuthor::Model).map_or(0, |at| at + 1);
        let has_results = all[after_model..].iter().any(|item| author_of(item) == TurnAuthor::Tool);
        // A user who speaks after results continues the turn.
        let begins_turn = |at: usize| {
            author_of(&all[at]) == TurnAuthor::User && (at == 0 || author_of(&all[at - 1]) != TurnAuthor::Tool)
        };
        let in_turn = (0..after_model).rev().take_while(|at| has_results && !begins_turn(*at));
        let last = all.last().filter(|last| author_of(last) != TurnAuthor::Tool);
        Self {
            last_text: last.map(|last| content_text(&last["content"])).unwrap_or_default(),
            has_results,
            called_tools: in_turn.flat_map(|at| calls(&all[at])).collect(),
        }
    }
}

/// Returns the text of a content: all of it, or the parts that are texts.
fn content_text(content: &Value) -> String {
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

    fn parts_of(turn: &Turn) -> (&str, bool, Vec<&str>) {
        (&turn.last_text, turn.has_results, turn.called_tools.iter().map(String::as_str).collect())
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
        assert_eq!(parts_of(&Turn::of_chat(&chat)), ("", true, vec!["f", "g"]));
        assert_eq!(parts_of(&Turn::of_chat(&chat[..5])), ("ask", false, vec![]));
        let items = json!([
            {"role": "user", "content": [{"type": "input_text", "text": "ask"}]},
            {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "1"},
            {"type": "function_call_output", "call_id": "1", "output": "done"},
        ]);
        assert_eq!(parts_of(&Turn::of_items(&items)), ("", true, vec!["f"]));
        assert_eq!(parts_of(&Turn::of_items(&json!("ask"))), ("ask", false, vec![]));
        let messages = [
            json!({"role": "user", "content": "ask"}),
            json!({"role": "assistant", "content": [{"type": "tool_use", "name": "f", "id": "1", "input": {}}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "ask"},
                {"type": "text", "text": "and now?"}]}),
        ];
        assert_eq!(parts_of(&Turn::of_messages(&messages)), ("and now?", true, vec!["f"]));
        assert_eq!(parts_of(&Turn::of_messages(&messages[..1])), ("ask", false, vec![]));
    }

    #[test]
    fn who_speaks_behind_results_goes_on_with_them() {
        let user = |text: &str| json!({"role": "user", "content": text});
        let call = |name: &str| json!({"role": "assistant", "tool_calls": [{"function": {"name": name}}]});
        let result = json!({"role": "tool", "content": "x"});
        let chat = [user("ask"), call("f"), result.clone(), user("go on"), call("g"), result, user("go on")];
        assert_eq!(parts_of(&Turn::of_chat(&chat[..4])), ("go on", true, vec!["f"]));
        assert_eq!(parts_of(&Turn::of_chat(&chat)), ("go on", true, vec!["g", "f"]));
        let items = json!([
            {"type": "item_reference", "id": "fc_1"},
            {"type": "function_call_output", "call_id": "1", "output": "done"},
            {"role": "developer", "content": "go on"},
        ]);
        assert_eq!(parts_of(&Turn::of_items(&items)), ("go on", true, vec![]), "what was called can't be seen");
    }
}
