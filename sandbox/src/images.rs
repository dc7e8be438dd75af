//! Images, in the form of OpenAI's API reference: always one white pixel, as a PNG in base64.

use serde_json::{Value, json};

use crate::{
    bodies::{body_response, json_response, named_event},
    error::{SandboxError, SandboxResult},
    request::ReceivedRequest,
    seeds::CREATED,
    tokens::tokens,
};

/// A PNG of one white pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4////fwAJ+wP9KobjigAAAABJRU5ErkJggg==";
/// Output tokens of a picture.
const TOKENS_PER_IMAGE: i64 = 64;

pub(super) fn answer(route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
    let text = |name: &str| request.input.text(name);
    let prompt = match (text("prompt"), route) {
        (Some(prompt), _) => prompt,
        (None, "/v1/images/variations") => String::new(),
        (None, _) => return Err(SandboxError::invalid("prompt", "`prompt` must be there.")),
    };
    let count = text("n").map_or(Ok(1), |n| n.parse::<i64>()).ok().filter(|n| (1..=10).contains(n));
    let count = count.ok_or_else(|| SandboxError::invalid("n", "`n` must be 1 to 10."))?;
    let (input_tokens, output_tokens) = (tokens(&prompt), count * TOKENS_PER_IMAGE);
    let usage = match request.reports_usage {
        true => json!({
            "input_tokens": input_tokens,
            "input_tokens_details": {"text_tokens": input_tokens, "image_tokens": 0},
            "output_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        }),
        false => Value::Null,
    };
    if text("stream").is_some_and(|stream| stream == "true") {
        let kind = if route.ends_with("/edits") { "image_edit" } else { "image_generation" };
        let event = |step: &str| {
            json!({
                "type": format!("{kind}.{step}"),
                "b64_json": PIXEL,
                "created_at": CREATED,
                "size": "1024x1024",
                "quality": "low",
                "background": "opaque",
                "output_format": "png",
            })
        };
        let partial_count =
            text("partial_images").and_then(|partial| partial.parse::<i64>().ok()).unwrap_or(0).clamp(0, 3);
        let mut events: Vec<Value> = (0..partial_count).map(|_| event("partial_image")).collect();
        for (index, event) in events.iter_mut().enumerate() {
            event["partial_image_index"] = index.into();
        }
        for _ in 0..count {
            let mut done = event("completed");
            // The usage of all pictures, since the last count wins.
            done["usage"] = usage.clone();
            events.push(done);
        }
        return Ok(body_response(events.iter().map(named_event).collect(), "text/event-stream"));
    }
    let data: Vec<Value> = (0..count).map(|_| json!({"b64_json": PIXEL})).collect();
    let mut document = json!({"created": CREATED, "data": data});
    if request.reports_usage {
        document["usage"] = usage;
    }
    Ok(json_response(&document))
}
