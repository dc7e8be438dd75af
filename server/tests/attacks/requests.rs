//! The parts of a client's request that reach a provider: those it needs, and never a key of ours.

use axum::http::{HeaderMap, Method, StatusCode};
use domain::api_keys::{Level, Secret};

use crate::gateway::{
    stage::{Answer, CHAT, PROVIDER_KEY, Stage},
    upstream::{Upstream, UpstreamRequest},
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const ANSWER: &str = r#"{"usage":{"prompt_tokens":1}}"#;
const BODY: &str = r#"{"model":"gpt-x","messages":[]}"#;

/// Headers about the client's connection, network, browser or credentials, and those that choose among the
/// operator's accounts or turn the request into another one.
const BLOCKED_HEADERS: [(&str, &str); 34] = [
    ("cookie", "a=1"),
    ("cookie2", "a=1"),
    ("proxy-authorization", "Basic eA=="),
    ("x-goog-api-key", "AIza-foreign"),
    ("api-key", "foreign"),
    ("ocp-apim-subscription-key", "foreign"),
    ("x-auth-token", "foreign"),
    ("x-amz-security-token", "foreign"),
    ("openai-organization", "org-1"),
    ("openai-project", "proj-1"),
    ("anthropic-organization-id", "org-1"),
    ("x-goog-user-project", "p"),
    ("x-http-method-override", "DELETE"),
    ("x-http-method", "DELETE"),
    ("x-method-override", "DELETE"),
    ("x-original-url", "/v1/files"),
    ("x-rewrite-url", "/v1/files"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-prefix", "/x"),
    ("forwarded", "for=192.0.2.1"),
    ("x-real-ip", "192.0.2.1"),
    ("true-client-ip", "192.0.2.1"),
    ("cf-connecting-ip", "192.0.2.1"),
    ("via", "1.1 a"),
    ("origin", "https://intranet.example"),
    ("referer", "https://intranet.example/secret-page"),
    ("range", "bytes=0-1"),
    ("if-none-match", "*"),
    ("content-encoding", "identity"),
    ("te", "trailers"),
    ("baggage", "user=mira"),
    ("x-tollhouse-authorization", "Bearer x"),
    ("x-anything-else", "1"),
];

const PASSED_HEADERS: [(&str, &str); 15] = [
    ("accept", "application/json"),
    ("content-type", "application/json"),
    ("user-agent", "OpenAI/Python 3.52.0"),
    ("openai-beta", "assistants=v2"),
    ("anthropic-version", "2023-06-01"),
    ("anthropic-beta", "some-2025-01-01"),
    ("anthropic-dangerous-direct-browser-access", "true"),
    ("idempotency-key", "stainless-python-retry-1"),
    ("x-client-request-id", "1"),
    ("x-stainless-lang", "python"),
    ("x-stainless-retry-count", "0"),
    ("x-app", "cli"),
    ("originator", "codex_cli_rs"),
    ("session_id", "1"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
];

async fn stage() -> (Stage, Upstream) {
    let upstream = Upstream::answering(200, JSON, ANSWER).await;
    (Stage::new(&upstream).await, upstream)
}

fn other_key() -> String {
    Secret::from_digits(Level::Standard, [7; 32]).reveal().to_owned()
}

fn assert_contains_no_key(requests: &[UpstreamRequest], secret: &str) {
    for request in requests {
        let everything = format!("{request:?}");
        assert!(!everything.contains(secret) && !everything.contains(&secret[9..40]), "{everything}");
    }
}

/// Posts with these headers, and without other credentials.
async fn post(stage: &Stage, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    stage.request(Method::POST, path, &[JSON, headers].concat(), body.to_owned()).await
}

#[tokio::test]
async fn only_listed_headers_of_a_request_pass() {
    let (stage, upstream) = stage().await;
    let bearer = format!("Bearer {}", stage.key.secret);
    let private = [("connection", "x-stainless-private"), ("x-stainless-private", "1"), ("authorization", &*bearer)];
    let headers = [&BLOCKED_HEADERS[..], &PASSED_HEADERS, &private].concat();
    assert_eq!(stage.request(Method::POST, CHAT, &headers, BODY).await.status, StatusCode::OK);
    let received = upstream.requests().remove(0).headers;
    for (name, _) in BLOCKED_HEADERS {
        assert!(!received.contains_key(name), "{name} passes");
    }
    for (name, value) in PASSED_HEADERS {
        assert_eq!(received.get(name).map(|value| value.to_str().unwrap()), Some(value), "{name}");
    }
    let rewritten = ["accept-encoding", "authorization", "content-length", "host"];
    let beyond: Vec<_> = names(&received).into_iter().filter(|name| !rewritten.contains(&&**name)).collect();
    let mut expected: Vec<_> = PASSED_HEADERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    expected.sort();
    assert_eq!(beyond, expected);
    assert_eq!(received["authorization"], format!("Bearer {PROVIDER_KEY}").as_str());
}

fn names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_operator_adds_headers_for_a_provider() {
    let answered = [("content-type", "application/json"), ("x-groq-region", "a"), ("x-other", "b")];
    let upstream = Upstream::answering(200, &answered, ANSWER).await;
    let more = format!(
        "[[provider]]\nname = \"router\"\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n\
         request_headers = [\"X-Title\", \"http-*\"]\nanswer_headers = [\"x-groq-*\"]\n\
         [[model]]\nname = \"routed\"\nproviders = [\"router\"]\nservice = \"chat\"\n",
        upstream.address
    );
    let stage = Stage::with(&[&upstream], &more).await;
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", &*bearer), ("x-title", "a"), ("http-referer", "b"), ("x-other", "c")];
    for (model, passes) in [("routed", true), ("gpt-x", false)] {
        let answer = post(&stage, CHAT, &headers, &BODY.replace("gpt-x", model)).await;
        assert_eq!((answer.status, answer.headers.contains_key("x-groq-region")), (StatusCode::OK, passes));
        let received = upstream.requests().pop().unwrap().headers;
        assert_eq!((received.contains_key("x-title"), received.contains_key("http-referer")), (passes, passes));
        assert!(!received.contains_key("x-other") && !answer.headers.contains_key("x-other"));
    }
}

#[tokio::test]
async fn a_key_is_taken_from_wherever_clients_put_it_and_goes_no_further() {
    let (stage, upstream) = stage().await;
    let secret = stage.key.secret.clone();
    let bearer = format!("Bearer {secret}");
    let ways: [&[(&str, &str)]; 9] = [
        &[("authorization", &bearer)],
        &[("x-api-key", &secret)],
        &[("api-key", &secret)],
        &[("x-goog-api-key", &secret)],
        &[("ocp-apim-subscription-key", &secret)],
        &[("authorization", "Bearer sk-foreign"), ("x-api-key", &secret)],
        &[("authorization", "Basic eDp5"), ("x-goog-api-key", &secret)],
        &[("authorization", &bearer), ("x-api-key", "sk-ant-foreign"), ("api-key", "foreign")],
        &[("authorization", &bearer), ("x-api-key", &secret), ("cookie", &secret)],
    ];
    for headers in ways {
        assert_eq!(post(&stage, CHAT, headers, BODY).await.status, StatusCode::OK, "{headers:?}");
    }
    let requests = upstream.requests();
    assert_eq!(requests.len(), ways.len());
    assert_contains_no_key(&requests, &secret);
    assert!(requests.iter().all(|request| !format!("{request:?}").contains("foreign")));
}

#[tokio::test]
async fn a_key_where_it_doesnt_belong_opens_nothing_and_goes_no_further() {
    let (stage, upstream) = stage().await;
    let secret = stage.key.secret.clone();
    let bearer = format!("Bearer {secret}");
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for query in [
        format!("api_key={secret}"),
        format!("key={secret}"),
        format!("a=1&x={secret}&b=2"),
        format!("{secret}=1"),
        format!("api_key={encoded}"),
        format!("api_key={}", secret.replace('_', "%5f")),
    ] {
        for headers in [&[][..], &[("authorization", &*bearer)]] {
            let answer = post(&stage, &format!("{CHAT}?{query}"), headers, BODY).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "invalid_api_key"), "{query}");
            assert!(answer.text().contains("in the URL") && !answer.text().contains(&secret));
        }
    }
    let other = other_key();
    let others_bearer = format!("Bearer {other}");
    let twice = format!("{bearer}, {others_bearer}");
    let ways: [&[(&str, &str)]; 9] = [
        &[("cookie", &secret)],
        &[("authorization", &secret)],
        &[("authorization", &format!("Token {secret}"))],
        &[("proxy-authorization", &bearer)],
        &[("x-auth-token", &secret)],
        &[("authorization", &others_bearer), ("x-api-key", &secret)],
        &[("authorization", &bearer), ("authorization", &others_bearer)],
        &[("authorization", &twice)],
        &[("x-api-key", &secret), ("api-key", &other)],
    ];
    for headers in ways {
        assert_eq!(post(&stage, CHAT, headers, BODY).await.status, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn a_key_in_what_passes_is_left_out_of_it() {
    let (stage, upstream) = stage().await;
    let secret = stage.key.secret.clone();
    let bearer = format!("Bearer {secret}");
    let headers = [
        ("authorization", &*bearer),
        ("user-agent", &*format!("a program with {secret}")),
        ("idempotency-key", &secret),
        ("openai-beta", &format!("x={secret}")),
        ("anthropic-beta", "kept"),
        ("x-stainless-lang", &secret),
    ];
    let body = format!(
        r#"{{"model":"gpt-x","api_key":"{secret}","messages":[{{"role":"user","content":"is {} good?"}}]}}"#,
        other_key()
    );
    let path = format!("{CHAT}?api_key=sk-foreign&api-version=1&key=AIza");
    assert_eq!(post(&stage, &path, &headers, &body).await.status, StatusCode::OK);
    let requests = upstream.requests();
    assert_contains_no_key(&requests, &secret);
    assert_contains_no_key(&requests, &other_key());
    assert_eq!(requests[0].query.as_deref(), Some("api-version=1"));
    assert_eq!(requests[0].headers["anthropic-beta"], "kept");
    let content = requests[0].json()["messages"][0]["content"].as_str().unwrap().to_owned();
    assert_eq!(content, format!("is toll_std_{} good?", "*".repeat(38)));
}
