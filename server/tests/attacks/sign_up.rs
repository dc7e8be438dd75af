//! Open sign-up.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};

use crate::{
    process::Process,
    world::{PASSWORD, World, json as body},
};

/// A provider that costs money.
const PROVIDER: &str = "[[provider]]\nname = \"up\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";

fn account(name: &str) -> Value {
    let (email, organization) = (format!("{name}@example.com"), format!("{name} & Co"));
    json!({ "name": name, "email": email, "password": PASSWORD, "organization": organization, "time_zone": "UTC" })
}

#[tokio::test]
async fn a_provider_closes_sign_up() {
    let world = World::on(None, PROVIDER).await;
    let input = json!({ "input": account("eve") });
    let refused = world.post("/api/accounts/sign_up", None, &input).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let welcome = body(world.post("/api/accounts/welcome", None, &json!({})).await).await;
    assert_eq!(welcome["sign_up_open"], false);
    let opened = World::on(None, &format!("{PROVIDER}[sign_up]\nopen = true\n")).await;
    assert_eq!(opened.post("/api/accounts/sign_up", None, &input).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_first_owner_comes_in_by_the_code_that_the_operator_is_shown_and_nobody_after_them() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("tollhouse.toml"), PROVIDER).unwrap();
    let database = format!("sqlite://{}?mode=rwc", data.path().join("tollhouse.db").display());
    let server = Process::start(data.path(), &database, "warn").await;
    let code = server.startup_output.split_once("/sign-up?setup=").expect("a link is shown").1.trim().to_owned();
    let sign_up = async |name: &str, setup: Option<&str>| {
        let request = Request::post("/api/accounts/sign_up")
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(json!({ "input": account(name), "setup": setup }).to_string()));
        server.send(request.unwrap()).await.status()
    };
    let wrong = "0".repeat(code.len());
    for setup in [None, Some(""), Some(&*wrong), Some(&code[1..])] {
        assert_eq!(sign_up("eve", setup).await, StatusCode::FORBIDDEN, "{setup:?}");
    }
    assert_eq!(sign_up("mira", Some(&code)).await, StatusCode::OK);
    assert_eq!(sign_up("eve", Some(&code)).await, StatusCode::FORBIDDEN, "it is good for one");
    assert!(!server.stop().await.contains(&code), "the log doesn't tell it");
    let server = Process::start(data.path(), &database, "warn").await;
    assert!(!server.startup_output.contains("setup="), "{}", server.startup_output);
}

#[tokio::test]
async fn accounts_from_one_address_are_counted_and_those_that_were_refused_arent() {
    let sandbox = "[[provider]]\nname = \"s\"\nkind = \"sandbox\"\n";
    let world = World::on(
        None,
        &format!("{sandbox}[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[quotas]\naccounts_per_hour = 3\n"),
    )
    .await;
    let sign_up = async |account: &Value, from: &str| {
        let request = Request::post("/api/accounts/sign_up")
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", from)
            .body(Body::from(json!({ "input": account }).to_string()));
        world.send(request.unwrap()).await.status()
    };
    let mut weak = account("weak");
    weak["password"] = "welcome2026!!".into();
    for _ in 0..5 {
        assert_eq!(sign_up(&weak, "203.0.113.9").await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for name in ["ann", "bob", "cem"] {
        assert_eq!(sign_up(&account(name), "203.0.113.9").await, StatusCode::OK);
    }
    assert_eq!(sign_up(&account("dora"), "203.0.113.9").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_up(&account("dora"), "203.0.113.10").await, StatusCode::OK);
}
