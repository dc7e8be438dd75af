//! Replaces copies of named schemas by references: utoipa writes the argument of a generic type, and the types of
//! parameters that are described by hand, in place.

use serde_json::{Map, Value, json};

/// Replaces all copies of named schemas in a document.
pub(super) fn replace_copies(document: &mut Value) {
    let Some(named) = document.pointer("/components/schemas").and_then(Value::as_object).cloned() else { return };
    let Some(document) = document.as_object_mut() else { return };
    for (section, value) in document {
        if section != "components" {
            replace(value, &named);
        } else if let Some(schemas) = value.pointer_mut("/schemas").and_then(Value::as_object_mut) {
            // The schemas themselves stay.
            schemas.values_mut().for_each(|schema| replace_within(schema, &named));
        }
    }
}

fn replace(value: &mut Value, named: &Map<String, Value>) {
    match named.iter().find(|(_, schema)| *schema == value) {
        Some((name, _)) => *value = json!({ "$ref": format!("#/components/schemas/{name}") }),
        None => replace_within(value, named),
    }
}

fn replace_within(value: &mut Value, named: &Map<String, Value>) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, named)),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, named)),
        _ => {}
    }
}
