//! Attempts leave traces, and typed secrets don't.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use domain::api_keys::Scope;
use serde_json::{Value, json};

use crate::{
    process::Process,
    world::{Person, World, mistyped, program, text},
};

/// Posts as a page of `site`, the value of `sec-fetch-site`, with the session of `person`.
async fn post(server: &Process, site: &str, person: &Person, path: &str, body: &Value) -> StatusCode {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("sec-fetch-site", site)
        .header(header::COOKIE, format!("tollhouse={}", person.token))
        .body(Body::from(body.to_string()));
    server.send(request.unwrap()).await.status()
}

#[tokio::test]
async fn whatever_is_refused_is_one_kind_of_event_in_log_and_metrics() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let (viewer, stranger) = (&world.viewer, &world.stranger);
    let (verifier, reader) = (world.admin_key(&[Scope::KeysVerify]).await, world.key(&world.owner).await);

    let typed =
        json!({ "input": { "email": "planted-in-the-wrong-field@example.com", "password": "planted-password" } });
    assert_eq!(post(&server, "same-origin", viewer, "/api/accounts/sign_in", &typed).await, 422);
    let known = json!({ "input": { "email": viewer.email, "password": "planted-password" } });
    for _ in 0..11 {
        post(&server, "same-origin", viewer, "/api/accounts/sign_in", &known).await;
    }
    assert_eq!(post(&server, "cross-site", viewer, "/api/accounts/sign_out", &json!({})).await, 403);
    let change = json!({ "organization": "acme", "changes": {} });
    assert_eq!(post(&server, "same-origin", viewer, "/api/organizations/update_settings", &change).await, 403);
    assert_eq!(post(&server, "same-origin", stranger, "/api/organizations/update_settings", &change).await, 404);
    assert_eq!(post(&server, "same-origin", stranger, "/api/planted/path", &json!({})).await, 404);
    let models = async |key: &str| server.call(Method::GET, "/v1/models", key, &Value::Null).await.0;
    assert_eq!(models(&mistyped(&reader.secret)).await, 401);
    let own = world.key(&world.owner).await;
    services::api_keys::revoke(&world.services, &world.owner.actor, &[own.api_key.id]).await.unwrap();
    assert_eq!(models(&own.secret).await, 401);
    assert_eq!(server.call(Method::GET, "/v1/organization/costs", &verifier, &Value::Null).await.0, 403);

    let metrics = text(server.send(program(&Method::GET, "/metrics", None, &Value::Null)).await).await;
    for (kind, count) in [
        ("sign_in_failed", 11),
        ("throttled", 1),
        ("other_site", 1),
        ("forbidden", 2),
        ("not_found", 2),
        ("unknown_key", 1),
        ("refused_key", 1),
    ] {
        let line = format!("tollhouse_security_events_total{{kind=\"{kind}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} isn't in\n{metrics}");
    }
    let log = server.stop().await;
    for part in [
        "kind=\"sign_in_failed\" ip=127.0.0.1 route=\"/api/accounts/sign_in\"",
        "kind=\"throttled\"",
        "kind=\"other_site\" ip=127.0.0.1 route=\"/api/accounts/sign_out\"",
        "kind=\"forbidden\"",
        "route=\"/api/organizations/update_settings\"",
        "route=\"/v1/organization/costs\"",
        &format!("asker={}", own.api_key.id),
    ] {
        assert!(log.contains(part), "{part} isn't in\n{log}");
    }
    for secret in ["planted", &viewer.email, &own.secret, &verifier, &viewer.token] {
        assert!(!log.contains(secret), "{secret} is in\n{log}");
    }
}
