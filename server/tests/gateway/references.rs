//! References in requests must be to the caller's objects, wherever and however they are written.

mod untracked;

use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use domain::api_keys::CreatedApiKey;
use serde_json::json;

use super::{
    stage::{Answer, CHAT, Stage},
    upstream::{Upstream, UpstreamRequest},
};

const RESPONSES: &str = "/v1/responses";

const MODELS: &str = r#"
files_provider = "upstream-0"

[[model]]
name = "draw-x"
providers = ["upstream-0"]
service = "image"

[[model]]
name = "film-x"
providers = ["upstream-0"]
service = "video"

[[model]]
name = "tune-x"
providers = ["upstream-0"]
service = "fine_tuning"
"#;

/// A provider that keeps one object of each kind.
async fn keeper() -> Upstream {
    Upstream::new(|request: UpstreamRequest| {
        let body = match (request.method.as_str(), request.path.trim_start_matches("/v1")) {
            ("POST", "/files") => json!({"id": "file-Theirs1", "object": "file", "bytes": 1}),
            ("POST", "/responses") => json!({"id": "resp_theirs", "usage": {"input_tokens": 1, "output_tokens": 1}}),
            ("POST", "/videos") => json!({"id": "video_theirs", "status": "queued"}),
            ("POST", "/fine_tuning/jobs") | ("GET", "/fine_tuning/jobs/ftjob-own") => {
                json!({"id": "ftjob-own", "status": "running"})
            }
            _ => json!({"object": "list", "data": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
        };
        async move {
            Response::builder().header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
        }
    })
    .await
}

async fn send(stage: &Stage, key: &CreatedApiKey, path: &str, kind: &str, body: impl Into<bytes::Bytes>) -> Answer {
    let bearer = format!("Bearer {}", key.secret);
    stage.request(Method::POST, path, &[("authorization", bearer.as_str()), ("content-type", kind)], body).await
}

async fn post(stage: &Stage, key: &CreatedApiKey, path: &str, body: impl Into<bytes::Bytes>) -> Answer {
    send(stage, key, path, "application/json", body).await
}

/// A stage whose project has a file, a response, and a video; and a key of another project.
async fn neighbours(upstream: &Upstream) -> (Stage, CreatedApiKey) {
    let stage = Stage::with(&[upstream], MODELS).await;
    let file = form(&[("purpose", "user_data"), ("file\"; filename=\"a", "content")]);
    for (path, kind, body) in [
        ("/v1/files", FORM, file.as_str()),
        (RESPONSES, "application/json", r#"{"model":"gpt-x","input":"a"}"#),
        ("/v1/videos", "application/json", r#"{"model":"film-x","prompt":"a"}"#),
    ] {
        let answer = send(&stage, &stage.key, path, kind, body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let other = services::projects::create(&stage.services, &stage.actor, "Other", "").await.unwrap();
    let stranger = stage.key(|key| key.project_id = Some(other.id)).await;
    (stage, stranger)
}

const FORM: &str = "multipart/form-data; boundary=XX";

fn form(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).collect::<String>() + "--XX--\r\n"
}

/// Whether the provider got requests after the first `before` ones.
fn has_requests_since(upstream: &Upstream, before: usize) -> bool {
    upstream.requests().len() != before
}

#[tokio::test]
async fn a_foreign_id_is_refused_wherever_it_stands_and_however_it_is_written() {
    let upstream = keeper().await;
    let (stage, stranger) = neighbours(&upstream).await;
    let before = upstream.requests().len();
    for body in [
        r#"{"model":"gpt-x","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-Theirs1"}]}]}"#,
        r#"{"model":"gpt-x","input":[{"role":"user","content":[{"type":"input_file","some_other_name":"file-Theirs1"}]}]}"#,
        r#"{"model":"gpt-x","input":"a","x":{"y":[[["file-Theirs1"]]]}}"#,
        r#"{"model":"gpt-x","input":"a","attachments":{"file-Theirs1":true}}"#,
        r#"{"model":"gpt-x","input":"a","x":"\u0066ile-Theirs1"}"#,
        r#"{"model":"gpt-x","input":"a","\u0066ile\u005fid":"file-Theirs1"}"#,
        r#"{"model":"gpt-x","input":"a","x":" file-Theirs1\n"}"#,
        r#"{"model":"gpt-x","input":"a","x":"file-theirs1"}"#,
        r#"{"model":"gpt-x","input":"a","x":"FILE-THEIRS1"}"#,
        r#"{"model":"gpt-x","input":"a","x":"file-Theirs1\u0000.pdf"}"#,
        r#"{"model":"gpt-x","input":"a","x":"file%2DTheirs1"}"#,
        r#"{"model":"gpt-x","input":"a","x":"file-own,file-Theirs1"}"#,
        r#"{"model":"gpt-x","input":"a","image_url":"https://api.example/v1/files/file-Theirs1/content?x=1"}"#,
        r#"{"model":"gpt-x","input":"a","stream_options":{"x":"file-Theirs1"}}"#,
        r#"{"model":"gpt-x","input":"a","previous_response_id":"resp_theirs"}"#,
        r#"{"model":"gpt-x","input":"a","conversation_of":"resp_theirs"}"#,
        r#"{"model":"gpt-x","input":"a","metadata":{"x":"video_theirs"}}"#,
        r#"{"model":"gpt-x","input":"a","store":false,"x":"file-Theirs1","x":"no"}"#,
    ] {
        for path in [RESPONSES, CHAT, "/v1/completions", "/v1/responses/compact", "/v1/responses/input_tokens"] {
            let answer = post(&stage, &stranger, path, body).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{path} {body}");
        }
    }
    assert!(!has_requests_since(&upstream, before));
    // The owner may refer to it.
    let own = r#"{"model":"gpt-x","input":"a","x":"file-Theirs1","previous_response_id":"resp_theirs"}"#;
    assert_eq!(post(&stage, &stage.key, RESPONSES, own).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_foreign_file_behind_what_one_parser_reads_and_another_doesnt_is_refused() {
    let upstream = keeper().await;
    let (stage, stranger) = neighbours(&upstream).await;
    let before = upstream.requests().len();
    let reference = r#""input":[{"content":[{"type":"input_file","file_id":"file-Theirs1"}]}]"#;
    let deep = format!("{}{}", "[".repeat(130), "]".repeat(130));
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for oddity in [
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        "1e999",
        "-1e999",
        &"9".repeat(400),
        &deep,
        "NaN",
        "Infinity",
        "01",
        "+1",
        "'a'",
        r#""\x41""#,
        "\"a\tb\"",
        "tru",
        "[1,]",
        "{\"a\":1,}",
        "/* */ 1",
        "\u{a0}1",
    ] {
        for body in [
            format!(r#"{{"model":"gpt-x","user":{oddity},{reference}}}"#),
            format!(r#"{{{reference},"model":"gpt-x","user":{oddity}}}"#),
            format!(r#"{{"model":"gpt-x","metadata":{{"a":{oddity}}}}}"#),
            format!(r#"{{"model":"gpt-x","stream_options":{{"a":{oddity}}}}}"#),
        ] {
            bodies.push(body.into_bytes());
        }
    }
    bodies.push(r#"{"model":"gpt-x","\ud800":1}"#.as_bytes().to_vec());
    for odd in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
        bodies.push([br#"{"model":"gpt-x","user":""#, odd, br#"","#, reference.as_bytes(), b"}"].concat());
    }
    let plain = r#"{"model":"gpt-x","input":"a"}"#;
    bodies.push([b"\xef\xbb\xbf", plain.as_bytes()].concat());
    bodies.push(plain.encode_utf16().flat_map(u16::to_le_bytes).collect());
    bodies.push([plain.as_bytes(), b" {}"].concat());
    bodies.push([plain.as_bytes(), b"\0"].concat());
    for body in bodies {
        let answer = post(&stage, &stranger, RESPONSES, body.clone()).await;
        assert!(
            matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND),
            "{} {}",
            answer.status,
            String::from_utf8_lossy(&body)
        );
        if !String::from_utf8_lossy(&body).contains("file-Theirs1") {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", String::from_utf8_lossy(&body));
        }
    }
    assert!(!has_requests_since(&upstream, before));
    // The deepest nesting and the largest numbers allowed.
    let deepest = format!(
        r#"{{"model":"gpt-x","a":{}{}, "n":[1e308,{},-0.0,1E-400],"s":"\ud83c\udf19"}}"#,
        "[".repeat(127),
        "]".repeat(127),
        "9".repeat(300)
    );
    assert_eq!(post(&stage, &stranger, RESPONSES, deepest).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_foreign_id_in_a_form_is_refused() {
    let upstream = keeper().await;
    let (stage, stranger) = neighbours(&upstream).await;
    let before = upstream.requests().len();
    for (path, model) in [("/v1/images/edits", "draw-x"), ("/v1/videos", "film-x"), ("/v1/files", "")] {
        for (name, value) in [
            ("anything", "file-Theirs1"),
            ("anything", " file-Theirs1 "),
            ("image[file_id]", "file-Theirs1"),
            ("image[]", r#"{"file_id":"file-Theirs1"}"#),
            ("image[]", r#"["\u0066ile-Theirs1"]"#),
            ("image[]", r#""file-Theirs1""#),
            ("file-Theirs1", "a"),
            ("image\"; filename=\"file-Theirs1", "content"),
            ("image\"; filename=\"a", "file-Theirs1\n"),
            ("image\"; filename*=utf-8''file%2DTheirs1; filename=\"b", "content"),
        ] {
            let mut fields = vec![(name, value), ("prompt", "a road")];
            if !model.is_empty() {
                fields.push(("model", model));
            }
            let answer = send(&stage, &stranger, path, FORM, form(&fields)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} {name} {value} {answer:?}");
        }
        // Another file name, and an id within content, are no references.
        let mut fields = vec![("image\"; filename=\"a", "about file-Theirs1"), ("prompt", "about file-Theirs1")];
        fields.extend((!model.is_empty()).then_some(("model", model)));
        assert_eq!(send(&stage, &stranger, path, FORM, form(&fields)).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(upstream.requests().len(), before + 3);
}

#[tokio::test]
async fn a_foreign_id_in_an_address_is_answered_like_an_unknown_one() {
    let upstream = keeper().await;
    let (stage, stranger) = neighbours(&upstream).await;
    let job = r#"{"model":"tune-x","training_file":"file-Theirs1"}"#;
    assert_eq!(post(&stage, &stage.key, "/v1/fine_tuning/jobs", job).await.status, StatusCode::OK);
    let before = upstream.requests().len();
    let bearer = format!("Bearer {}", stranger.secret);
    let get = async |bearer: &str, path: &str| stage.request(Method::GET, path, &[("authorization", bearer)], "").await;
    for (foreign, unknown) in [
        ("/v1/files?after=file-Theirs1", "/v1/files?after=file-nobodys"),
        ("/v1/files/file-Theirs1", "/v1/files/file-nobodys"),
        ("/v1/responses/resp_theirs?x=1", "/v1/responses/resp_nobodys?x=1"),
        ("/v1/videos?after=video_theirs", "/v1/videos?after=video_nobodys"),
    ] {
        let (one, other) = (get(&bearer, foreign).await, get(&bearer, unknown).await);
        assert_eq!((one.status, &one.body), (other.status, &other.body), "{foreign}");
    }
    // A page of an own object's events after a foreign id.
    let own = format!("Bearer {}", stage.key.secret);
    for query in ["after=video_nobodys", "after=file-nobodys"] {
        let answer = get(&own, &format!("/v1/fine_tuning/jobs/ftjob-own/events?{query}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{query}");
    }
    for query in
        ["previous_response_id=resp_theirs", "x=%66ile-Theirs1", "x=1;y=file-Theirs1", "file-Theirs1", "model=gpt-y"]
    {
        let answer = post(&stage, &stranger, &format!("{RESPONSES}?{query}"), r#"{"model":"gpt-x","input":"a"}"#).await;
        assert!(matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), "{query} {}", answer.status);
    }
    assert!(!has_requests_since(&upstream, before));
    assert_eq!(get(&own, "/v1/fine_tuning/jobs/ftjob-own/events?after=ftevent-1&limit=2").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_ordinary_clients_say_goes_through() {
    let upstream = keeper().await;
    let (stage, stranger) = neighbours(&upstream).await;
    for (path, body) in [
        (
            CHAT,
            json!({"model": "gpt-x", "user": "user-1", "messages": [
            {"role": "assistant", "tool_calls": [{"id": "call_abc123", "type": "function", "function": {"name": "get_weather", "arguments": "{\"file_id\":\"x\"}"}}]},
            {"role": "tool", "tool_call_id": "call_abc123", "content": "file-nobodys"}],
            "audio": {"voice": "alloy", "format": "wav"}, "prompt_cache_key": "tenant-7", "metadata": {"conversation": "a-1", "file_id": "x-1"},
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"file_id": {"enum": ["a-1"]}, "conversation": {"const": "c"}}}}}]}),
        ),
        (
            RESPONSES,
            json!({"model": "gpt-x", "prompt_cache_key": "k-1", "input": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "b"},
            {"role": "user", "content": "c"}],
            "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}),
        ),
        (
            "/v1/messages",
            json!({"model": "sandbox-1", "max_tokens": 9, "messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"conversation": "c-1", "file_id": "x-1", "container": "y-1"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "d"}]}],
            "metadata": {"user_id": "u-1"}}),
        ),
        ("/v1/completions", json!({"model": "gpt-x", "prompt": "file-nobodys"})),
    ] {
        let answer = post(&stage, &stranger, path, body.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {answer:?}");
    }
}

#[tokio::test]
async fn a_call_goes_only_to_whoever_keeps_what_it_refers_to() {
    // Two providers that give one id to objects of two owners.
    let (one, other) = (keeper().await, keeper().await);
    let models = r#"
[[model]]
name = "one-x"
providers = ["upstream-0"]
service = "chat"

[[model]]
name = "other-x"
providers = ["upstream-1"]
service = "chat"
"#;
    let stage = Stage::with(&[&one, &other], models).await;
    let project = services::projects::create(&stage.services, &stage.actor, "Other", "").await.unwrap();
    let organization = services::organizations::create(&stage.services, "Second", "UTC").await.unwrap();
    let actor = services::Actor { organization, ..stage.actor.clone() };
    let theirs = services::projects::find(&stage.services, &actor, "default").await.unwrap().id;
    let new_key = domain::api_keys::NewApiKey::plain("web", domain::api_keys::Level::Standard, Some(theirs));
    let second = services::api_keys::create(&stage.services, &actor, new_key).await.unwrap();
    let third = stage.key(|key| key.project_id = Some(project.id)).await;
    let create = |model: &str| format!(r#"{{"model":"{model}","input":"a"}}"#);
    assert_eq!(post(&stage, &stage.key, RESPONSES, create("one-x")).await.status, StatusCode::OK);
    assert_eq!(post(&stage, &second, RESPONSES, create("other-x")).await.status, StatusCode::OK);
    let next = |model: &str| format!(r#"{{"model":"{model}","input":"a","x":"resp_theirs"}}"#);
    // Both providers offer gpt-x.
    for (key, keeper, foreigner, wrong) in [(&stage.key, &one, &other, "other-x"), (&second, &other, &one, "one-x")] {
        for _ in 0..4 {
            let before = (keeper.requests().len(), foreigner.requests().len());
            assert_eq!(post(&stage, key, RESPONSES, next("gpt-x")).await.status, StatusCode::OK);
            assert_eq!((keeper.requests().len(), foreigner.requests().len()), (before.0 + 1, before.1));
        }
        assert_eq!(post(&stage, key, RESPONSES, next(wrong)).await.status, StatusCode::BAD_REQUEST);
    }
    for model in ["one-x", "other-x", "gpt-x"] {
        assert_eq!(post(&stage, &third, RESPONSES, next(model)).await.status, StatusCode::NOT_FOUND, "{model}");
    }
}

#[tokio::test]
async fn so_many_candidates_are_looked_up_and_no_more() {
    let upstream = keeper().await;
    let (stage, stranger) = neighbours(&upstream).await;
    let with = |ids: usize, last: &str| {
        let mut ids: Vec<String> = (0..ids).map(|number| format!("id-{number}")).collect();
        ids.push(last.to_owned());
        json!({"model": "gpt-x", "input": "a", "x": ids}).to_string()
    };
    assert_eq!(post(&stage, &stranger, RESPONSES, with(5_000, "id-own")).await.status, StatusCode::OK);
    assert_eq!(post(&stage, &stranger, RESPONSES, with(5_000, "file-Theirs1")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&stage, &stranger, RESPONSES, with(20_000, "file-Theirs1")).await.status, StatusCode::BAD_REQUEST);
}
