//! Providers' answers can't act on clients, or reveal the operator's account.

use std::io::Write;

use axum::{
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use bytes::Bytes;
use domain::calls::Outcome;
use http_body_util::BodyExt;

use crate::gateway::{
    stage::{Answer, CHAT, PROVIDER_KEY, Stage},
    upstream::Upstream,
};

const BODY: &str = r#"{"model":"gpt-x","messages":[]}"#;
const STREAMED: &str = r#"{"model":"gpt-x","stream":true}"#;
const EVENTS: &str = "data: {\"choices\":[]}\n\ndata: [DONE]\n\n";

/// Headers that act on browsers, caches, connections or credentials, or reveal the operator's account.
const HARMFUL: [(&str, &str); 36] = [
    ("authorization", "Bearer planted"),
    ("www-authenticate", "Basic realm=planted"),
    ("set-cookie", "a=planted"),
    ("set-cookie2", "a=planted"),
    ("cookie", "a=planted"),
    ("clear-site-data", "\"*\""),
    ("refresh", "0; url=https://planted.example"),
    ("location", "https://planted.example"),
    ("content-location", "https://planted.example"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("access-control-expose-headers", "*"),
    ("content-security-policy-report-only", "default-src *; report-uri https://planted.example"),
    ("strict-transport-security", "max-age=0"),
    ("public-key-pins", "planted"),
    ("link", "<https://planted.example>; rel=preload"),
    ("alt-svc", "h3=\":443\""),
    ("nel", "{}"),
    ("report-to", "{}"),
    ("reporting-endpoints", "a=\"https://planted.example\""),
    ("permissions-policy", "camera=*"),
    ("sourcemap", "https://planted.example"),
    ("x-accel-redirect", "/etc/planted"),
    ("x-sendfile", "/etc/planted"),
    ("x-envoy-upstream-service-time", "5"),
    ("x-powered-by", "planted"),
    ("server", "planted"),
    ("via", "1.1 planted"),
    ("etag", "planted"),
    ("x-ratelimit-remaining-requests", "1"),
    ("anthropic-ratelimit-requests-remaining", "1"),
    ("openai-organization", "planted"),
    ("openai-project", "planted"),
    ("anthropic-organization-id", "planted"),
    ("x-tollhouse-key-id", "planted"),
    ("x-anything-else", "planted"),
];

async fn harmful(status: u16, kind: &'static str, body: &str) -> Upstream {
    let useful = [
        ("content-type", kind),
        ("cache-control", "public, max-age=31536000"),
        ("content-security-policy", "default-src *"),
        ("x-content-type-options", "sniff"),
        ("openai-processing-ms", "5"),
        ("openai-version", "2020-10-01"),
    ];
    Upstream::answering(status, &[&HARMFUL[..], &useful].concat(), body).await
}

fn assert_harmless(headers: &HeaderMap) {
    for (name, _) in HARMFUL {
        assert!(!headers.contains_key(name), "{name} passes");
    }
    assert!(headers.values().all(|value| !value.as_bytes().windows(7).any(|part| part == b"planted")));
    assert_guarded(headers);
}

fn assert_guarded(headers: &HeaderMap) {
    assert_eq!(header(headers, "cache-control"), "no-store");
    assert_eq!(header(headers, "x-content-type-options"), "nosniff");
    let policy = header(headers, "content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

fn status_and_code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

#[tokio::test]
async fn only_listed_headers_of_an_answer_pass_whatever_kind_it_is_of() {
    for (kind, sent, body) in [
        ("application/json", BODY, r#"{"usage":{"prompt_tokens":1}}"#),
        ("text/event-stream", STREAMED, EVENTS),
        ("audio/mpeg", BODY, "sound"),
    ] {
        let stage = Stage::new(&harmful(200, kind, body).await).await;
        let answer = stage.post(CHAT, sent).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, body));
        assert_harmless(&answer.headers);
        assert_eq!(header(&answer.headers, "content-type"), kind);
        assert_eq!(header(&answer.headers, "openai-processing-ms"), "5");
        assert!(answer.id().starts_with("req_"));
    }
    for status in [400, 401, 403, 404, 429, 500] {
        let stage = Stage::with(&[&harmful(status, "application/json", r#"{"error":{}}"#).await], "attempts = 1").await;
        assert_harmless(&stage.post(CHAT, BODY).await.headers);
    }
}

#[tokio::test]
async fn answers_of_our_own_are_guarded_too() {
    let stage = Stage::sandbox().await;
    for path in ["/v1/models", "/v1/nothing", "/v1", "/v1/files/x"] {
        assert_guarded(&stage.request(Method::GET, path, &[], "").await.headers);
    }
}

#[tokio::test]
async fn an_answer_that_is_about_the_gateway_becomes_an_error_of_ours() {
    let planted = r#"{"error":{"message":"planted","code":"planted"}}"#;
    for status in [300, 301, 302, 303, 304, 305, 307, 308, 401, 402, 403, 407, 411, 418, 421, 431, 499, 500, 511, 599] {
        let headers = [("location", "https://planted.example/v1"), ("content-type", "application/json")];
        let upstream = Upstream::answering(status, &headers, planted).await;
        let stage = Stage::with(&[&upstream], "attempts = 1").await;
        for body in [BODY, STREAMED] {
            let answer = stage.post(CHAT, body).await;
            assert_eq!(status_and_code(&answer), (502, "upstream_error".to_owned()), "{status}");
            assert!(!answer.text().contains("planted") && !answer.headers.contains_key("location"), "{answer:?}");
        }
        let calls = stage.calls().await;
        assert!(calls.iter().all(|call| (call.status, call.outcome) == (502, Outcome::Failed)), "{calls:?}");
    }
}

#[tokio::test]
async fn a_connection_isnt_handed_over_to_another_protocol() {
    let headers = [("connection", "upgrade"), ("upgrade", "websocket")];
    let stage = Stage::with(&[&Upstream::answering(101, &headers, "").await], "attempts = 1").await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!(status_and_code(&answer), (502, "upstream_error".to_owned()));
    assert!(!answer.headers.contains_key("upgrade"));
}

#[tokio::test]
async fn the_next_provider_is_asked_where_one_leads_elsewhere_or_refuses_the_gateway() {
    for status in [302, 307, 401, 402, 403, 407] {
        let first = Upstream::answering(status, &[("location", "https://planted.example")], "planted").await;
        let second = Upstream::answering(200, &[], r#"{"usage":{"prompt_tokens":1}}"#).await;
        let stage = Stage::with(&[&first, &second], "").await;
        assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK, "{status}");
        assert_eq!((first.requests().len(), stage.call().await.provider.as_str()), (1, "upstream-1"));
    }
}

#[tokio::test]
async fn an_error_that_calls_itself_an_event_stream_isnt_one() {
    let planted = "data: {\"error\":{\"message\":\"planted\"}}\n\n";
    for (status, expected) in [(400, 400), (401, 502), (403, 502), (404, 404), (429, 429), (500, 502)] {
        let upstream = Upstream::answering(status, &[("content-type", "text/event-stream")], planted).await;
        let stage = Stage::with(&[&upstream], "attempts = 1").await;
        let answer = stage.post(CHAT, STREAMED).await;
        assert_eq!((answer.status.as_u16(), header(&answer.headers, "content-type")), (expected, "application/json"));
        assert!(answer.json()["error"]["message"].is_string() && !answer.text().contains("planted"), "{status}");
        assert_eq!((stage.call().await.streamed, stage.call().await.status), (false, expected));
    }
}

#[tokio::test]
async fn a_stream_that_nobody_asked_for_isnt_passed_on() {
    let stage = Stage::new(&Upstream::answering(200, &[("content-type", "text/event-stream")], EVENTS).await).await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!(status_and_code(&answer), (502, "upstream_error".to_owned()));
    assert_eq!(stage.call().await.cost, None, "what it used isn't known");
}

fn compressed(text: &str) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap().into()
}

#[tokio::test]
async fn what_is_compressed_though_it_is_asked_not_to_is_decoded_and_its_secrets_are_erased() {
    let content =
        format!(r#"{{"choices":[{{"message":{{"content":"{PROVIDER_KEY}"}}}}],"usage":{{"prompt_tokens":7}}}}"#);
    let stars = "*".repeat(PROVIDER_KEY.len());
    for (kind, sent, text) in [
        ("application/json", BODY, content.clone()),
        ("text/event-stream", STREAMED, format!("data: {}\n\ndata: [DONE]\n\n", content.replace("message", "delta"))),
        ("audio/mpeg", BODY, format!("sound {PROVIDER_KEY}")),
    ] {
        let body = compressed(&text);
        let upstream = Upstream::new(move |_| {
            let response = Response::builder().header("content-type", kind).header("content-encoding", "gzip");
            let response = response.body(body.clone().into()).unwrap();
            async { response }
        })
        .await;
        let stage = Stage::new(&upstream).await;
        let answer = stage.post(CHAT, sent).await;
        assert_eq!(
            (answer.status, answer.text()),
            (StatusCode::OK, text.replace(PROVIDER_KEY, &stars).as_str()),
            "{kind}"
        );
        assert!(!answer.headers.contains_key("content-encoding"));
        let call = stage.call().await;
        assert_eq!(call.outcome, Outcome::Succeeded, "{kind}");
        assert!(kind == "audio/mpeg" || call.used.tokens_in == 7, "{kind}");
    }
}

#[tokio::test]
async fn what_cant_be_decoded_isnt_passed_on() {
    for encoding in ["gzip", "br", "zstd", "deflate", "compress", "identity, gzip"] {
        let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
        for (kind, body) in [("application/json", BODY), ("text/event-stream", STREAMED), ("audio/mpeg", BODY)] {
            let headers = [("content-type", kind), headers[1]];
            let stage = Stage::new(&Upstream::answering(200, &headers, "\u{1f}?").await).await;
            assert_eq!(
                status_and_code(&stage.post(CHAT, body).await),
                (502, "upstream_error".to_owned()),
                "{encoding} {kind}"
            );
            assert_ne!(stage.call().await.outcome, Outcome::Succeeded);
        }
    }
}

#[tokio::test]
async fn a_page_in_place_of_an_error_isnt_passed_on() {
    let page = "<html><script>planted</script>";
    let stage = Stage::new(&Upstream::answering(404, &[("content-type", "text/html")], page).await).await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status.as_u16(), header(&answer.headers, "content-type")), (404, "application/json"));
    assert!(!answer.text().contains("planted"));
}

#[tokio::test]
async fn the_operators_secret_is_erased_from_every_answer() {
    let quoted = format!(r#"{{"error":{{"message":"you sent Bearer {PROVIDER_KEY}","code":"{PROVIDER_KEY}"}}}}"#);
    let content = format!(r#"{{"choices":[{{"message":{{"content":"you sent Bearer {PROVIDER_KEY}"}}}}]}}"#);
    for (status, kind) in [
        (200, "application/json"),
        (200, "text/plain"),
        (200, "application/octet-stream"),
        (400, "application/json"),
        (404, "application/json"),
        (429, "application/json"),
        (500, "application/json"),
    ] {
        let headers: [(&'static str, &'static str); 2] = [("content-type", kind), ("openai-version", PROVIDER_KEY)];
        let quoted = if status == 200 { &content } else { &quoted };
        let stage = Stage::with(&[&Upstream::answering(status, &headers, quoted).await], "attempts = 1").await;
        let answer = stage.post(CHAT, BODY).await;
        assert!(!format!("{answer:?}").contains(PROVIDER_KEY), "{status} {kind}");
        assert!(!answer.headers.contains_key("openai-version"));
        if status == 200 {
            assert_eq!(answer.text(), quoted.replace(PROVIDER_KEY, &"*".repeat(PROVIDER_KEY.len())));
        }
        assert!(!stage.call().await.error_code.contains(PROVIDER_KEY));
    }
}

#[tokio::test]
async fn a_secret_is_erased_from_a_stream_wherever_the_network_cut_it() {
    for cut in 0..=PROVIDER_KEY.len() {
        let (upstream, pieces) = Upstream::streaming().await;
        let stage = Stage::new(&upstream).await;
        let (begin, end) = PROVIDER_KEY.split_at(cut);
        for piece in [format!("data: {{\"a\":\"{begin}"), format!("{end}\"}}\n\n"), "data: [DONE]\n\n".to_owned()] {
            pieces.send(Ok(Bytes::from(piece))).await.unwrap();
        }
        drop(pieces);
        let body = stage.post_unread(CHAT, STREAMED).await.into_body().collect().await.unwrap().to_bytes();
        let stars = "*".repeat(PROVIDER_KEY.len());
        assert_eq!(body, format!("data: {{\"a\":\"{stars}\"}}\n\ndata: [DONE]\n\n"), "{cut}");
    }
}

#[tokio::test]
async fn a_busy_provider_is_told_of_without_the_operators_account() {
    let body = r#"{"error":{"message":"Rate limit reached for gpt-x in organization org-AbCdEfGh1234 on tokens per min (TPM): Limit 30000","type":"tokens","code":"rate_limit_exceeded"}}"#;
    let headers =
        [("content-type", "application/json"), ("retry-after", "7"), ("x-should-retry", "false"), ("server", "x")];
    let stage = Stage::new(&Upstream::answering(429, &headers, body).await).await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!(status_and_code(&answer), (429, "rate_limit_exceeded".to_owned()));
    assert!(!answer.text().contains("org-") && !answer.text().contains("30000"), "{}", answer.text());
    assert_eq!((header(&answer.headers, "retry-after"), header(&answer.headers, "x-should-retry")), ("7", "false"));
    assert_eq!(stage.call().await.error_code, "rate_limit_exceeded");
}

#[tokio::test]
async fn an_error_about_the_request_passes_without_the_operators_account() {
    let body = r#"{"error":{"message":"Project `proj_AbCdEfGh1234` of acme-research has no access to gpt-x","code":"model_not_found"}}"#;
    let headers = [("content-type", "application/json"), ("openai-organization", "acme-research")];
    let stage = Stage::new(&Upstream::answering(404, &headers, body).await).await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!(status_and_code(&answer), (404, "model_not_found".to_owned()));
    assert!(answer.text().contains("has no access to gpt-x"));
    assert!(!answer.text().contains("proj_A") && !answer.text().contains("acme"), "{}", answer.text());
}

#[tokio::test]
async fn what_isnt_json_is_saved_and_not_shown() {
    let page = "<html><script>planted</script>";
    for (disposition, expected) in [
        ("inline; filename=\"a b.html\"", "attachment; filename=\"a b.html\""),
        ("inline; filename=\"a\\\"; b.html\"", "attachment"),
        ("inline", "attachment"),
    ] {
        // A file may be an HTML page.
        let upstream = Upstream::new(move |request| async move {
            let response = Response::builder();
            match request.path.ends_with("/content") {
                true => response
                    .header("content-type", "text/html")
                    .header("content-disposition", disposition)
                    .body(page.into()),
                false => response
                    .header("content-type", "application/json")
                    .body(r#"{"id":"file-1","object":"file"}"#.into()),
            }
            .unwrap()
        })
        .await;
        let stage = Stage::with(&[&upstream], "files_provider = \"upstream-0\"").await;
        let bearer = format!("Bearer {}", stage.key.secret);
        let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=XX")];
        let form = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--XX--\r\n";
        stage.request(Method::POST, "/v1/files", &headers, form).await;
        let answer = stage.request(Method::GET, "/v1/files/file-1/content", &headers[..1], "").await;
        assert_eq!((answer.text(), header(&answer.headers, "content-disposition")), (page, expected));
        assert_guarded(&answer.headers);
    }
    let stage = Stage::new(&Upstream::answering(200, &[("content-type", "text/html")], page).await).await;
    assert_eq!(status_and_code(&stage.post(CHAT, BODY).await), (502, "upstream_error".to_owned()));
}
