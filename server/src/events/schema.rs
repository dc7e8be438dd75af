//! Schemas of events for the OpenAPI document, from `docs/events.schema.json`.

use serde_json::{Map, Value, json};
use services::events::MAX_EVENTS;

const EVENT: &str = include_str!("../../../docs/events.schema.json");

/// Schemas by their names within the document.
pub(crate) fn schemas() -> Map<String, Value> {
    let reference = |path: &str| json!({ "$ref": format!("#/components/schemas/{path}") });
    let data =
        ["call", "tokens", "video_seconds", "stored_bytes"].map(|kind| reference(&format!("Event/$defs/{kind}")));
    let schemas = [
        ("Event", event()),
        ("EventBatch", json!({ "type": "array", "items": reference("Event"), "maxItems": MAX_EVENTS })),
        ("EventData", json!({ "description": "The `data` of an event whose attributes are headers.", "anyOf": data })),
        ("EventsOrData", json!({ "anyOf": [reference("Event"), reference("EventBatch"), reference("EventData")] })),
        ("RejectedEvents", json!({ "anyOf": [reference("BatchResponse"), reference("ErrorDocument")] })),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// The schema of an event, as a part of the document: its references begin at the document's root.
fn event() -> Value {
    let text = EVENT.replace("\"#/$defs/", "\"#/components/schemas/Event/$defs/");
    // A test reads the document, and so the file.
    let mut schema: Value = serde_json::from_str(&text).unwrap_or_default();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
        schema.remove("$id");
    }
    schema
}
