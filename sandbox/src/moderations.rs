//! Moderations, in the form of OpenAI's API reference. Inputs that contain `[sandbox flagged]` are
//! flagged as harassment.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{bodies::json_response, error::SandboxResult, request::ReceivedRequest, seeds::fingerprint};

const MARKER: &str = "[sandbox flagged]";

const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

#[derive(Deserialize)]
struct ModerationsRequest {
    model: String,
    input: Value,
}

pub(super) fn answer(request: &ReceivedRequest<'_>) -> SandboxResult {
    let parsed: ModerationsRequest = request.input.parse()?;
    let inputs = match &parsed.input {
        // Parts of one input, such as a text with a picture.
        Value::Array(parts) if parts.iter().any(Value::is_object) => vec![parsed.input.clone()],
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    let result = |input: &Value| {
        let flagged = input.to_string().contains(MARKER);
        let all = |value: &dyn Fn(&str) -> Value| -> Map<String, Value> {
            CATEGORIES.iter().map(|name| ((*name).to_owned(), value(name))).collect()
        };
        let hit = |name: &str| flagged && name == "harassment";
        json!({
            "flagged": flagged,
            "categories": all(&|name| hit(name).into()),
            "category_scores": all(&|name| if hit(name) { 0.9.into() } else { 0.001.into() }),
            "category_applied_input_types": all(&|_| json!(["text"])),
        })
    };
    Ok(json_response(&json!({
        "id": format!("modr-sandbox-{:016x}", fingerprint(parsed.input.to_string().as_bytes())),
        "model": parsed.model,
        "results": inputs.iter().map(result).collect::<Vec<_>>(),
    })))
}
