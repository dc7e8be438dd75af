//! Calls of tools: the one that is asked for, with arguments of the types that its schema wants.

use serde_json::{Map, Value};

/// What in the last message makes the sandbox call a tool by itself.
const PROMPT: &str = "[sandbox tool]";

/// A tool to be called.
pub(super) struct ToolCall {
    pub(super) name: String,
    /// As a JSON text.
    pub(super) arguments: String,
}

impl ToolCall {
    /// The call that an answer makes, if it makes one. `tools` are those on offer, and `choice` is what was said of them;
    /// both in the form of chat completions, responses, or messages.
    pub(super) fn wanted(tools: &Value, choice: &Value, last: &str) -> Option<Self> {
        let tools = tools.as_array()?;
        let of = |tool: &Value, field: &str| tool["function"].get(field).or_else(|| tool.get(field)).cloned();
        let name = |tool: &Value| of(tool, "name").and_then(|name| name.as_str().map(str::to_owned));
        let named = choice["function"]["name"].as_str().or_else(|| choice["name"].as_str());
        let must = named.is_some()
            || matches!(choice.as_str(), Some("required" | "any"))
            || matches!(choice["type"].as_str(), Some("any" | "required"));
        let may = choice.as_str() != Some("none") && choice["type"].as_str() != Some("none");
        let asked_for = must || may && last.contains(PROMPT);
        if !asked_for {
            return None;
        }
        let tool = match named {
            Some(named) => tools.iter().find(|tool| name(tool).as_deref() == Some(named))?,
            None => tools.iter().find(|tool| name(tool).is_some())?,
        };
        let schema = of(tool, "parameters").or_else(|| of(tool, "input_schema")).unwrap_or_default();
        Some(Self { name: name(tool)?, arguments: example(&schema, 0).to_string() })
    }

    pub(super) fn input(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_default()
    }
}

/// A value that fits a JSON schema, if that is a simple one.
fn example(schema: &Value, depth: usize) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("string") => Value::from("toll"),
        Some("integer" | "number") => Value::from(1),
        Some("boolean") => Value::from(true),
        Some("array") => Value::Array(Vec::new()),
        Some("null") => Value::Null,
        _ => {
            let mut object = Map::new();
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            // A schema that is nested without end isn't followed.
            for name in required.take_while(|_| depth < 8) {
                object.insert(name.to_owned(), example(&schema["properties"][name], depth + 1));
            }
            Value::Object(object)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_is_called_where_that_is_asked_for() {
        let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"]}}}]);
        let called =
            |choice: Value, last: &str| ToolCall::wanted(&tools, &choice, last).map(|call| (call.name, call.arguments));
        let expected = Some(("weather".to_owned(), r#"{"city":"toll","days":1}"#.to_owned()));
        assert_eq!(called(json!("required"), ""), expected);
        assert_eq!(called(json!({"type": "function", "function": {"name": "weather"}}), ""), expected);
        assert_eq!(called(json!("auto"), "please [sandbox tool]"), expected);
        assert_eq!(called(Value::Null, "[sandbox tool]"), expected);
        assert_eq!(called(json!("none"), "[sandbox tool]"), None);
        assert_eq!(called(json!("auto"), "hello"), None);
        assert_eq!(called(json!({"type": "function", "function": {"name": "other"}}), ""), None);
        let messages = json!([{"name": "f", "input_schema": {"type": "object"}}]);
        let call = ToolCall::wanted(&messages, &json!({"type": "any"}), "").unwrap();
        assert_eq!((call.name.as_str(), call.input()), ("f", json!({})));
    }
}
