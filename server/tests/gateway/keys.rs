//! Keys: their scopes and networks, and their running calls when they are revoked or leak.

use axum::http::{Method, Response, StatusCode};
use bytes::Bytes;
use domain::{
    api_keys::{Level, Scope},
    calls::{CountSource, Outcome},
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use patience::{wait_for, wait_until};
use sea_orm::ConnectionTrait;
use services::api_keys::{LeakReport, LeakVerdict, report_leaks};

use super::{
    stage::{Answer, CHAT, EMBEDDINGS, Stage},
    upstream::Upstream,
};

const BODY: &str = r#"{"model":"sandbox-1","messages":[{"role":"user","content":"hello"}]}"#;
const STREAMED: &str = r#"{"model":"gpt-x","stream":true}"#;
const EVENT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";

/// Sends a request to one of the endpoints.
async fn call(stage: &Stage, secret: &str, path: &str, more: &[(&str, &str)]) -> Answer {
    let (method, body) = match path {
        CHAT => (Method::POST, BODY),
        EMBEDDINGS => (Method::POST, r#"{"model":"sandbox-embed","input":"hello"}"#),
        _ => (Method::GET, ""),
    };
    let bearer = format!("Bearer {secret}");
    stage.request(method, path, &[&[("authorization", bearer.as_str())], more].concat(), body).await
}

async fn leak(stage: &Stage) {
    let report = LeakReport { secret: stage.key.secret.clone(), place: String::new() };
    let verdicts = report_leaks(&stage.services, &[report]).await.unwrap();
    assert_eq!(verdicts, [LeakVerdict::Stopped(stage.key.api_key.id)]);
}

async fn piece(response: &mut Response<Incoming>) -> Option<Bytes> {
    response.frame().await.map(|frame| frame.unwrap().into_data().unwrap())
}

#[tokio::test]
async fn each_endpoint_takes_its_scope_and_names_it_where_it_is_missing() {
    let stage = Stage::sandbox().await;
    let endpoints = [
        (CHAT, Scope::Chat),
        (EMBEDDINGS, Scope::Embeddings),
        ("/v1/models", Scope::Models),
        ("/v1/models/sandbox-1", Scope::Models),
    ];
    for (path, scope) in endpoints {
        let others: Vec<Scope> = Scope::of(Level::Standard).iter().copied().filter(|other| *other != scope).collect();
        let with = stage.key(|key| key.scopes = vec![scope]).await.secret;
        let without = stage.key(|key| key.scopes = others).await.secret;
        let read = stage.key(|key| key.level = Level::Read).await.secret;
        assert_eq!(call(&stage, &with, path, &[]).await.status, StatusCode::OK, "{path}");
        for refused in [without, read] {
            let answer = call(&stage, &refused, path, &[]).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (StatusCode::FORBIDDEN, "insufficient_permissions"),
                "{path}"
            );
            assert!(answer.text().contains(&format!("scope {scope}")), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn an_admin_key_without_a_list_may_call_models_and_with_one_only_what_it_says() {
    let stage = Stage::sandbox().await;
    let admin = async |scopes: &[Scope]| {
        stage.key(|key| (key.level, key.project_id, key.scopes) = (Level::Admin, None, scopes.to_vec())).await.secret
    };
    assert_eq!(call(&stage, &admin(&[]).await, CHAT, &[]).await.status, StatusCode::OK);
    assert_eq!(call(&stage, &admin(&[Scope::ApiKeysRead]).await, CHAT, &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_key_is_used_from_its_networks_whatever_a_header_claims() {
    let claims = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"), ("x-real-ip", "203.0.113.9")];
    let stage = Stage::sandbox().await;
    let home = stage.key(|key| key.ip_allowlist = vec!["127.0.0.0/8".parse().unwrap()]).await.secret;
    let away = stage
        .key(|key| key.ip_allowlist = vec!["203.0.113.0/24".parse().unwrap(), "::1".parse().unwrap()])
        .await
        .secret;
    assert_eq!(call(&stage, &home, CHAT, &claims).await.status, StatusCode::OK);
    for path in [CHAT, EMBEDDINGS, "/v1/models"] {
        let refused = call(&stage, &away, path, &claims).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "ip_not_allowed"), "{path}");
        assert!(refused.text().contains("127.0.0.1"), "{}", refused.text());
    }
    let call_in_log = stage.calls().await.into_iter().find(|call| call.error_code == "ip_not_allowed").unwrap();
    assert_eq!((call_in_log.outcome, call_in_log.status), (Outcome::Refused, 403));
}

#[tokio::test]
async fn a_trusted_proxy_is_believed() {
    let proxied = "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]";
    let stage = Stage::with(&[&Upstream::down().await], proxied).await;
    let away = stage.key(|key| key.ip_allowlist = vec!["203.0.113.0/24".parse().unwrap()]).await.secret;
    let by = async |forwarded: &str| call(&stage, &away, CHAT, &[("x-forwarded-for", forwarded)]).await.status;
    assert_eq!(by("203.0.113.9").await, StatusCode::OK);
    // Entries before the last are the client's own claims.
    assert_eq!(by("203.0.113.9, 198.51.100.1").await, StatusCode::FORBIDDEN);
    assert_eq!(by("198.51.100.1, 203.0.113.9").await, StatusCode::OK);
}

#[tokio::test]
async fn who_used_a_key_is_remembered_of_calls_that_were_let_in() {
    let stage = Stage::sandbox().await;
    let narrow = stage.key(|key| key.scopes = vec![Scope::Embeddings]).await;
    call(&stage, &stage.key.secret, CHAT, &[("user-agent", "OpenAI/Python 3.52.0")]).await;
    call(&stage, &narrow.secret, CHAT, &[("user-agent", "nobody/1.0")]).await;
    stage.gateway.flush().await;
    let ids = [stage.key.api_key.id, narrow.api_key.id];
    let uses = services::api_keys::recent_use(&stage.services, &stage.actor, &ids).await.unwrap();
    let clients: Vec<Vec<(&str, &str)>> = uses
        .iter()
        .map(|used| used.clients.iter().map(|client| (client.ip.as_str(), client.agent.as_str())).collect())
        .collect();
    assert_eq!(clients, [vec![("127.0.0.1", "OpenAI/Python 3.52.0")], vec![]]);
}

#[tokio::test]
async fn a_known_key_costs_no_query_and_neither_does_what_is_no_key() {
    let stage = Stage::sandbox().await;
    let rename = async |from: &str, to: &str| {
        let transaction = stage.services.database().begin().await.unwrap();
        transaction.execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
        transaction.commit().await.unwrap();
    };
    let is_admitted = async || call(&stage, &stage.key.secret, "/v1/models", &[]).await.status == StatusCode::OK;
    // A gateway that has just started, or got no changes for a second, looks keys up without caching them.
    wait_until("the key is good though there is no table to look in", async || {
        assert!(is_admitted().await);
        rename("key_directory", "gone").await;
        let is_cached = is_admitted().await;
        if !is_cached {
            rename("gone", "key_directory").await;
        }
        is_cached
    })
    .await;
    wait_until("it is good for many calls", async || {
        for _ in 0..200 {
            if !is_admitted().await {
                return false;
            }
        }
        true
    })
    .await;
    let mistyped = crate::world::mistyped(&stage.key.secret);
    assert_eq!(call(&stage, &mistyped, "/v1/models", &[]).await.status, StatusCode::UNAUTHORIZED);
    let never_created = domain::api_keys::Secret::from_digits(Level::Standard, [9; 32]).reveal().to_owned();
    assert_eq!(call(&stage, &never_created, "/v1/models", &[]).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_stream_of_a_leaked_key_ends_and_says_why() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, STREAMED).await;
    pieces.send(Ok(Bytes::from_static(EVENT.as_bytes()))).await.unwrap();
    assert_eq!(piece(&mut response).await.unwrap(), EVENT);

    leak(&stage).await;
    let error = wait_for("the stream ends", piece(&mut response)).await.unwrap();
    let error: serde_json::Value = serde_json::from_slice(error.strip_prefix(b"data: ").unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "api_key_disabled");
    assert!(piece(&mut response).await.is_none(), "the stream has ended");

    // The connection to the provider is closed as well.
    pieces.closed().await;
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str(), call.status), (Outcome::Interrupted, "api_key_disabled", 200));
    assert_eq!((call.measured, call.used.tokens_out), (CountSource::Estimated, 1));
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_stream_whose_event_is_half_sent_breaks_off_when_its_key_leaks() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, STREAMED).await;
    // Too large to be held back, so that it is relayed piece by piece.
    let begin = Bytes::from([b"data: ".as_slice(), &vec![b'x'; 2 << 20]].concat());
    pieces.send(Ok(begin)).await.unwrap();
    let first = response.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"data: x"));
    leak(&stage).await;
    let mut all = first.to_vec();
    let broken = loop {
        match response.frame().await {
            Some(Ok(frame)) => all.extend_from_slice(&frame.into_data().unwrap()),
            ended => break ended,
        }
    };
    assert!(broken.is_some_and(|frame| frame.is_err()), "the answer seems complete");
    assert!(!all.windows(5).any(|window| window == b"error"));
    assert_eq!(stage.call().await.error_code, "api_key_disabled");
}

#[tokio::test]
async fn a_call_of_a_leaked_key_that_waits_for_its_provider_is_refused() {
    let upstream = Upstream::hanging().await;
    let stage = Stage::new(&upstream).await;
    let pending = stage.post(CHAT, r#"{"model":"gpt-x"}"#);
    let leaked = async {
        // From here only the leak can end the call.
        wait_until("the provider is asked", async || !upstream.requests().is_empty()).await;
        leak(&stage).await;
    };
    let (answer, ()) = wait_for("the call ends", async { futures::join!(pending, leaked) }).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "api_key_disabled"));
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str(), call.status), (Outcome::Interrupted, "api_key_disabled", 401));
    assert_eq!(call.cost, None);
}

#[tokio::test]
async fn a_stream_of_a_revoked_key_goes_on_to_its_end() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, STREAMED).await;
    pieces.send(Ok(Bytes::from_static(EVENT.as_bytes()))).await.unwrap();
    assert_eq!(piece(&mut response).await.unwrap(), EVENT);
    services::api_keys::revoke(&stage.services, &stage.actor, &[stage.key.api_key.id]).await.unwrap();
    wait_until("the key is revoked", async || {
        call(&stage, &stage.key.secret, "/v1/models", &[]).await.status != StatusCode::OK
    })
    .await;
    for event in [EVENT, "data: [DONE]\n\n"] {
        pieces.send(Ok(Bytes::from_static(event.as_bytes()))).await.unwrap();
        assert_eq!(piece(&mut response).await.unwrap(), event);
    }
    drop(pieces);
    assert!(piece(&mut response).await.is_none());
    assert_eq!(stage.calls().await.pop().unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn another_keys_calls_go_on_when_one_leaks() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, STREAMED).await;
    let other = stage.key(|_| {}).await;
    assert_eq!(call(&stage, &other.secret, CHAT, &[]).await.status, StatusCode::OK);
    let report = LeakReport { secret: other.secret.clone(), place: String::new() };
    report_leaks(&stage.services, &[report]).await.unwrap();
    wait_until("the other key has leaked", async || {
        call(&stage, &other.secret, "/v1/models", &[]).await.status != StatusCode::OK
    })
    .await;
    pieces.send(Ok(Bytes::from_static(EVENT.as_bytes()))).await.unwrap();
    assert_eq!(piece(&mut response).await.unwrap(), EVENT);
}
