//! Forms are read as they arrive, and never held in memory.

use axum::{
    body::Body,
    http::{Request, StatusCode},
    response::Response,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use patience::wait_until;

use super::{
    endpoints::MODELS,
    stage::{Answer, CHAT, Stage},
    upstream::Upstream,
};

const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const FORM: &str = "multipart/form-data; boundary=XX";

fn field(name: &str, value: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(content: &str) -> String {
    format!(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \u{e9}.wav\"\r\nContent-Type: audio/wav\r\n\r\n{content}\r\n"
    )
}

async fn send(stage: &Stage, path: &str, kind: &str, body: impl Into<Bytes>) -> Answer {
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
    stage.request(axum::http::Method::POST, path, &headers, body).await
}

#[tokio::test]
async fn a_form_passes_byte_by_byte_but_for_the_model() {
    let upstream = Upstream::answering(200, JSON, r#"{"text":"a","usage":{"type":"duration","seconds":90}}"#).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let form =
        format!("{}{}{}--XX--\r\n", file("RIFF\r\n--XY\0\u{ff}"), field("model", "talk-x"), field("language", "de"));
    let answer = send(&stage, TRANSCRIPTIONS, FORM, form.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let request = upstream.requests().remove(0);
    assert_eq!(request.path, TRANSCRIPTIONS);
    // Except for the boundary, which the client can't predict.
    let boundary =
        request.headers["content-type"].to_str().unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(boundary.len() > 40, "{boundary}");
    let expected = form.replace("--XX\r\n", &format!("--{boundary}\r\n")).replace("--XX--", &format!("--{boundary}--"));
    let expected = expected.replace("talk-x", "talk-x-2026");
    assert_eq!(std::str::from_utf8(&request.body).unwrap(), expected);
    assert_eq!(request.headers["content-length"], expected.len().to_string().as_str());
    let call = stage.call().await;
    assert_eq!((call.used.media_ms, call.cost.unwrap().to_string().as_str()), (90_000, "0.009"));
}

#[tokio::test]
async fn what_a_form_is_decided_by_must_be_there_once() {
    let upstream = Upstream::answering(200, JSON, "{}").await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let form = |parts: &[String]| format!("{}--XX--\r\n", parts.concat());
    let file_as_model = "--XX\r\nContent-Disposition: form-data; name=\"model\"; filename=\"m\"\r\n\r\ntalk-x\r\n";
    for (form, status) in [
        (form(&[field("model", "talk-x"), field("model", "talk-x")]), 400),
        (form(&[field("Model", "talk-x")]), 400),
        (form(&[file_as_model.to_owned()]), 400),
        (form(&[field("model", &"x".repeat(2000))]), 400),
        (form(&[file("a")]), 400),
        (form(&[field("model", "")]), 400),
        (form(&[field("model", "none")]), 404),
        (form(&[field("model", "gpt-x")]), 400),
        (field("model", "talk-x"), 400),
        ("nonsense".to_owned(), 400),
        (form(&vec![field("a", "b"); 300]), 400),
    ] {
        let answer = send(&stage, TRANSCRIPTIONS, FORM, form.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{:.200} {answer:?}", form);
    }
    for kind in [
        "application/json",
        "multipart/form-data",
        "text/plain",
        "multipart/form-data; boundary=XX; boundary=YY",
        "multipart/form-data; boundary=YY; Boundary=XX",
        "multipart/mixed; boundary=XX",
    ] {
        let answer = send(&stage, TRANSCRIPTIONS, kind, form(&[field("model", "talk-x")])).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn no_second_model_hides_in_a_form() {
    let upstream = Upstream::answering(200, JSON, "{}").await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let form = |parts: &[String]| format!("{}--XX--\r\n", parts.concat());
    let part = |head: &str| format!("--XX\r\n{head}\r\n\r\ntalk-y\r\n");
    for head in [
        "Content-Disposition: form-data; Name=\"model\"",
        "Content-Disposition: form-data; NAME=model",
        "Content-Disposition: form-data; name=\"Model\"",
        "Content-Disposition: form-data; name=\"x\"; name=\"model\"",
        "Content-Disposition: form-data; name=\"model\"; name=\"x\"",
        "Content-Disposition: form-data; name=\"x\"; Name=\"model\"",
        "Content-Disposition: form-data; name*=utf-8''model",
        "Content-Disposition: form-data; name=\"x\"; name*=utf-8''model",
        "Content-Disposition: form-data; name=\"model \"",
        "Content-Disposition: form-data; name=\" model\"",
        "Content-Disposition: form-data; name=\"mod\\el\"",
        "Content-Disposition: form-data; name=\"mod%65l\"",
        "Content-Disposition: form-data; name=\"model[]\"",
        "Content-Disposition: form-data; name=\"x\"\r\nContent-Disposition: form-data; name=\"model\"",
        "Content-Disposition: form-data; name=\"x\"; filename=\"a\\\"; name=\"model\"",
        "Content-Disposition: form-data; name=\"x\"\r\nContent-Transfer-Encoding: base64",
        "Content-Disposition: attachment; name=\"model\"",
        "Content-Type: text/plain",
    ] {
        let form = form(&[field("model", "talk-x"), part(head), file("a")]);
        let answer = send(&stage, TRANSCRIPTIONS, FORM, form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{head}");
    }
    assert!(upstream.requests().is_empty());

    // A delimiter for parsers that accept bare line feeds, after the form and within a part.
    let hidden = "\n--XX\nContent-Disposition: form-data; name=\"model\"\n\ntalk-y\n--XX--\n";
    let form = format!("{}{hidden}", form(&[field("model", "talk-x"), field("prompt", hidden), file(hidden)]));
    let answer = send(&stage, TRANSCRIPTIONS, FORM, form).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let request = upstream.requests().remove(0);
    let boundary = request.headers["content-type"].to_str().unwrap().rsplit_once('=').unwrap().1.to_owned();
    let sent = std::str::from_utf8(&request.body).unwrap();
    assert_eq!(sent.matches(&boundary).count(), 4);
    assert!(sent.starts_with(&format!("--{boundary}\r\n")) && sent.ends_with(&format!("--{boundary}--\r\n")));
    assert_eq!(
        sent.split(&boundary)
            .filter(|part| part.starts_with("\r\nContent-Disposition: form-data; name=\"model\""))
            .count(),
        1
    );
}

#[tokio::test]
async fn json_goes_out_as_json_whatever_it_was_called() {
    let upstream = Upstream::answering(200, JSON, "{}").await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let body = r#"{"model":"gpt-x","messages":[]}"#;
    for kind in [
        "application/json; charset=utf-16",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=XX",
    ] {
        assert_eq!(send(&stage, CHAT, kind, body).await.status, StatusCode::OK, "{kind}");
    }
    let bearer = format!("Bearer {}", stage.key.secret);
    let two =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("content-type", "text/plain")];
    assert_eq!(stage.request(axum::http::Method::POST, CHAT, &two, body).await.status, StatusCode::OK);
    for request in upstream.requests() {
        let kinds: Vec<_> = request.headers.get_all("content-type").iter().collect();
        assert_eq!(kinds, ["application/json"]);
    }
    let before = upstream.requests().len();
    for encoding in ["br", "zstd", "identity, gzip", "utf-16"] {
        let headers = [("authorization", bearer.as_str()), ("content-encoding", encoding)];
        let answer = stage.request(axum::http::Method::POST, CHAT, &headers, body).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{encoding}");
    }
    assert_eq!(upstream.requests().len(), before);
}

#[tokio::test]
async fn too_large_a_form_is_refused() {
    let upstream = Upstream::answering(200, JSON, "{}").await;
    let limits = format!("max_upload_bytes = 2000\nmax_spool_bytes = 2000\n{MODELS}");
    let stage = Stage::with(&[&upstream], &limits).await;
    let form = format!("{}{}--XX--\r\n", field("model", "talk-x"), file(&"x".repeat(2_000)));
    let answer = send(&stage, TRANSCRIPTIONS, FORM, form).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"));
    assert!(upstream.requests().is_empty());
}

/// A form of `mebibytes` that is generated as it is sent.
fn large(mebibytes: usize) -> (u64, impl futures::Stream<Item = Result<Frame<Bytes>, std::io::Error>>) {
    let head = Bytes::from(format!("{}{}", field("model", "talk-x"), file("").trim_end_matches("\r\n")));
    let head = [&*head, b"\r\n\r\n"].concat();
    let tail = Bytes::from_static(b"\r\n--XX--\r\n");
    let length = (head.len() + tail.len()) as u64 + ((mebibytes as u64) << 20);
    let piece = Bytes::from(vec![7; 1 << 20]);
    let pieces = stream::iter(std::iter::repeat_n(piece, mebibytes));
    let all = stream::iter([Bytes::from(head)]).chain(pieces).chain(stream::iter([tail]));
    (length, all.map(|bytes| Ok(Frame::data(bytes))))
}

#[tokio::test]
async fn a_large_upload_waits_on_disk_and_leaves_nothing_behind() {
    let upstream = Upstream::new(|request| async move {
        let text = format!(r#"{{"text":"{}","duration":1}}"#, request.body.len());
        Response::builder().header("content-type", "application/json").body(Body::from(text)).unwrap()
    })
    .await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let (length, body) = large(64);
    let request = Request::post(format!("http://{}{TRANSCRIPTIONS}", stage.address))
        .header("authorization", format!("Bearer {}", stage.key.secret))
        .header("content-type", FORM)
        .body(StreamBody::new(body))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    let renamed = "talk-x-2026".len() - "talk-x".len();
    let boundary = upstream.requests()[0].headers["content-type"].to_str().unwrap().rsplit_once('=').unwrap().1.len();
    let bounded = 3 * (boundary - "XX".len());
    assert_eq!(answer["text"], (length + (renamed + bounded) as u64).to_string());
    assert_eq!(stage.call().await.used.media_ms, 1_000);
}

#[tokio::test]
async fn uploads_take_no_more_disk_than_they_may() {
    let upstream = Upstream::hanging().await;
    let limits = format!("max_upload_bytes = 3000000\nmax_spool_bytes = 3000000\n{MODELS}");
    let stage = Stage::with(&[&upstream], &limits).await;
    let form = format!("{}{}--XX--\r\n", field("model", "talk-x"), file(&"x".repeat(2_000_000)));
    let first = send(&stage, TRANSCRIPTIONS, FORM, form.clone());
    let second = async {
        wait_until("the provider is asked", async || !upstream.requests().is_empty()).await;
        send(&stage, TRANSCRIPTIONS, FORM, form.clone()).await
    };
    tokio::select! {
        _ = first => panic!("an answer, though the provider gave none"),
        answer = second => assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE),
    }
}
