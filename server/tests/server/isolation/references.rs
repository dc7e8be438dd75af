//! Requests for the gateway's paths, with all places that may refer to a provider's object.

use axum::http::Method;
use serde_json::{Value, json};

use super::asking::RequestTemplate;

/// The kinds of objects that providers store, by their names in requests here.
pub(super) const OBJECT_KINDS: [&str; 5] = ["file", "response", "chat", "video", "job"];

/// The requests for one path.
pub(super) struct PathRequests {
    /// A request that succeeds.
    pub(super) plain: RequestTemplate,
    /// Requests with valid references: a nonexistent object is refused.
    pub(super) with_references: Vec<RequestTemplate>,
    /// Requests with ids in places that aren't references, such as in a user's name.
    pub(super) with_stray_ids: Vec<RequestTemplate>,
}

/// Requests that create one object of each kind, in a possible order.
pub(super) fn creation_requests() -> Vec<(&'static str, RequestTemplate)> {
    let stored = json!({ "model": "chat-x", "store": true, "messages": [{ "role": "user", "content": "a" }] });
    vec![
        ("file", form("/v1/files", FILE)),
        ("response", RequestTemplate::new(Method::POST, "/v1/responses", json!({ "model": "chat-x", "input": "a" }))),
        ("chat", RequestTemplate::new(Method::POST, "/v1/chat/completions", stored)),
        ("video", RequestTemplate::new(Method::POST, "/v1/videos", json!({ "model": "film-x", "prompt": "a" }))),
        (
            "job",
            RequestTemplate::new(
                Method::POST,
                "/v1/fine_tuning/jobs",
                json!({ "model": "tune-x", "training_file": "{file}" }),
            ),
        ),
    ]
}

/// The requests for a path of the gateway; `None` if it isn't known.
pub(super) fn path_requests(method: &Method, path: &'static str) -> Option<PathRequests> {
    let object_path = kind(path).map(|kind| path.replace("{id}", &format!("{{{kind}}}")));
    let named_path = object_path.as_deref().unwrap_or(path).replace("{*model}", "chat-x");
    if *method == Method::POST {
        return post_requests(path, &named_path);
    }
    let template = |query: &str| RequestTemplate {
        method: method.clone(),
        ..RequestTemplate::get(&format!("{named_path}{query}"))
    };
    if path.starts_with("/v1/models") {
        return Some(PathRequests { plain: template(""), with_references: Vec::new(), with_stray_ids: Vec::new() });
    }
    if path.contains("{id}") {
        let with_stray_ids = OBJECT_KINDS.map(|name| template(&format!("?after={{{name}}}"))).into();
        return Some(PathRequests { plain: template(""), with_references: Vec::new(), with_stray_ids });
    }
    // A list that continues after an object.
    let after = template(&format!("?after={{{}}}", kind(path)?));
    Some(PathRequests { plain: template(""), with_references: vec![after], with_stray_ids: Vec::new() })
}

/// The kind of objects under a path.
fn kind(path: &str) -> Option<&'static str> {
    [
        ("/v1/files", "file"),
        ("/v1/responses", "response"),
        ("/v1/chat/completions", "chat"),
        ("/v1/videos", "video"),
        ("/v1/fine_tuning/jobs", "job"),
    ]
    .into_iter()
    .find_map(|(start, name)| path.starts_with(start).then_some(name))
}

fn post_requests(path: &'static str, named_path: &str) -> Option<PathRequests> {
    let hello = json!([{ "role": "user", "content": "hello" }]);
    let (plain, with_references) = match path {
        "/v1/chat/completions" => {
            let part = json!({ "type": "file", "file": { "file_id": "{file}" } });
            let audio = json!({ "role": "assistant", "content": null });
            let with_references = json!({ "messages": [{ "role": "user", "content": [part] }, audio] });
            (json!({ "model": "chat-x", "messages": hello }), vec![with_references])
        }
        "/v1/responses" | "/v1/responses/compact" | "/v1/responses/input_tokens" => {
            let parts =
                json!([{ "type": "input_file", "file_id": "{file}" }, { "type": "input_image", "file_id": "{file}" }]);
            let container = json!({ "type": "auto", "file_ids": ["{file}"] });
            let with_references = vec![
                json!({ "previous_response_id": "{response}" }),
                json!({ "input": [{ "role": "user", "content": parts }] }),
                json!({ "tools": [{ "type": "code_interpreter", "container": container }] }),
                json!({ "previous_response_id": "{response}", "tools": [{ "type": "x", "file_ids": ["{file}"] }] }),
            ];
            (json!({ "model": "chat-x", "input": "a" }), with_references)
        }
        "/v1/messages" | "/v1/messages/count_tokens" => {
            (json!({ "model": "claude-x", "max_tokens": 9, "messages": hello }), Vec::new())
        }
        "/v1/completions" => (json!({ "model": "chat-x", "prompt": "a" }), Vec::new()),
        "/v1/embeddings" => (json!({ "model": "embed-x", "input": "a" }), Vec::new()),
        "/v1/moderations" => (json!({ "model": "chat-x", "input": "a" }), Vec::new()),
        "/v1/images/generations" => (json!({ "model": "image-x", "prompt": "a" }), Vec::new()),
        "/v1/images/edits" => {
            let with_references = json!({ "images": [{ "file_id": "{file}" }], "mask": { "file_id": "{file}" } });
            (json!({ "model": "image-x", "prompt": "a" }), vec![with_references])
        }
        "/v1/audio/speech" => (json!({ "model": "talk-x", "input": "a", "voice": "alloy" }), Vec::new()),
        "/v1/videos" => {
            (json!({ "model": "film-x", "prompt": "a" }), vec![json!({ "input_reference": { "file_id": "{file}" } })])
        }
        "/v1/fine_tuning/jobs" => {
            let plain = json!({ "model": "tune-x", "training_file": "{file}" });
            (plain, vec![json!({ "training_file": "{file}", "validation_file": "{file}" })])
        }
        "/v1/images/variations" => return Some(form_requests(path, "image-x")),
        "/v1/audio/transcriptions" | "/v1/audio/translations" => return Some(form_requests(path, "talk-x")),
        "/v1/files" => return Some(form_requests(path, "")),
        path if path.ends_with("/remix") => (json!({ "prompt": "b" }), Vec::new()),
        path if path.contains("{id}") => (json!({ "metadata": { "a": "b" } }), Vec::new()),
        _ => return None,
    };
    let template = |more: &Value| RequestTemplate::new(Method::POST, named_path, with(&plain, more));
    let stray = OBJECT_KINDS.map(|name| format!("{{{name}}}"));
    let [file, response, chat, video, job] = &stray;
    let with_stray_ids = [
        json!({ "user": file }),
        json!({ "metadata": { "note": response, "more": [chat] } }),
        json!({ "x": { "y": [[{ "z": video }], job] } }),
        json!({ file: 1 }),
    ];
    let mut with_stray_ids: Vec<RequestTemplate> = with_stray_ids.iter().map(template).collect();
    with_stray_ids.extend(
        OBJECT_KINDS.map(|name| RequestTemplate { path: format!("{named_path}?x={{{name}}}"), ..template(&json!({})) }),
    );
    // These paths accept both kinds of body.
    if matches!(path, "/v1/images/edits" | "/v1/videos") {
        let model = if path == "/v1/videos" { "film-x" } else { "image-x" };
        let requests = form_requests(path, model);
        with_stray_ids.extend(requests.with_stray_ids);
        with_stray_ids.push(requests.plain);
    }
    Some(PathRequests {
        plain: template(&json!({})),
        with_references: with_references.iter().map(template).collect(),
        with_stray_ids,
    })
}

/// `plain` with more fields.
fn with(plain: &Value, more: &Value) -> Value {
    let all = [plain, more].into_iter().flat_map(|part| part.as_object().unwrap());
    Value::Object(all.map(|(name, value)| (name.clone(), value.clone())).collect())
}

const FILE: &str = "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n\
    --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncontent\r\n--XX--\r\n";

/// The requests for a path that takes a form.
fn form_requests(path: &str, model: &str) -> PathRequests {
    let field =
        |name: &str, value: &str| format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let base = FILE.trim_end_matches("--XX--\r\n").to_owned();
    let base = if model.is_empty() { base } else { base + &field("model", model) };
    let plain = form(path, &format!("{base}--XX--\r\n"));
    let with_stray_ids = [
        ("file_id", "{file}"),
        ("image[file_id]", "{file}"),
        ("prompt", "{response}"),
        ("input_reference", "{\"file_id\": \"{file}\"}"),
        ("chunking_strategy", "[\"{chat}\", {\"a\": \"{video}\"}]"),
        ("language", "{job}"),
    ];
    let with_stray_ids =
        with_stray_ids.map(|(name, value)| form(path, &format!("{base}{}--XX--\r\n", field(name, value))));
    PathRequests { plain, with_references: Vec::new(), with_stray_ids: with_stray_ids.into() }
}

fn form(path: &str, body: &str) -> RequestTemplate {
    let headers = vec![("content-type", "multipart/form-data; boundary=XX".to_owned())];
    RequestTemplate { method: Method::POST, path: path.to_owned(), headers, body: body.to_owned() }
}
