//! Protection of the session's cookie.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::json;

use crate::world::{PASSWORD, World};

const BEHIND_A_PROXY: &str =
    "[[provider]]\nname = \"s\"\nkind = \"sandbox\"\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";

/// A page's request as a proxy forwards it, with this `scheme`.
fn request(path: &str, scheme: &str, cookie: &str, body: &serde_json::Value) -> Request<Body> {
    Request::post(path)
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::CONTENT_TYPE, "application/json")
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-proto", scheme)
        .header("x-forwarded-for", "127.0.0.1")
        .header(header::COOKIE, cookie)
        .body(Body::from(body.to_string()))
        .unwrap()
}

#[tokio::test]
async fn the_session_cookie_is_kept_from_scripts_other_sites_other_hosts_and_plain_http() {
    let world = World::on(None, BEHIND_A_PROXY).await;
    let sign_in = json!({ "input": { "email": world.owner.email, "password": PASSWORD } });
    for (scheme, name, secure) in [("https", "__Host-tollhouse", true), ("http", "tollhouse", false)] {
        let answer = world.send(request("/api/accounts/sign_in", scheme, "", &sign_in)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        let mut parts = cookie.split("; ");
        let (actual_name, token) = parts.next().unwrap().split_once('=').unwrap();
        assert_eq!((actual_name, token.len()), (name, 64), "{cookie}");
        let mut attributes: Vec<_> = parts.collect();
        attributes.sort_unstable();
        let mut expected = vec!["HttpOnly", "Path=/", "SameSite=Lax"];
        expected.extend(secure.then_some("Secure"));
        assert_eq!(attributes, expected, "no Domain, and nothing that outlives the browser");

        let sessions = async |cookie: String| {
            world.send(request("/api/accounts/sessions", scheme, &cookie, &json!({}))).await.status()
        };
        assert_eq!(sessions(format!("{name}={token}")).await, StatusCode::OK);
        // A cookie that another host or plain HTTP could have set is ignored over HTTPS, and vice versa.
        let other = if secure { "tollhouse" } else { "__Host-tollhouse" };
        assert_eq!(sessions(format!("{other}={token}")).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_browser_that_signs_in_again_gets_another_token_and_the_old_one_ends() {
    let world = World::new().await;
    let sign_in = json!({ "input": { "email": world.owner.email, "password": PASSWORD } });
    let old = Some(&*world.owner.token);
    let answer = world.post("/api/accounts/sign_in", old, &sign_in).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    let new = cookie.split_once('=').unwrap().1.split_once(';').unwrap().0;
    assert_eq!(world.post("/api/accounts/sessions", old, &json!({})).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.post("/api/accounts/sessions", Some(new), &json!({})).await.status(), StatusCode::OK);
    // The session also ends if another user signs in with this browser.
    let other = json!({ "input": { "email": world.viewer.email, "password": PASSWORD } });
    assert_eq!(world.post("/api/accounts/sign_in", Some(new), &other).await.status(), StatusCode::OK);
    assert_eq!(world.post("/api/accounts/sessions", Some(new), &json!({})).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn ending_sessions_takes_the_password() {
    let world = World::new().await;
    let token = Some(&*world.owner.token);
    for (path, body) in [
        ("/api/accounts/end_other_sessions", json!({})),
        ("/api/accounts/end_other_sessions", json!({ "confirmation": { "password": "" } })),
        ("/api/accounts/end_other_sessions", json!({ "confirmation": { "password": "not this" } })),
        ("/api/accounts/end_session", json!({ "id": "sess_01h2xcejqtf2nbrexx3vqjhp41" })),
        (
            "/api/accounts/end_session",
            json!({ "id": "sess_01h2xcejqtf2nbrexx3vqjhp41", "confirmation": { "password": "not this" } }),
        ),
    ] {
        let status = world.post(path, token, &body).await.status();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {body}");
    }
}
