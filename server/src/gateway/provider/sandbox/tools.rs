//! Calls of tools: the one that is asked for, with arguments that fit its schema.

use serde_json::{Value, json};

use super::{Wrong, answer_text::pieces, schema, tokens, turn::Turn};

/// What in the last message makes the sandbox call a tool by itself.
const PROMPT: &str = "[sandbox tool]";

/// A tool to be called.
#[derive(Clone, Debug)]
pub(super) struct ToolCall {
    pub(super) name: String,
    /// A JSON text; of a custom tool, any text.
    pub(super) arguments: String,
    /// Whether it is one that takes a text rather than JSON.
    pub(super) is_custom: bool,
}

/// A tool on offer, in the form of chat completions, responses, or messages.
#[derive(Clone, Copy)]
struct Tool<'a>(&'a Value);

impl<'a> Tool<'a> {
    /// A field, wherever the form has it.
    fn field(self, name: &str) -> Option<&'a Value> {
        let within = ["function", "custom"].into_iter().filter_map(|kind| self.0.get(kind)?.get(name));
        within.chain(self.0.get(name)).next()
    }

    fn name(self) -> Option<&'a str> {
        self.field("name")?.as_str()
    }

    fn schema(self) -> Option<&'a Value> {
        ["parameters", "input_schema"].into_iter().find_map(|name| self.field(name))
    }

    /// Whether it is the client who runs it, and it isn't one whose arguments only its name tells.
    fn is_plain(self) -> bool {
        matches!(self.0["type"].as_str(), None | Some("function" | "custom"))
    }

    /// Custom tools have no schema; Anthropic's word for those that do is the same.
    fn is_custom(self) -> bool {
        self.0["type"] == "custom" && self.schema().is_none()
    }

    /// A text of the regular expression that a custom tool's must be of, if there is one.
    fn text(self) -> Option<String> {
        let format = self.field("format")?;
        // Chat completions have it one level deeper.
        let grammar = format.get("grammar").unwrap_or(format);
        let pattern = grammar["definition"].as_str().filter(|_| grammar["syntax"] == "regex")?;
        let filled = schema::fill(&json!({"type": "string", "pattern": format!("^(?:{pattern})$")}))?;
        filled.as_str().map(str::to_owned)
    }
}

/// What is to be called.
struct Choice<'a> {
    must: bool,
    may: bool,
    /// The only ones that come into question.
    names: Option<Vec<&'a str>>,
}

impl<'a> Choice<'a> {
    fn read(choice: &'a Value) -> Self {
        let word = choice.as_str().or_else(|| choice["type"].as_str()).unwrap_or_default();
        if word == "allowed_tools" {
            // Chat completions have them one level deeper.
            let allowed = choice.get("allowed_tools").unwrap_or(choice);
            let tools = allowed["tools"].as_array().into_iter().flatten();
            let names = tools.filter_map(|tool| Tool(tool).name()).collect();
            return Self { must: allowed["mode"] == "required", may: true, names: Some(names) };
        }
        let named = Tool(choice).name();
        Self {
            must: named.is_some() || matches!(word, "required" | "any"),
            may: word != "none",
            names: named.map(|name| vec![name]),
        }
    }
}

impl ToolCall {
    /// The call that an answer makes, if it makes one. Where results have come, a tool isn't called once more, and none
    /// where it can't be seen which they are of: a client that must have a call each time would ask for ever.
    pub(super) fn wanted(tools: &Value, choice: &Value, turn: &Turn) -> Result<Option<Self>, Wrong> {
        let choice = Choice::read(choice);
        if turn.has_results && turn.called.is_empty() {
            return Ok(None);
        }
        if !(choice.must || choice.may && turn.said.contains(PROMPT)) {
            return Ok(None);
        }
        let mut all = tools.as_array().into_iter().flatten().map(Tool);
        let comes_into_question = |tool: &Tool<'_>| {
            let Some(name) = tool.name() else { return false };
            let is_named = choice.names.as_ref().map(|names| names.contains(&name));
            let is_again = turn.has_results && turn.called.iter().any(|called| called == name);
            is_named.unwrap_or_else(|| tool.is_plain()) && !is_again
        };
        let Some(tool) = all.find(comes_into_question) else { return Ok(None) };
        let name = tool.name().unwrap_or_default().to_owned();
        if tool.is_custom() {
            let arguments = tool.text().unwrap_or_else(|| "toll".to_owned());
            return Ok(Some(Self { name, arguments, is_custom: true }));
        }
        let schema = tool.schema().map(schema::spelled_out).unwrap_or(Value::Bool(true));
        let arguments = schema::fill(&schema)
            .ok_or_else(|| Wrong::about("tools", format!("Nothing is found that fits the schema of {name:?}.")))?;
        Ok(Some(Self { name, arguments: arguments.to_string(), is_custom: false }))
    }

    /// The arguments as JSON.
    pub(super) fn input(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_default()
    }

    pub(super) fn tokens(&self) -> i64 {
        tokens(&self.name) + tokens(&self.arguments)
    }

    /// The arguments as they are streamed.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &str> {
        pieces(&self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Turn {
        Turn { said: text.to_owned(), ..Turn::default() }
    }

    fn called(tools: &Value, choice: &Value, turn: &Turn) -> Option<(String, String)> {
        let call = ToolCall::wanted(tools, choice, turn).unwrap_or_else(|wrong| panic!("{}", wrong.message));
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
            assert_eq!(&called(&tools, &choice, &said(last)), expected, "{choice}");
        }
        let messages = json!([{"type": "web_search_20250305", "name": "web_search"}, {"name": "f", "input_schema": {"type": "object"}}]);
        let call = ToolCall::wanted(&messages, &json!({"type": "any"}), &said("")).ok().flatten().unwrap();
        assert_eq!((call.name.as_str(), call.input(), call.is_custom), ("f", json!({}), false));
    }

    #[test]
    fn custom_tools_take_a_text() {
        for custom in
            [json!({"type": "custom", "name": "shell"}), json!({"type": "custom", "custom": {"name": "shell"}})]
        {
            let call = ToolCall::wanted(&json!([custom]), &json!("required"), &said("")).ok().flatten().unwrap();
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
                assert_eq!(called(&json!([custom]), &json!("required"), &said("")), expected, "{custom}");
            }
        }
        let anthropics = json!([{"type": "custom", "name": "f", "input_schema": {"type": "object"}}]);
        let call = ToolCall::wanted(&anthropics, &json!({"type": "any"}), &said("")).ok().flatten().unwrap();
        assert!(!call.is_custom);
    }

    #[test]
    fn no_tool_is_called_for_ever() {
        let tools = json!([{"type": "function", "name": "f"}, {"type": "function", "name": "g"}]);
        let after = |names: &[&str]| Turn {
            has_results: true,
            called: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Turn::default()
        };
        let name = |choice: Value, turn: &Turn| called(&tools, &choice, turn).map(|(name, _)| name);
        assert_eq!(name(json!("auto"), &after(&["f"])), None);
        assert_eq!(name(json!("required"), &after(&["f"])).as_deref(), Some("g"));
        assert_eq!(name(json!("required"), &after(&["g", "f"])), None);
        assert_eq!(name(json!({"type": "function", "name": "f"}), &after(&["f"])), None);
        assert_eq!(name(json!({"type": "function", "name": "f"}), &said("")).as_deref(), Some("f"));
        assert_eq!(name(json!("required"), &after(&[])), None, "what was called can't be seen");
    }
}
