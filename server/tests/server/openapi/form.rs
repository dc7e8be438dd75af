//! The document is valid OpenAPI 3.1, as far as a program can check without a foreign schema of it.

use std::collections::{BTreeMap, BTreeSet};

use domain::api_keys::Scope;
use jsonschema::{Draft, JSONSchema};
use serde_json::{Value, json};

use super::{DOCUMENT, operations};

/// Every `$ref` in `value`.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// What a reference within the document refers to.
pub(super) fn resolved(value: &'static Value) -> &'static Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(value, |pointer| DOCUMENT.pointer(pointer).unwrap())
}

#[test]
fn it_begins_as_a_document_does() {
    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.1."));
    for field in ["title", "version", "description"] {
        assert!(!DOCUMENT["info"][field].as_str().unwrap().is_empty(), "{field}");
    }
}

#[test]
fn every_reference_leads_to_something() {
    let references = references(&DOCUMENT);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(DOCUMENT.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn nothing_is_described_that_nothing_refers_to() {
    let references: BTreeSet<&str> = references(&DOCUMENT).into_iter().collect();
    for kind in ["schemas", "responses"] {
        for name in DOCUMENT["components"][kind].as_object().unwrap().keys() {
            assert!(references.contains(&*format!("#/components/{kind}/{name}")), "{name}");
        }
    }
}

#[test]
fn operations_are_whole() {
    let tags: BTreeSet<&str> =
        DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for operation in operations() {
        let (value, description) = (operation.value, format!("{} {}", operation.method, operation.path));
        let id = value["operationId"].as_str().unwrap();
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{description}: {id}");
        assert!(ids.insert(id), "{description}: {id}");
        let summary = value["summary"].as_str().unwrap();
        assert!(summary.ends_with('.') && !summary.contains('\n'), "{description}: {summary}");
        let own_tags = value["tags"].as_array().unwrap();
        assert!(own_tags.len() == 1 && tags.contains(own_tags[0].as_str().unwrap()), "{description}: {own_tags:?}");

        let in_path = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(operation.parameters("path"), in_path.collect(), "{description}");
        let mut parameters = BTreeSet::new();
        for parameter in value["parameters"].as_array().into_iter().flatten() {
            let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            assert!(parameters.insert((name.to_lowercase(), place)), "{description}: {name}");
            assert!(place != "path" || parameter["required"] == true, "{description}: {name}");
            assert!(parameter["description"].is_string() && parameter["schema"].is_object(), "{description}: {name}");
        }
        let responses = value["responses"].as_object().unwrap();
        assert!(responses.contains_key("200"), "{description}");
        for (status, response) in responses {
            assert!(resolved(response)["description"].is_string(), "{description}: {status}");
        }
    }
}

#[test]
fn security_requirements_name_schemes_and_scopes() {
    let schemes = DOCUMENT["components"]["securitySchemes"].as_object().unwrap();
    for operation in operations() {
        for requirement in operation.value["security"].as_array().into_iter().flatten() {
            let names = requirement.as_object().unwrap().keys();
            assert!(names.clone().count() > 0 && names.clone().all(|name| schemes.contains_key(name)), "{requirement}");
        }
        for scope in operation.scopes() {
            assert!(scope.parse::<Scope>().is_ok(), "{scope}");
        }
    }
}

/// Compiling a schema checks it against JSON Schema's own schema.
#[test]
fn every_schema_is_one() {
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let whole = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
        let compiled = JSONSchema::options().with_draft(Draft::Draft202012).compile(&whole).map(drop);
        compiled.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Fields of types, except for those whose name says it all.
#[test]
fn fields_that_need_words_have_some() {
    const PLAIN: [&str; 21] = [
        "amount",
        "api_key_id",
        "created_at",
        "currency",
        "data",
        "email",
        "error",
        "id",
        "input_tokens",
        "key_id",
        "level",
        "name",
        "object",
        "organization_id",
        "project_id",
        "rate_limits",
        "status",
        "token_type",
        "type",
        "user",
        "valid",
    ];
    let mut without: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            // What may be null besides a type of its own is one of two.
            let parts = property["oneOf"].as_array().into_iter().flatten().chain([property]);
            let is_described = parts.into_iter().any(|part| part["description"].is_string());
            if !is_described && name != "Event" && !PLAIN.contains(&&**field) {
                without.entry(name).or_default().push(field);
            }
        }
    }
    assert!(without.is_empty(), "{without:?}");
}
