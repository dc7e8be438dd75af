//! What may be said to the gateway's paths, and all places where it may refer to something that a provider keeps.

use axum::http::Method;
use serde_json::{Value, json};

use super::asking::Ask;

/// The kinds of things that providers keep, by the names that requests have for them here.
pub(super) const KEPT: [&str; 5] = ["file", "response", "chat", "video", "job"];

/// What is sent to a path.
pub(super) struct Sent {
    /// What succeeds.
    pub(super) plain: Ask,
    /// Refers to something where that is meant: what doesn't exist is refused.
    pub(super) referring: Vec<Ask>,
    /// Names something where nothing is meant to be referred to, such as in a user's name.
    pub(super) straying: Vec<Ask>,
}

/// What makes one of each thing, in an order in which each can be made.
pub(super) fn making() -> Vec<(&'static str, Ask)> {
    let stored = json!({ "model": "chat-x", "store": true, "messages": [{ "role": "user", "content": "a" }] });
    vec![
        ("file", form("/v1/files", FILE)),
        ("response", Ask::new(Method::POST, "/v1/responses", json!({ "model": "chat-x", "input": "a" }))),
        ("chat", Ask::new(Method::POST, "/v1/chat/completions", stored)),
        ("video", Ask::new(Method::POST, "/v1/videos", json!({ "model": "film-x", "prompt": "a" }))),
        (
            "job",
            Ask::new(Method::POST, "/v1/fine_tuning/jobs", json!({ "model": "tune-x", "training_file": "{file}" })),
        ),
    ]
}

/// What is sent to a path of the gateway; nothing where it isn't known.
pub(super) fn sent(method: &Method, path: &'static str) -> Option<Sent> {
    let about = kind(path).map(|kind| path.replace("{id}", &format!("{{{kind}}}")));
    let named = about.as_deref().unwrap_or(path).replace("{*model}", "chat-x");
    if *method == Method::POST {
        return posted(path, &named);
    }
    let ask = |query: &str| Ask { method: method.clone(), ..Ask::get(&format!("{named}{query}")) };
    if path.starts_with("/v1/models") {
        return Some(Sent { plain: ask(""), referring: Vec::new(), straying: Vec::new() });
    }
    if path.contains("{id}") {
        let straying = KEPT.map(|name| ask(&format!("?after={{{name}}}"))).into();
        return Some(Sent { plain: ask(""), referring: Vec::new(), straying });
    }
    // A list that goes on after something.
    let after = ask(&format!("?after={{{}}}", kind(path)?));
    Some(Sent { plain: ask(""), referring: vec![after], straying: Vec::new() })
}

/// What is kept under a path.
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

fn posted(path: &'static str, named: &str) -> Option<Sent> {
    let hello = json!([{ "role": "user", "content": "hello" }]);
    let (plain, referring) = match path {
        "/v1/chat/completions" => {
            let part = json!({ "type": "file", "file": { "file_id": "{file}" } });
            let audio = json!({ "role": "assistant", "content": null });
            let referring = json!({ "messages": [{ "role": "user", "content": [part] }, audio] });
            (json!({ "model": "chat-x", "messages": hello }), vec![referring])
        }
        "/v1/responses" | "/v1/responses/compact" | "/v1/responses/input_tokens" => {
            let parts =
                json!([{ "type": "input_file", "file_id": "{file}" }, { "type": "input_image", "file_id": "{file}" }]);
            let container = json!({ "type": "auto", "file_ids": ["{file}"] });
            let referring = vec![
                json!({ "previous_response_id": "{response}" }),
                json!({ "input": [{ "role": "user", "content": parts }] }),
                json!({ "tools": [{ "type": "code_interpreter", "container": container }] }),
                json!({ "previous_response_id": "{response}", "tools": [{ "type": "x", "file_ids": ["{file}"] }] }),
            ];
            (json!({ "model": "chat-x", "input": "a" }), referring)
        }
        "/v1/messages" | "/v1/messages/count_tokens" => {
            (json!({ "model": "claude-x", "max_tokens": 9, "messages": hello }), Vec::new())
        }
        "/v1/completions" => (json!({ "model": "chat-x", "prompt": "a" }), Vec::new()),
        "/v1/embeddings" => (json!({ "model": "embed-x", "input": "a" }), Vec::new()),
        "/v1/moderations" => (json!({ "model": "chat-x", "input": "a" }), Vec::new()),
        "/v1/images/generations" => (json!({ "model": "image-x", "prompt": "a" }), Vec::new()),
        "/v1/images/edits" => {
            let referring = json!({ "images": [{ "file_id": "{file}" }], "mask": { "file_id": "{file}" } });
            (json!({ "model": "image-x", "prompt": "a" }), vec![referring])
        }
        "/v1/audio/speech" => (json!({ "model": "talk-x", "input": "a", "voice": "alloy" }), Vec::new()),
        "/v1/videos" => {
            (json!({ "model": "film-x", "prompt": "a" }), vec![json!({ "input_reference": { "file_id": "{file}" } })])
        }
        "/v1/fine_tuning/jobs" => {
            let plain = json!({ "model": "tune-x", "training_file": "{file}" });
            (plain, vec![json!({ "training_file": "{file}", "validation_file": "{file}" })])
        }
        "/v1/images/variations" => return Some(formed(path, "image-x")),
        "/v1/audio/transcriptions" | "/v1/audio/translations" => return Some(formed(path, "talk-x")),
        "/v1/files" => return Some(formed(path, "")),
        path if path.ends_with("/remix") => (json!({ "prompt": "b" }), Vec::new()),
        path if path.contains("{id}") => (json!({ "metadata": { "a": "b" } }), Vec::new()),
        _ => return None,
    };
    let ask = |more: &Value| Ask::new(Method::POST, named, with(&plain, more));
    let stray = KEPT.map(|name| format!("{{{name}}}"));
    let [file, response, chat, video, job] = &stray;
    let straying = [
        json!({ "user": file }),
        json!({ "metadata": { "note": response, "more": [chat] } }),
        json!({ "x": { "y": [[{ "z": video }], job] } }),
        json!({ file: 1 }),
    ];
    let mut straying: Vec<Ask> = straying.iter().map(ask).collect();
    straying.extend(KEPT.map(|name| Ask { path: format!("{named}?x={{{name}}}"), ..ask(&json!({})) }));
    // Both forms of a body are taken there.
    if matches!(path, "/v1/images/edits" | "/v1/videos") {
        let model = if path == "/v1/videos" { "film-x" } else { "image-x" };
        let formed = formed(path, model);
        straying.extend(formed.straying);
        straying.push(formed.plain);
    }
    Some(Sent { plain: ask(&json!({})), referring: referring.iter().map(ask).collect(), straying })
}

/// `plain` with more in it.
fn with(plain: &Value, more: &Value) -> Value {
    let all = [plain, more].into_iter().flat_map(|part| part.as_object().unwrap());
    Value::Object(all.map(|(name, value)| (name.clone(), value.clone())).collect())
}

const FILE: &str = "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n\
    --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncontent\r\n--XX--\r\n";

/// What is sent to a path that takes a form.
fn formed(path: &str, model: &str) -> Sent {
    let field =
        |name: &str, value: &str| format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let base = FILE.trim_end_matches("--XX--\r\n").to_owned();
    let base = if model.is_empty() { base } else { base + &field("model", model) };
    let plain = form(path, &format!("{base}--XX--\r\n"));
    let straying = [
        ("file_id", "{file}"),
        ("image[file_id]", "{file}"),
        ("prompt", "{response}"),
        ("input_reference", "{\"file_id\": \"{file}\"}"),
        ("chunking_strategy", "[\"{chat}\", {\"a\": \"{video}\"}]"),
        ("language", "{job}"),
    ];
    let straying = straying.map(|(name, value)| form(path, &format!("{base}{}--XX--\r\n", field(name, value))));
    Sent { plain, referring: Vec::new(), straying: straying.into() }
}

fn form(path: &str, body: &str) -> Ask {
    let headers = vec![("content-type", "multipart/form-data; boundary=XX".to_owned())];
    Ask { method: Method::POST, path: path.to_owned(), headers, body: body.to_owned() }
}
