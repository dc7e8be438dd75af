//! Keywords in a schema's descriptions.
//!
//! Anthropic's API supports few keywords, so its SDKs write the others into the description, `{minLength: 6,
//! maxLength: 8}`, and still validate the answer against them. Source: `transform_schema` in
//! `anthropic-sdk-python` and `transformJSONSchema` in `anthropic-sdk-typescript`.

use serde_json::{Map, Value};

/// The keywords that are read from descriptions.
const KEYWORDS: [&str; 12] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
];

/// Adds keywords in descriptions to the schema.
pub(crate) fn with_described_keywords(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(with_described_keywords).collect(),
        Value::Object(map) => Value::Object(with_described_keywords_in_map(map)),
        other => other.clone(),
    }
}

fn with_described_keywords_in_map(map: &Map<String, Value>) -> Map<String, Value> {
    let is_value = |name: &str| matches!(name, "const" | "enum" | "default" | "examples");
    let part = |(name, value): (&String, &Value)| {
        (name.clone(), if is_value(name) { value.clone() } else { with_described_keywords(value) })
    };
    let mut schema: Map<String, Value> = map.iter().map(part).collect();
    for (name, value) in map.get("description").and_then(Value::as_str).map(keywords).unwrap_or_default() {
        schema.entry(name).or_insert(value);
    }
    schema
}

/// Reads the keywords at the end of a description.
fn keywords(description: &str) -> Vec<(&str, Value)> {
    let last = description.rsplit_once("\n\n").map_or(description, |(_, last)| last);
    let Some(mut rest) = last.strip_prefix('{').and_then(|last| last.strip_suffix('}')) else { return Vec::new() };
    let mut found = Vec::new();
    while let Some((name, value)) = rest.split_once(": ") {
        let (value, next) = value.split_at(next_name(value));
        if KEYWORDS.contains(&name) {
            found.push((name, read(value)));
        }
        rest = next.trim_start_matches(", ");
    }
    found
}

/// Finds the position of the next name, with the comma before it.
fn next_name(text: &str) -> usize {
    let is_before_name = |(at, _): &(usize, &str)| {
        let name = text[at + 2..].split_once(": ").map_or("", |(name, _)| name);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    text.match_indices(", ").find(is_before_name).map_or(text.len(), |(at, _)| at)
}

/// Reads a value as JavaScript or Python writes it.
fn read(text: &str) -> Value {
    match text {
        "True" => true.into(),
        "False" => false.into(),
        text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keywords_in_words_count_too() {
        for (description, expected) in [
            ("{minLength: 6, maxLength: 8}", json!({"minLength": 6, "maxLength": 8})),
            ("A code.\n\n{pattern: ^[a-c]{2}, [d]$, title: x}", json!({"pattern": "^[a-c]{2}, [d]$"})),
            (r#"{pattern: "^\\d$", default: None}"#, json!({"pattern": "^\\d$"})),
            ("{uniqueItems: True, minItems: 2}", json!({"uniqueItems": true, "minItems": 2})),
            ("Such as {minLength: 6}.", json!({})),
            ("{}", json!({})),
        ] {
            let found: Map<String, Value> =
                keywords(description).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!(Value::Object(found), expected, "{description}");
        }
        let schema = json!({"properties": {"a": {"type": "string", "description": "{maxLength: 2}", "maxLength": 3}}});
        assert_eq!(
            with_described_keywords(&schema)["properties"]["a"]["maxLength"],
            3,
            "what the schema itself says holds"
        );
    }
}
