//! Images, in the form of OpenAI's API reference: always one white pixel, as a PNG in base 64.

use serde_json::{Value, json};

use super::{Answer, CREATED, Question, Wrong, body, json as whole, named_event, tokens};

/// A PNG of one white pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4////fwAJ+wP9KobjigAAAABJRU5ErkJggg==";
/// Tokens that a picture takes.
const TOKENS: i64 = 64;

pub(super) fn answer(path: &str, question: &Question<'_>) -> Answer {
    let text = |name: &str| question.input.text(name);
    let prompt = match (text("prompt"), path) {
        (Some(prompt), _) => prompt,
        (None, "/v1/images/variations") => String::new(),
        (None, _) => return Err(Wrong::about("prompt", "`prompt` must be there.")),
    };
    let count = text("n").map_or(Ok(1), |n| n.parse::<i64>()).ok().filter(|n| (1..=10).contains(n));
    let count = count.ok_or_else(|| Wrong::about("n", "`n` must be 1 to 10."))?;
    let (read, drawn) = (tokens(&prompt), count * TOKENS);
    let usage = match question.reports {
        true => json!({
            "input_tokens": read,
            "input_tokens_details": {"text_tokens": read, "image_tokens": 0},
            "output_tokens": drawn,
            "total_tokens": read + drawn,
        }),
        false => Value::Null,
    };
    if text("stream").is_some_and(|stream| stream == "true") {
        let kind = if path.ends_with("/edits") { "image_edit" } else { "image_generation" };
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
        let partial = text("partial_images").and_then(|partial| partial.parse::<i64>().ok()).unwrap_or(0).clamp(0, 3);
        let mut events: Vec<Value> = (0..partial).map(|_| event("partial_image")).collect();
        for (index, event) in events.iter_mut().enumerate() {
            event["partial_image_index"] = index.into();
        }
        for _ in 0..count {
            let mut done = event("completed");
            // What all of them took: the last count holds.
            done["usage"] = usage.clone();
            events.push(done);
        }
        return Ok(body(events.iter().map(named_event).collect(), "text/event-stream"));
    }
    let data: Vec<Value> = (0..count).map(|_| json!({"b64_json": PIXEL})).collect();
    let mut document = json!({"created": CREATED, "data": data});
    if question.reports {
        document["usage"] = usage;
    }
    Ok(whole(&document))
}
