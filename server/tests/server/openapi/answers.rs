//! Compares answers, and the requests that they accept, with the document.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    http::{Method, Request, Response, StatusCode, header},
};
use jsonschema::{Draft, JSONSchema};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{DOCUMENT, Operation, form::resolved, operations};

/// Sends a request. If the document has its operation, the answer must be as it says; and so must be the request's
/// body, if it is accepted.
pub(crate) async fn send_checked(router: &Router, request: Request<Body>) -> Response<Body> {
    let Some(operation) = find(request.method(), request.uri().path()) else {
        return router.clone().oneshot(request).await.unwrap();
    };
    let (request, sent) = read_body(request).await;
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let description = format!("{} {}: {}", operation.method, operation.path, parts.status);
    let status = parts.status.as_u16().to_string();
    let documented = &operation.value["responses"][&status];
    assert!(documented.is_object(), "{description} isn't described");
    let content = &resolved(documented)["content"];
    if content.is_null() {
        assert!(bytes.is_empty(), "{description}: {bytes:?}");
    } else if parts.headers[header::CONTENT_TYPE] == "text/csv; charset=utf-8" {
        assert!(content["text/csv"].is_object(), "{description}");
    } else {
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json", "{description}");
        let answer = serde_json::from_slice(&bytes).unwrap();
        check(&format!("{description}, the answer"), &content["application/json"]["schema"], &answer, &ANSWERED);
    }
    let expected = &operation.value["requestBody"]["content"]["application/json"]["schema"];
    // Some events of a batch may be wrong though it is accepted; end2end/sdk/test_events.py checks their schema.
    let is_checked = parts.status == StatusCode::OK && expected.is_object() && operation.path != "/v1/events";
    if let Some(sent) = sent.filter(|_| is_checked) {
        check(&format!("{description}, the request"), expected, &sent, &SENT);
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn find(method: &Method, path: &str) -> Option<&'static Operation> {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations);
    OPERATIONS.iter().find(|operation| operation.method == *method && fits(operation.path, path))
}

/// Whether `path` fits a path of the document. Only `{path}` stands for more than one segment.
fn fits(template: &str, path: &str) -> bool {
    if let Some(start) = template.strip_suffix("{path}") {
        return path.strip_prefix(start).is_some_and(|rest| !rest.is_empty());
    }
    let (parts, segments) = (template.split('/'), path.split('/'));
    parts.clone().count() == segments.clone().count()
        && parts.zip(segments).all(|(part, segment)| part == segment || part.starts_with('{') && !segment.is_empty())
}

/// Reads the body of a request, if it is there as a whole, as JSON.
async fn read_body(request: Request<Body>) -> (Request<Body>, Option<Value>) {
    if request.body().size_hint().exact().is_none_or(|size| size == 0) {
        return (request, None);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let sent = serde_json::from_slice(&bytes).ok();
    (Request::from_parts(parts, Body::from(bytes)), sent)
}

/// Components for requests: as they are in the document.
static SENT: LazyLock<Components> = LazyLock::new(|| Components::new(DOCUMENT["components"].clone()));
/// Components for answers: no object has fields that the document doesn't have. Clients must accept such.
static ANSWERED: LazyLock<Components> = LazyLock::new(|| Components::new(closed(DOCUMENT["components"].clone())));

struct Components {
    value: Value,
    /// Validators by their schema's text.
    validators: Mutex<HashMap<String, Arc<JSONSchema>>>,
}

impl Components {
    fn new(value: Value) -> Self {
        Self { value, validators: Mutex::default() }
    }

    fn validator(&self, schema: &Value) -> Arc<JSONSchema> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({ "components": self.value, "allOf": [schema] });
            Arc::new(JSONSchema::options().with_draft(Draft::Draft202012).compile(&whole).unwrap())
        });
        validator.clone()
    }
}

fn check(description: &str, schema: &Value, value: &Value, components: &Components) {
    assert!(schema.is_object(), "{description} has no schema");
    let validator = components.validator(schema);
    if let Err(errors) = validator.validate(value) {
        let errors: Vec<String> = errors.map(|error| format!("{} at {}", error, error.instance_path)).collect();
        panic!("{description}: {}\n{value}", errors.join("; "));
    }
}

/// The same schemas, without room for more fields.
fn closed(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: serde_json::Map<String, Value> =
                fields.into_iter().map(|(name, field)| (name, closed(field))).collect();
            if fields.get("type") == Some(&json!("object")) && fields.get("properties").is_some_and(Value::is_object) {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            Value::Object(fields)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(closed).collect()),
        value => value,
    }
}

#[test]
#[should_panic(expected = "unexpected")]
fn a_field_that_is_not_described_is_noticed() {
    let answer = json!({ "error": { "message": "", "type": "", "param": null, "code": "", "more": 1 } });
    check("an error", &json!({ "$ref": "#/components/schemas/ErrorDocument" }), &answer, &ANSWERED);
}

#[test]
fn paths_fit_their_templates() {
    for (template, path, expected) in [
        ("/v1/a/{key}", "/v1/a/b", true),
        ("/v1/a/{key}", "/v1/a/b/c", false),
        ("/v1/a/{key}", "/v1/a/", false),
        ("/v1/authz/{path}", "/v1/authz/b/c", true),
        ("/v1/authz/{path}", "/v1/authz", false),
    ] {
        assert_eq!(fits(template, path), expected, "{template} {path}");
    }
}
