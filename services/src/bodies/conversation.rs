//! Reads a conversation out of a request and its response.
//!
//! Sources: OpenAI's API reference for chat completions, completions and responses; Anthropic's for messages. Parts
//! of another form are kept as JSON.

use domain::bodies::{BodyMedia, BodySide, Conversation, ConversationTurn, MAX_SHOWN_BYTES, StoredBody, TurnPart};
use serde_json::Value;

use super::elision::elide;

/// Paths whose calls are conversations.
const PATHS: [&str; 4] = ["/v1/chat/completions", "/v1/completions", "/v1/messages", "/v1/responses"];

/// Whether a call of this path can be shown as a conversation.
pub(super) fn is_conversation(path: &str, request: &StoredBody) -> bool {
    PATHS.contains(&path) && request.text.is_some() && !request.cut
}

/// Reads a conversation; `None` if the request isn't complete JSON. A response that isn't is left out.
pub(super) fn read_conversation(request: &StoredBody, response: &StoredBody) -> Option<Conversation> {
    let (request, request_media) = parse(request)?;
    let mut reader = Reader { side: BodySide::Request, media: request_media, turns: Vec::new(), left: MAX_SHOWN_BYTES };
    reader.read_request(&request);
    if let Some((response, media)) = parse(response) {
        (reader.side, reader.media) = (BodySide::Response, media);
        reader.read_response(&response);
    }
    let tools = request["tools"].as_array().into_iter().flatten();
    let name = |tool: &Value| {
        let name = [&tool["function"]["name"], &tool["name"], &tool["type"]].into_iter().find_map(Value::as_str);
        name.map(str::to_owned)
    };
    Some(Conversation { tools: tools.filter_map(name).collect(), shortened: reader.left == 0, turns: reader.turns })
}

fn parse(body: &StoredBody) -> Option<(Value, Vec<BodyMedia>)> {
    let (text, media) = elide(body.text.as_deref()?);
    Some((serde_json::from_str(&text).ok()?, media))
}

struct Reader {
    side: BodySide,
    media: Vec<BodyMedia>,
    turns: Vec<ConversationTurn>,
    /// Bytes of text that may be added.
    left: usize,
}

impl Reader {
    fn read_request(&mut self, request: &Value) {
        for name in ["system", "instructions"] {
            self.add("system", &request[name], name);
        }
        self.add("user", &request["prompt"], "prompt");
        self.read_items(&request["messages"], "/messages");
        match &request["input"] {
            Value::Array(items) if items.iter().all(Value::is_object) => self.read_items(&request["input"], "/input"),
            input => self.add("user", input, "input"),
        }
    }

    fn read_response(&mut self, response: &Value) {
        for (index, choice) in response["choices"].as_array().into_iter().flatten().enumerate() {
            self.add("assistant", &choice["text"], &format!("choices/{index}/text"));
            if choice["message"].is_object() {
                self.read_item(&choice["message"], "assistant", &format!("/choices/{index}/message"));
            }
        }
        self.read_items(&response["output"], "/output");
        self.add("assistant", &response["content"], "content");
        if response["error"].is_object() {
            let text =
                response["error"]["message"].as_str().map_or_else(|| response["error"].to_string(), str::to_owned);
            let text = self.take(&text);
            self.push("error", vec![TurnPart::Text { text }]);
        }
    }

    /// Adds the content in a field of the body, if there is some.
    fn add(&mut self, role: &str, content: &Value, name: &str) {
        let parts = self.read_content(content, &format!("/{name}"));
        self.push(role, parts);
    }

    fn push(&mut self, role: &str, parts: Vec<TurnPart>) {
        if !parts.is_empty() {
            self.turns.push(ConversationTurn { role: role.to_owned(), side: self.side, parts });
        }
    }

    fn read_items(&mut self, items: &Value, at: &str) {
        let role = if self.side == BodySide::Request { "user" } else { "assistant" };
        for (index, item) in items.as_array().into_iter().flatten().enumerate() {
            if self.left == 0 {
                return;
            }
            self.read_item(item, role, &format!("{at}/{index}"));
        }
    }

    /// Reads a message, or another item of a response.
    fn read_item(&mut self, item: &Value, default_role: &str, at: &str) {
        let text = |name: &str| item[name].as_str().unwrap_or_default();
        match text("type") {
            "" | "message" => {
                let role = item["role"].as_str().unwrap_or(default_role);
                let mut parts = Vec::new();
                if let Some(reasoning) =
                    ["reasoning_content", "reasoning"].into_iter().find_map(|name| item[name].as_str())
                {
                    parts.push(TurnPart::Reasoning { text: self.take(reasoning) });
                }
                match (role, &item["content"]) {
                    ("tool" | "function", content) => {
                        let id = item["tool_call_id"].as_str().or(item["name"].as_str()).unwrap_or_default();
                        parts.push(self.tool_result(id, content));
                    }
                    (_, content) => parts.extend(self.read_content(content, &format!("{at}/content"))),
                }
                if let Some(refusal) = item["refusal"].as_str() {
                    parts.push(TurnPart::Refusal { text: self.take(refusal) });
                }
                for call in item["tool_calls"].as_array().into_iter().flatten() {
                    parts.push(self.tool_call(&call["id"], &call["function"]["name"], &call["function"]["arguments"]));
                }
                self.push(role, parts);
            }
            "function_call" | "custom_tool_call" => {
                let arguments = if item["arguments"].is_null() { &item["input"] } else { &item["arguments"] };
                let part = self.tool_call(&item["call_id"], &item["name"], arguments);
                self.push("assistant", vec![part]);
            }
            "function_call_output" | "custom_tool_call_output" => {
                let part = self.tool_result(text("call_id"), &item["output"]);
                self.push("tool", vec![part]);
            }
            "reasoning" => {
                let summary = item["summary"].as_array().into_iter().flatten();
                let summary: Vec<&str> = summary.filter_map(|part| part["text"].as_str()).collect();
                let parts =
                    (!summary.is_empty()).then(|| TurnPart::Reasoning { text: self.take(&summary.join("\n\n")) });
                self.push("assistant", parts.into_iter().collect());
            }
            _ => {
                let part = self.read_block(item, at);
                self.push(default_role, vec![part]);
            }
        }
    }

    fn read_content(&mut self, content: &Value, at: &str) -> Vec<TurnPart> {
        match content {
            Value::Null => Vec::new(),
            Value::String(text) if text.is_empty() => Vec::new(),
            Value::String(text) => vec![TurnPart::Text { text: self.take(text) }],
            Value::Array(blocks) => {
                let blocks = blocks.iter().enumerate();
                blocks.map(|(index, block)| self.read_block(block, &format!("{at}/{index}"))).collect()
            }
            other => vec![self.other(other)],
        }
    }

    fn read_block(&mut self, block: &Value, at: &str) -> TurnPart {
        let text = |name: &str| block[name].as_str().unwrap_or_default();
        let kind = if block.is_string() { "string" } else { text("type") };
        match kind {
            "string" => TurnPart::Text { text: self.take(block.as_str().unwrap_or_default()) },
            "text" | "input_text" | "output_text" => TurnPart::Text { text: self.take(text("text")) },
            "thinking" => TurnPart::Reasoning { text: self.take(text("thinking")) },
            "refusal" => TurnPart::Refusal { text: self.take(text("refusal")) },
            "tool_use" | "server_tool_use" => self.tool_call(&block["id"], &block["name"], &block["input"]),
            "tool_result" => self.tool_result(text("tool_use_id"), &block["content"]),
            _ => match self.media_in(at) {
                Some(media) => TurnPart::Media { media },
                None => match link(block) {
                    Some(url) => TurnPart::Link { url: self.take(url) },
                    None => self.other(block),
                },
            },
        }
    }

    /// The data at this place, or within it.
    fn media_in(&self, at: &str) -> Option<BodyMedia> {
        let is_within = |media: &&BodyMedia| {
            media.pointer.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.media.iter().find(is_within).cloned()
    }

    fn tool_call(&mut self, id: &Value, name: &Value, arguments: &Value) -> TurnPart {
        let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
        TurnPart::ToolCall {
            id: id.as_str().unwrap_or_default().to_owned(),
            name: name.as_str().unwrap_or_default().to_owned(),
            arguments: self.take(&arguments),
        }
    }

    fn tool_result(&mut self, id: &str, content: &Value) -> TurnPart {
        let text = match content {
            Value::String(text) => text.clone(),
            Value::Array(blocks) if blocks.iter().all(|block| block["text"].is_string()) => {
                let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
                texts.join("\n")
            }
            Value::Null => String::new(),
            other => other.to_string(),
        };
        TurnPart::ToolResult { id: id.to_owned(), text: self.take(&text) }
    }

    fn other(&mut self, value: &Value) -> TurnPart {
        TurnPart::Other { text: self.take(&value.to_string()) }
    }

    /// Returns as much of a text as may still be added.
    fn take(&mut self, text: &str) -> String {
        let end = text.floor_char_boundary(self.left);
        self.left = if end < text.len() { 0 } else { self.left - end };
        text[..end].to_owned()
    }
}

/// The URL of a picture or file elsewhere.
fn link(block: &Value) -> Option<&str> {
    let urls = [&block["image_url"]["url"], &block["image_url"], &block["source"]["url"], &block["file_url"]];
    urls.into_iter().find_map(Value::as_str).filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> StoredBody {
        StoredBody { text: Some(value.to_string()), ..StoredBody::default() }
    }

    fn text(text: &str) -> TurnPart {
        TurnPart::Text { text: text.to_owned() }
    }

    fn turns(request: &Value, response: &Value) -> Vec<(String, Vec<TurnPart>)> {
        let conversation = read_conversation(&body(request), &body(response)).unwrap();
        conversation.turns.into_iter().map(|turn| (turn.role, turn.parts)).collect()
    }

    fn turn(role: &str, parts: Vec<TurnPart>) -> (String, Vec<TurnPart>) {
        (role.to_owned(), parts)
    }

    fn call(id: &str, name: &str, arguments: &str) -> TurnPart {
        TurnPart::ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    fn result(id: &str, text: &str) -> TurnPart {
        TurnPart::ToolResult { id: id.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_chat_has_its_roles_tools_and_pictures() {
        let picture = format!("data:image/png;base64,{}", "A".repeat(4_000));
        let request = json!({
            "tools": [{ "type": "function", "function": { "name": "weather" } }],
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": [
                    { "type": "text", "text": "Where?" },
                    { "type": "image_url", "image_url": { "url": picture } },
                    { "type": "image_url", "image_url": { "url": "https://a.example/b.png" } },
                ] },
                { "role": "assistant", "content": null, "tool_calls": [
                    { "id": "t1", "type": "function", "function": { "name": "weather", "arguments": "{\"a\":1}" } },
                ] },
                { "role": "tool", "tool_call_id": "t1", "content": "rain" },
            ],
        });
        let response = json!({ "choices": [{ "message": { "role": "assistant", "content": "It rains." } }] });
        let media = BodyMedia {
            pointer: "/messages/1/content/1/image_url/url".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 3_000,
        };
        let link = TurnPart::Link { url: "https://a.example/b.png".to_owned() };
        assert_eq!(
            turns(&request, &response),
            [
                turn("system", vec![text("Be brief.")]),
                turn("user", vec![text("Where?"), TurnPart::Media { media }, link]),
                turn("assistant", vec![call("t1", "weather", "{\"a\":1}")]),
                turn("tool", vec![result("t1", "rain")]),
                turn("assistant", vec![text("It rains.")]),
            ]
        );
        assert_eq!(read_conversation(&body(&request), &body(&response)).unwrap().tools, ["weather"]);
    }

    #[test]
    fn messages_of_anthropic_have_blocks() {
        let request = json!({
            "system": [{ "type": "text", "text": "Be brief." }],
            "messages": [
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": [{ "type": "tool_use", "id": "t1", "name": "f", "input": { "a": 1 } }] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "t1", "content": [{ "type": "text", "text": "done" }] },
                ] },
            ],
        });
        let response = json!({
            "role": "assistant",
            "content": [{ "type": "thinking", "thinking": "Hm." }, { "type": "text", "text": "Hello" }],
        });
        assert_eq!(
            turns(&request, &response),
            [
                turn("system", vec![text("Be brief.")]),
                turn("user", vec![text("Hi")]),
                turn("assistant", vec![call("t1", "f", "{\"a\":1}")]),
                turn("user", vec![result("t1", "done")]),
                turn("assistant", vec![TurnPart::Reasoning { text: "Hm.".to_owned() }, text("Hello")]),
            ]
        );
    }

    #[test]
    fn responses_have_items() {
        let request = json!({
            "instructions": "Be brief.",
            "input": [
                { "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] },
                { "type": "function_call", "call_id": "t1", "name": "f", "arguments": "{}" },
                { "type": "function_call_output", "call_id": "t1", "output": "done" },
            ],
        });
        let response = json!({ "output": [
            { "type": "reasoning", "summary": [{ "type": "summary_text", "text": "Hm." }] },
            { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "Hello" }] },
        ] });
        assert_eq!(
            turns(&request, &response),
            [
                turn("system", vec![text("Be brief.")]),
                turn("user", vec![text("Hi")]),
                turn("assistant", vec![call("t1", "f", "{}")]),
                turn("tool", vec![result("t1", "done")]),
                turn("assistant", vec![TurnPart::Reasoning { text: "Hm.".to_owned() }]),
                turn("assistant", vec![text("Hello")]),
            ]
        );
        let plain = turns(&json!({ "input": "Hi" }), &json!({ "error": { "message": "No." } }));
        assert_eq!(plain, [turn("user", vec![text("Hi")]), turn("error", vec![text("No.")])]);
    }

    #[test]
    fn a_long_conversation_ends_where_the_page_has_enough() {
        let long = "x".repeat(MAX_SHOWN_BYTES - 1);
        let messages = [long.as_str(), "abc", "never"].map(|text| json!({ "role": "user", "content": text }));
        let conversation = read_conversation(&body(&json!({ "messages": messages })), &StoredBody::default()).unwrap();
        assert!(conversation.shortened);
        let parts: Vec<_> = conversation.turns.into_iter().flat_map(|turn| turn.parts).collect();
        assert_eq!(parts, [text(&long), text("a")]);
    }

    #[test]
    fn an_incomplete_request_is_none_and_anything_else_is_shown_as_it_is() {
        let cut = StoredBody { text: Some("{\"messages\":[".to_owned()), cut: true, ..StoredBody::default() };
        assert_eq!(read_conversation(&cut, &StoredBody::default()), None);
        assert!(
            !is_conversation("/v1/chat/completions", &cut) && !is_conversation("/v1/embeddings", &body(&json!({})))
        );
        let odd =
            turns(&json!({ "messages": [{ "role": 7, "content": [{ "type": "new", "a": 1 }, 5] }, 3] }), &json!(4));
        assert_eq!(odd[0].1[0], TurnPart::Other { text: r#"{"a":1,"type":"new"}"#.to_owned() });
    }
}
