//! Messages, in the form of Anthropic's API reference.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, Question, Wrong, body, fingerprint, json as whole, named_event, tokens, tools::ToolCall, words::Told,
};
use crate::gateway::usage::texts;

#[derive(Deserialize)]
struct Asked {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    max_tokens: Option<i64>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    tool_choice: Value,
}

#[derive(Deserialize)]
struct Message {
    #[expect(dead_code, reason = "it must be there")]
    role: String,
    content: Value,
}

/// How many tokens all texts of a question have.
fn read(question: &Question<'_>) -> Result<i64, Wrong> {
    let mut count = 0;
    texts::find(question.input.json()?, &mut |text| count += tokens(text))?;
    Ok(count)
}

pub(super) fn count(question: &Question<'_>) -> Answer {
    let _: Asked = question.input.parse()?;
    Ok(whole(&json!({"input_tokens": read(question)?})))
}

pub(super) fn answer(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    let Some(last) = asked.messages.last() else {
        return Err(Wrong::about("messages", "messages: at least one message is required"));
    };
    let most = asked.max_tokens.ok_or_else(|| Wrong::about("max_tokens", "max_tokens: Field required"))?;
    if most < 1 {
        return Err(Wrong::about("max_tokens", "max_tokens: must be at least 1"));
    }
    let last = last.content.to_string();
    let seed = fingerprint(last.as_bytes());
    let told = Told::new(seed, most);
    let tool = ToolCall::wanted(&asked.tools, &asked.tool_choice, &last);
    let (input, output) = (read(question)?, tool.as_ref().map_or(told.tokens(), |tool| tokens(&tool.arguments) + 1));
    let usage = |output: i64| match question.reports {
        true => json!({
            "input_tokens": input,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output,
        }),
        false => Value::Null,
    };
    let stop_reason = match (&tool, told.is_cut) {
        (Some(_), _) => "tool_use",
        (None, true) => "max_tokens",
        (None, false) => "end_turn",
    };
    let content = |tool: Option<&ToolCall>, text: &str| match tool {
        Some(tool) => json!({"type": "tool_use", "id": format!("toolu_{seed:016x}"), "name": tool.name, "input": {}}),
        None => json!({"type": "text", "text": text}),
    };
    let message = |content: Vec<Value>, stop_reason: Option<&str>, usage: Value| {
        json!({
            "id": format!("msg_sandbox_{seed:016x}"),
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": null,
            "usage": usage,
        })
    };
    if !asked.stream {
        let mut block = content(tool.as_ref(), &told.text());
        if let Some(tool) = &tool {
            block["input"] = tool.input();
        }
        return Ok(whole(&message(vec![block], Some(stop_reason), usage(output))));
    }
    let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    let mut events = vec![
        json!({"type": "message_start", "message": message(Vec::new(), None, usage(1))}),
        json!({"type": "content_block_start", "index": 0, "content_block": content(tool.as_ref(), "")}),
        json!({"type": "ping"}),
    ];
    match &tool {
        Some(tool) => events.push(delta(json!({"type": "input_json_delta", "partial_json": tool.arguments}))),
        None => events.extend(told.words.iter().map(|word| delta(json!({"type": "text_delta", "text": word})))),
    }
    let mut last = json!({"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": null}});
    if question.reports {
        last["usage"] = json!({"output_tokens": output});
    }
    events.extend([json!({"type": "content_block_stop", "index": 0}), last, json!({"type": "message_stop"})]);
    let events: Vec<Bytes> = events.iter().map(named_event).collect();
    Ok(body(events, "text/event-stream"))
}
