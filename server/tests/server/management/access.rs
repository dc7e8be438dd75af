//! Who may call what: every path of the management API, by everybody, about everything.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use domain::{
    api_keys::{Level, Life, Scope},
    ids::ApiKeyId,
};
use serde_json::{Value, json};
use server::{management, router::PUBLIC_PATHS};

use crate::world::{World, command_line, json as body, program};

const NOBODYS_KEY: &str = "key_01h2xcejqtf2nbrexx3vqjhp41";
const NOBODYS_PROJECT: &str = "proj_01h2xcejqtf2nbrexx3vqjhp41";

const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";
const ADMIN_KEY: &str = "/v1/organization/admin_api_keys/{key}";
const PROJECT_KEYS: &str = "/v1/organization/projects/{project}/api_keys";
const PROJECT_KEY: &str = "/v1/organization/projects/{project}/api_keys/{key}";

/// Every path, with the scope that it takes; none for what answers anybody.
const MATRIX: &[(&str, &str, Option<Scope>)] = &[
    ("GET", ADMIN_KEYS, Some(Scope::AdminApiKeysRead)),
    ("POST", ADMIN_KEYS, Some(Scope::AdminApiKeysWrite)),
    ("GET", ADMIN_KEY, Some(Scope::AdminApiKeysRead)),
    ("POST", ADMIN_KEY, Some(Scope::AdminApiKeysWrite)),
    ("DELETE", ADMIN_KEY, Some(Scope::AdminApiKeysWrite)),
    ("GET", "/v1/organization/admin_api_keys/{key}/descendants", Some(Scope::AdminApiKeysRead)),
    ("POST", "/v1/organization/admin_api_keys/{key}/rotate", Some(Scope::AdminApiKeysWrite)),
    ("POST", "/v1/organization/admin_api_keys/{key}/grace", Some(Scope::AdminApiKeysWrite)),
    ("GET", PROJECT_KEYS, Some(Scope::ApiKeysRead)),
    ("POST", PROJECT_KEYS, Some(Scope::ApiKeysWrite)),
    ("GET", PROJECT_KEY, Some(Scope::ApiKeysRead)),
    ("POST", PROJECT_KEY, Some(Scope::ApiKeysWrite)),
    ("DELETE", PROJECT_KEY, Some(Scope::ApiKeysWrite)),
    ("POST", "/v1/organization/projects/{project}/api_keys/{key}/rotate", Some(Scope::ApiKeysWrite)),
    ("POST", "/v1/organization/projects/{project}/api_keys/{key}/grace", Some(Scope::ApiKeysWrite)),
    ("GET", "/v1/organization/usage/completions", Some(Scope::UsageRead)),
    ("GET", "/v1/organization/usage/embeddings", Some(Scope::UsageRead)),
    ("GET", "/v1/organization/costs", Some(Scope::UsageRead)),
    ("POST", "/v1/keys/report-leak", None),
    ("POST", "/v1/events", Some(Scope::EventsWrite)),
    ("POST", "/v1/keys/verify", Some(Scope::KeysVerify)),
    ("GET", "/v1/authz", Some(Scope::Authz)),
    ("GET", "/v1/authz/{*path}", Some(Scope::Authz)),
];

/// A request for an entry of the matrix.
struct Asked {
    method: Method,
    path: String,
    body: Value,
}

impl Asked {
    /// About the project and the key that are named. What is asked makes sense for them.
    fn new((method, path, scope): (&str, &str, Option<Scope>), project: impl ToString, key: impl ToString) -> Self {
        let body = match (method, path) {
            ("POST", ADMIN_KEYS) => json!({ "name": "k", "scopes": [Scope::AdminApiKeysWrite] }),
            ("POST", PROJECT_KEYS) => json!({ "name": "k", "level": "read" }),
            ("POST", ADMIN_KEY | PROJECT_KEY) => json!({ "name": "renamed" }),
            ("POST", path) if path.ends_with("/rotate") => json!({ "grace_seconds": 60 }),
            ("POST", path) if path.ends_with("/grace") => json!({ "grace_seconds": 0 }),
            ("POST", "/v1/keys/verify") => json!({ "key": "wrong" }),
            ("POST", _) => json!([]),
            _ => Value::Null,
        };
        let query = if scope == Some(Scope::UsageRead) { "?start_time=1700000000&limit=1" } else { "" };
        let path = path
            .replace("{*path}", "v1/embeddings")
            .replace("{project}", &project.to_string())
            .replace("{key}", &key.to_string());
        Self { method: method.parse().unwrap(), path: path + query, body }
    }

    async fn by(&self, world: &World, key: Option<&str>) -> (StatusCode, Value) {
        let response = if self.path.starts_with("/v1/authz") {
            world.send(asked_by_a_proxy(world, &self.path, key).await).await
        } else {
            world.call(&self.method, &self.path, key, &self.body).await
        };
        let status = response.status();
        assert!(response.headers()["x-request-id"].to_str().unwrap().starts_with("req_"), "{}", self.path);
        assert_eq!(response.headers()["cache-control"], "no-store", "{}", self.path);
        (status, body(response).await)
    }
}

/// What a proxy with this key asks of a client whose own key is good.
async fn asked_by_a_proxy(world: &World, path: &str, key: Option<&str>) -> Request<Body> {
    let client = world.key_with(Level::Standard, |_| {}).await.secret;
    let mut asked = program(&Method::GET, path, Some(&client), &Value::Null);
    if let Some(key) = key {
        asked.headers_mut().insert("x-tollhouse-authorization", format!("Bearer {key}").parse().unwrap());
    }
    asked
}

/// A key that `path` can be about; one that is rotating where that is needed.
async fn subject(world: &World, path: &str) -> ApiKeyId {
    let (level, scopes) = if path.starts_with(ADMIN_KEYS) {
        (Level::Admin, vec![Scope::AdminApiKeysWrite])
    } else {
        (Level::Read, Vec::new())
    };
    let id = world.key_with(level, |key| key.scopes = scopes).await.api_key.id;
    if path.ends_with("/grace") {
        let rotation = domain::api_keys::Rotation { grace_seconds: 60, request: None };
        services::api_keys::rotate(&world.services, &command_line(&world.organization), id, rotation).await.unwrap();
    }
    id
}

#[test]
fn every_path_is_in_the_matrix() {
    let routes = management::routes();
    let routes: Vec<_> = routes.iter().map(|(method, path)| (method.as_str(), *path)).collect();
    let listed: Vec<_> = MATRIX.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(routes, listed);
    for (_, path, scope) in MATRIX {
        assert_eq!(PUBLIC_PATHS.contains(path), scope.is_none(), "{path}");
    }
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_key_that_works() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let revoked = world.key_with(Level::Admin, |_| {}).await;
    let keys = [revoked.api_key.id];
    services::api_keys::revoke(&world.services, &command_line(&world.organization), &keys).await.unwrap();
    let elsewhere = world.key_with(Level::Admin, |key| key.ip_allowlist = vec!["192.0.2.0/24".parse().unwrap()]).await;
    let mistyped = crate::world::mistyped(&admin);
    let never_made = domain::api_keys::Secret::from_digits(Level::Admin, [9; 32]).reveal().to_owned();
    for entry in MATRIX.iter().filter(|(.., scope)| scope.is_some()) {
        let asked = Asked::new(*entry, world.project.id, subject(&world, entry.1).await);
        for key in [None, Some("wrong"), Some(&*mistyped), Some(&*never_made), Some(&*revoked.secret)] {
            let (status, answer) = asked.by(&world, key).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {}", asked.method, asked.path);
            assert_eq!(answer["error"]["code"], "invalid_api_key");
        }
        let (status, answer) = asked.by(&world, Some(&elsewhere.secret)).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (StatusCode::FORBIDDEN, Some("ip_not_allowed")));
        // A session isn't a key, whoever's it is.
        for person in [&world.owner, &world.admin, &world.developer, &world.viewer, &world.stranger] {
            let response = match asked.method {
                Method::POST => world.post(&asked.path, Some(&person.token), &asked.body).await,
                _ => world.get(&asked.path, Some(&person.token)).await,
            };
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{} by {}", asked.path, person.email);
        }
    }
}

#[tokio::test]
async fn whatever_is_no_key_is_answered_alike() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let mistyped = crate::world::mistyped(&admin);
    let never_made = domain::api_keys::Secret::from_digits(Level::Admin, [9; 32]).reveal().to_owned();
    for path in [ADMIN_KEYS, "/v1/models", "/v1/chat/completions"] {
        let method = if path == "/v1/chat/completions" { Method::POST } else { Method::GET };
        let mut answers = Vec::new();
        for key in ["wrong", &*mistyped, &*never_made] {
            let response = world.call(&method, path, Some(key), &Value::Null).await;
            let mut headers = response.headers().clone();
            assert!(headers.remove("x-request-id").is_some());
            answers.push((response.status(), headers, body(response).await));
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{path}: {answers:?}");
    }
}

#[tokio::test]
async fn a_key_does_what_its_level_and_scopes_say() {
    let world = World::new().await;
    let read = world.key_with(Level::Read, |_| {}).await.secret;
    let standard = world.key_with(Level::Standard, |_| {}).await.secret;
    let unlimited = world.admin_key(&[]).await;
    for entry in MATRIX {
        let Some(scope) = entry.2 else { continue };
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let without = world.admin_key(&others).await;
        // What it makes may do no more than itself.
        let handed_on: &[Scope] = if scope == Scope::ApiKeysWrite { &[Scope::UsageRead] } else { &[] };
        let with = world.admin_key(&[&[scope], handed_on].concat()).await;
        for (who, key, allowed) in [
            ("a read key", &read, scope == Scope::UsageRead),
            ("a standard key", &standard, false),
            ("an admin key without the scope", &without, false),
            ("an admin key with little but the scope", &with, true),
            ("an admin key", &unlimited, true),
        ] {
            let asked = Asked::new(*entry, world.project.id, subject(&world, entry.1).await);
            let (status, answer) = asked.by(&world, Some(key)).await;
            let what = format!("{} {} by {who}: {answer}", asked.method, asked.path);
            if allowed {
                assert_eq!(status, StatusCode::OK, "{what}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
                assert_eq!(answer["error"]["code"], "insufficient_permissions", "{what}");
                assert!(answer["error"]["message"].as_str().unwrap().contains(scope.name()), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn what_isnt_at_the_place_that_the_path_names_is_as_if_it_did_not_exist() {
    let world = World::new().await;
    let services = &world.services;
    let command_line = command_line(&world.organization);
    let admin = world.admin_key(&[]).await;
    let second = services::projects::create(services, &command_line, "Second", "").await.unwrap();
    let theirs = world.key(&world.stranger).await.api_key.id;
    let theirs_admin = services::api_keys::create(
        services,
        &world.stranger.actor,
        domain::api_keys::NewApiKey::plain("k", Level::Admin, None),
    );
    let theirs_admin = theirs_admin.await.unwrap().api_key.id;
    for entry in MATRIX.iter().filter(|(.., path_scope)| path_scope.is_some_and(|scope| scope != Scope::UsageRead)) {
        let in_project = entry.1.contains("{project}");
        let about_key = entry.1.contains("{key}");
        let own = subject(&world, entry.1).await;
        // A key of the wrong kind for this path.
        let of_the_other_kind = subject(&world, if in_project { ADMIN_KEY } else { PROJECT_KEY }).await;
        let revoked = subject(&world, if in_project { PROJECT_KEY } else { ADMIN_KEY }).await;
        services::api_keys::revoke(services, &command_line, &[revoked]).await.unwrap();
        let (first, second, foreign) = (world.project.id, second.id, world.strangers_project.id);
        let mut wrong = Vec::new();
        if in_project {
            wrong.extend([(NOBODYS_PROJECT.to_owned(), own), (foreign.to_string(), own), ("nonsense".to_owned(), own)]);
        }
        if in_project && about_key {
            // Own project, other's key; other's project and key; the key of another project of one's own.
            wrong.extend([(first.to_string(), theirs), (foreign.to_string(), theirs), (second.to_string(), own)]);
        }
        if about_key {
            let unknown = NOBODYS_KEY.parse().unwrap();
            wrong.extend([unknown, theirs_admin, of_the_other_kind, revoked].map(|key| (first.to_string(), key)));
        }
        for (project, key) in wrong {
            let asked = Asked::new(*entry, &project, key);
            let (status, answer) = asked.by(&world, Some(&admin)).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{} {}: {answer}", asked.method, asked.path);
            let nobodys = Asked::new(*entry, if in_project { NOBODYS_PROJECT } else { &project }, NOBODYS_KEY);
            if in_project || about_key {
                assert_eq!((status, answer), nobodys.by(&world, Some(&admin)).await, "{} {}", asked.method, asked.path);
            }
        }
        let right = Asked::new(*entry, first, own);
        assert_eq!(right.by(&world, Some(&admin)).await.0, StatusCode::OK, "{} {}", right.method, right.path);
    }
    let keys = services::api_keys::list(services, &world.stranger.actor, &Default::default()).await.unwrap().keys;
    assert!(keys.iter().all(|key| key.status.is_usable() && key.name != "renamed"), "others' keys are what they were");
}

#[tokio::test]
async fn a_key_that_is_moved_is_found_where_it_went() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let actor = command_line(&world.organization);
    let second = services::projects::create(&world.services, &actor, "Second", "").await.unwrap().id;
    let id = subject(&world, PROJECT_KEY).await;
    let moved = world
        .done(Method::POST, &format!("{}/{id}", world.project_keys()), &admin, json!({ "project_id": second }))
        .await;
    assert_eq!(moved["project_id"], json!(second));
    assert_eq!(world.get_with(&admin, &format!("{}/{id}", world.project_keys())).await.status(), StatusCode::NOT_FOUND);
    let there = format!("/v1/organization/projects/{second}/api_keys/{id}");
    assert_eq!(world.get_with(&admin, &there).await.status(), StatusCode::OK);
    let theirs = json!({ "project_id": world.strangers_project.id });
    let refused = world.refused(Method::POST, &there, &admin, theirs).await;
    assert_eq!((refused.0, refused.2.as_deref()), (400, Some("project_id")));
}

#[tokio::test]
async fn a_key_hands_on_no_more_than_it_has() {
    let world = World::new().await;
    let narrow = world.admin_key(&[Scope::AdminApiKeysWrite, Scope::ApiKeysWrite]).await;
    let unlimited = subject(&world, ADMIN_KEY).await;
    services::api_keys::edit(
        &world.services,
        &command_line(&world.organization),
        unlimited,
        domain::api_keys::ApiKeyChanges { scopes: Some(Vec::new()), ..Default::default() },
    )
    .await
    .unwrap();
    let own = format!("{ADMIN_KEYS}/{unlimited}");
    for (method, path, wide) in [
        (Method::POST, ADMIN_KEYS.to_owned(), json!({ "name": "wide" })),
        (Method::POST, ADMIN_KEYS.to_owned(), json!({ "name": "wide", "scopes": ["chat"] })),
        (Method::POST, own.clone(), json!({ "name": "mine" })),
        (Method::POST, format!("{own}/rotate"), json!({})),
        (Method::POST, world.project_keys(), json!({ "name": "calls models" })),
    ] {
        let (status, code, _) = world.refused(method, &path, &narrow, wide).await;
        assert_eq!((status, code.as_str()), (403, "insufficient_permissions"), "{path}");
    }
    let short = world.key_with(Level::Admin, |key| key.life = Life::Days(1)).await.secret;
    let (status, ..) = world.refused(Method::POST, ADMIN_KEYS, &short, json!({ "name": "for ever" })).await;
    assert_eq!(status, 403);
}
