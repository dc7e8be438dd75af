//! Calls of tools: selects the requested tool, and generates arguments that fit its schema.

use serde_json::{Value, json};

use crate::{answer_text::pieces, error::SandboxError, schema, tokens::tokens, turn::Turn};

/// The text in the last message that makes the sandbox call a tool without being required to.
const MARKER: &str = "[sandbox tool]";

/// A call of a tool.
#[derive(Clone, Debug)]
pub(super) struct ToolCall {
    pub(super) name: String,
    /// The arguments as JSON, or the text for a custom tool.
    pub(super) arguments: String,
    /// Whether the tool takes a text rather than JSON.
    pub(super) is_custom: bool,
}

/// A tool in a request, in the form of chat completions, responses, or messages.
#[derive(Clone, Copy)]
struct Tool<'a>(&'a Value);

impl<'a> Tool<'a> {
    /// Returns a field of the tool, nested or not.
    fn field(self, name: &str) -> Option<&'a Value> {
        let nested = ["function", "custom"].into_iter().filter_map(|kind| self.0.get(kind)?.get(name));
        nested.chain(self.0.get(name)).next()
    }

    fn name(self) -> Option<&'a str> {
        self.field("name")?.as_str()
    }

    fn schema(self) -> Option<&'a Value> {
        ["parameters", "input_schema"].into_iter().find_map(|name| self.field(name))
    }

    /// Whether the client runs the tool, and its type doesn't determine its arguments.
    fn is_plain(self) -> bool {
        matches!(self.0["type"].as_str(), None | Some("function" | "custom"))
    }

    /// Whether the tool takes a text. Custom tools have no schema; Anthropic uses the same
    /// type for tools with one.
    fn is_custom(self) -> bool {
        self.0["type"] == "custom" && self.schema().is_none()
    }

    /// Generates a text that matches the regular expression of a custom tool, if it has one.
    fn text(self) -> Option<String> {
        let format = self.field("format")?;
        // Chat completions nest it one level deeper.
        let grammar = format.get("grammar").unwrap_or(format);
        let pattern = grammar["definition"].as_str().filter(|_| grammar["syntax"] == "regex")?;
        let filled = schema::fill(&json!({"type": "string", "pattern": format!("^(?:{pattern})$")}))?;
        filled.as_str().map(str::to_owned)
    }
}

/// The parsed `tool_choice`.
struct Choice<'a> {
    is_required: bool,
    is_allowed: bool,
    /// The only tools to choose from.
    names: Option<Vec<&'a str>>,
}

impl<'a> Choice<'a> {
    fn read(choice: &'a Value) -> Self {
        let word = choice.as_str().or_else(|| choice["type"].as_str()).unwrap_or_default();
        if word == "allowed_tools" {
            // Chat completions nest them one level deeper.
            let allowed = choice.get("allowed_tools").unwrap_or(choice);
            let tools = allowed["tools"].as_array().into_iter().flatten();
            let names = tools.filter_map(|tool| Tool(tool).name()).collect();
            return Self { is_required: allowed["mode"] == "required", is_allowed: true, names: Some(names) };
        }
        let named = Tool(choice).name();
        Self {
            is_required: named.is_some() || matches!(word, "required" | "any"),
            is_allowed: word != "none",
            names: named.map(|name| vec![name]),
        }
    }
}

impl ToolCall {
    /// Chooses the call that an answer makes, if any. After results, a tool isn't called again, and none is
    /// called if it can't be seen which tools the results are of: a client that requires a call each time
    /// would repeat for ever.
    pub(super) fn choose(tools: &Value, choice: &Value, turn: &Turn) -> Result<Option<Self>, SandboxError> {
        let choice = Choice::read(choice);
        if turn.has_results && turn.called_tools.is_empty() {
            return Ok(None);
        }
        if !(choice.is_required || choice.is_allowed && turn.last_text.contains(MARKER)) {
            return Ok(None);
        }
        let mut all = tools.as_array().into_iter().flatten().map(Tool);
        let is_candidate = |tool: &Tool<'_>| {
            let Some(name) = tool.name() else { return false };
            let is_named = choice.names.as_ref().map(|names| names.contains(&name));
            let is_repeated = turn.has_results && turn.called_tools.iter().any(|called| called == name);
            is_named.unwrap_or_else(|| tool.is_plain()) && !is_repeated
        };
        let Some(tool) = all.find(is_candidate) else { return Ok(None) };
        let name = tool.name().unwrap_or_default().to_owned();
        if tool.is_custom() {
            let arguments = tool.text().unwrap_or_else(|| "toll".to_owned());
            return Ok(Some(Self { name, arguments, is_custom: true }));
        }
        let schema = tool.schema().map(schema::with_described_keywords).unwrap_or(Value::Bool(true));
        let arguments = schema::fill(&schema).ok_or_else(|| {
            SandboxError::invalid("tools", format!("Nothing is found that fits the schema of {name:?}."))
        })?;
        Ok(Some(Self { name, arguments: arguments.to_string(), is_custom: false }))
    }

    /// Returns the arguments as JSON.
    pub(super) fn input(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_default()
    }

    pub(super) fn tokens(&self) -> i64 {
        tokens(&self.name) + tokens(&self.arguments)
    }

    /// Returns the arguments in pieces for a stream.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &str> {
        pieces(&self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn_with(text: &str) -> Turn {
        Turn { last_text: text.to_owned(), ..Turn::default() }
    }

    fn called(tools: &Value, choice: &Value, turn: &Turn) -> Option<(String, String)> {
        let call = ToolCall::choose(tools, choice, turn).unwrap_or_else(|error| panic!("{}", error.message));
        call.map(|call| (call.name, call.arguments))
    }

    #[test]
    fn a_tool_is_called_where_that_is_asked_for() {
        let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"]}}}]);
        let expected = Some(("weather".to_owned(), r#"{"city":"toll","days":1}"#.to_owned()));
        let allowed = |mode: &str, name: &str| {
            json!({"type": "allowed_tools", "allowed_tools": {"mode": mode,
            "tools": [{"type": "function", "function": {"name": name}}]}})
        };
        for (choice, last, expected) in [
            (json!("required"), "", &expected),
            (json!({"type": "function", "function": {"name": "weather"}}), "", &expected),
            (json!("auto"), "please [sandbox tool]", &expected),
            (Value::Null, "[sandbox tool]", &expected),
            (allowed("required", "weather"), "", &expected),
            (allowed("auto", "weather"), "", &None),
            (allowed("required", "other"), "", &None),
            (json!("none"), "[sandbox tool]", &None),
            (json!("auto"), "hello", &None),
            (json!({"type": "function", "function": {"name": "other"}}), "", &None),
        ] {
            assert_eq!(&called(&tools, &choice, &turn_with(last)), expected, "{choice}");
        }
        let messages = json!([{"type": "web_search_20250305", "name": "web_search"}, {"name": "f", "input_schema": {"type": "object"}}]);
        let call = ToolCall::choose(&messages, &json!({"type": "any"}), &turn_with("")).ok().flatten().unwrap();
        assert_eq!((call.name.as_str(), call.input(), call.is_custom), ("f", json!({}), false));
    }

    #[test]
    fn custom_tools_take_a_text() {
        for custom in
            [json!({"type": "custom", "name": "shell"}), json!({"type": "custom", "custom": {"name": "shell"}})]
        {
            let call = ToolCall::choose(&json!([custom]), &json!("required"), &turn_with("")).ok().flatten().unwrap();
            assert_eq!((call.name.as_str(), call.arguments.as_str(), call.is_custom), ("shell", "toll", true));
        }
        for (syntax, expected) in [("regex", "1-1"), ("lark", "toll")] {
            let grammar = json!({"type": "grammar", "syntax": syntax, "definition": "\\d-\\d"});
            let deeper = json!({"type": "grammar", "grammar": grammar});
            for custom in [
                json!({"type": "custom", "name": "f", "format": grammar}),
                json!({"type": "custom", "custom": {"name": "f", "format": deeper}}),
            ] {
                let expected = Some(("f".to_owned(), expected.to_owned()));
                assert_eq!(called(&json!([custom]), &json!("required"), &turn_with("")), expected, "{custom}");
            }
        }
        let anthropics = json!([{"type": "custom", "name": "f", "input_schema": {"type": "object"}}]);
        let call = ToolCall::choose(&anthropics, &json!({"type": "any"}), &turn_with("")).ok().flatten().unwrap();
        assert!(!call.is_custom);
    }

    #[test]
    fn no_tool_is_called_for_ever() {
        let tools = json!([{"type": "function", "name": "f"}, {"type": "function", "name": "g"}]);
        let after = |names: &[&str]| Turn {
            has_results: true,
            called_tools: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Turn::default()
        };
        let name = |choice: Value, turn: &Turn| called(&tools, &choice, turn).map(|(name, _)| name);
        assert_eq!(name(json!("auto"), &after(&["f"])), None);
        assert_eq!(name(json!("required"), &after(&["f"])).as_deref(), Some("g"));
        assert_eq!(name(json!("required"), &after(&["g", "f"])), None);
        assert_eq!(name(json!({"type": "function", "name": "f"}), &after(&["f"])), None);
        assert_eq!(name(json!({"type": "function", "name": "f"}), &turn_with("")).as_deref(), Some("f"));
        assert_eq!(name(json!("required"), &after(&[])), None, "what was called can't be seen");
    }
}
