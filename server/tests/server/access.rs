//! Who may call what: every server function and route, by everybody.
//!
//! The matrix is held against the list of routes: one that is missing from it fails the test.

use axum::http::StatusCode;
use domain::{
    api_keys::Rotation,
    ids::ApiKeyId,
    permissions::{Permission, may},
};
use serde_json::{Value, json};
use server::{
    router::{PUBLIC_PATHS, SESSION_PATHS},
    server_functions,
};

use crate::world::{PASSWORD, Person, World, json as body};

/// Who may call an operation.
#[derive(Clone, Copy)]
enum Least {
    Anybody,
    /// Whoever is signed in; it concerns only themselves.
    SignedIn,
    /// Whoever has this permission in the organization.
    Permitted(Permission),
    /// Every member of the organization; what they see depends on their role.
    Member,
}

/// Every server function with who may call it, and an input that is right for `asker`.
const MATRIX: &[(&str, Least)] = &[
    ("/api/accounts/change_password", Least::SignedIn),
    ("/api/accounts/end_other_sessions", Least::SignedIn),
    ("/api/accounts/end_session", Least::SignedIn),
    ("/api/accounts/rename", Least::SignedIn),
    ("/api/accounts/sessions", Least::SignedIn),
    ("/api/accounts/sign_in", Least::Anybody),
    ("/api/accounts/sign_out", Least::SignedIn),
    ("/api/accounts/sign_up", Least::Anybody),
    ("/api/accounts/stay", Least::SignedIn),
    ("/api/accounts/welcome", Least::Anybody),
    ("/api/api_keys/create", Least::Permitted(Permission::ManageApiKeys)),
    ("/api/api_keys/descendants", Least::Permitted(Permission::ViewApiKeys)),
    ("/api/api_keys/edit", Least::Permitted(Permission::ManageApiKeys)),
    ("/api/api_keys/get", Least::Permitted(Permission::ViewApiKeys)),
    ("/api/api_keys/history", Least::Permitted(Permission::ViewApiKeys)),
    ("/api/api_keys/list", Least::Permitted(Permission::ViewApiKeys)),
    ("/api/api_keys/policy", Least::Permitted(Permission::ManageApiKeys)),
    ("/api/api_keys/recent_use", Least::Permitted(Permission::ViewApiKeys)),
    ("/api/api_keys/revoke", Least::Permitted(Permission::ManageApiKeys)),
    ("/api/api_keys/rotate", Least::Permitted(Permission::ManageApiKeys)),
    ("/api/api_keys/set_grace", Least::Permitted(Permission::ManageApiKeys)),
    ("/api/bodies/get", Least::Permitted(Permission::ViewBodies)),
    ("/api/calls/get", Least::Permitted(Permission::ViewLogs)),
    ("/api/calls/list", Least::Permitted(Permission::ViewLogs)),
    ("/api/models/list", Least::Member),
    ("/api/notifications/list", Least::Permitted(Permission::ViewNotifications)),
    ("/api/notifications/mark", Least::Permitted(Permission::ViewNotifications)),
    ("/api/organizations/settings", Least::Permitted(Permission::ManageSettings)),
    ("/api/organizations/update_settings", Least::Permitted(Permission::ManageSettings)),
    ("/api/overview/get", Least::Permitted(Permission::ViewOverview)),
    ("/api/projects/list", Least::Member),
    ("/api/rate_limits/list", Least::Permitted(Permission::ManageSettings)),
    ("/api/rate_limits/set", Least::Permitted(Permission::ManageSettings)),
    ("/api/usage/report", Least::Permitted(Permission::ViewUsage)),
];

const SESSION_MATRIX: &[(&str, Permission)] = &[
    ("/api/api_keys/export.csv", Permission::ViewApiKeys),
    ("/api/calls/export.csv", Permission::ViewLogs),
    ("/api/live", Permission::ViewUsage),
    ("/api/usage/export.csv", Permission::ViewUsage),
];

/// An input for `path` that is right for `asker` in the organization with this slug.
async fn input(world: &World, path: &str, asker: &Person, slug: &str) -> Value {
    let mut input = match path {
        "/api/accounts/change_password" => {
            json!({ "input": { "current": PASSWORD, "new": "another lantern, 42 steps on" } })
        }
        "/api/accounts/end_session" => {
            json!({ "id": "sess_01h2xcejqtf2nbrexx3vqjhp41", "confirmation": { "password": PASSWORD } })
        }
        "/api/accounts/end_other_sessions" => json!({ "confirmation": { "password": PASSWORD } }),
        "/api/accounts/rename" => json!({ "name": "New name" }),
        "/api/accounts/sign_in" => json!({ "input": { "email": asker.email, "password": PASSWORD } }),
        "/api/accounts/sign_up" => json!({ "input": {
            "name": "N", "email": format!("new-{}", asker.email), "password": PASSWORD, "organization": "New", "time_zone": "UTC",
        } }),
        "/api/api_keys/create" => {
            json!({ "input": { "name": "k", "project_id": world.project.id, "level": "standard" } })
        }
        "/api/api_keys/list" => json!({ "query": {} }),
        "/api/api_keys/policy" => json!({}),
        path if path.starts_with("/api/api_keys/") => of_a_key(world, path, asker, slug).await,
        "/api/notifications/list" => json!({ "unread_only": false, "before": null }),
        "/api/notifications/mark" => json!({ "ids": null, "read": true }),
        "/api/bodies/get" | "/api/calls/get" => json!({ "id": "req_01h2xcejqtf2nbrexx3vqjhp41" }),
        "/api/calls/list" | "/api/usage/report" => json!({ "query": {} }),
        "/api/organizations/update_settings" => json!({ "changes": { "session_idle_minutes": 60 } }),
        "/api/rate_limits/set" => json!({ "project": world.project.id, "limits": { "calls_per_minute": 600 } }),
        _ => json!({}),
    };
    if !path.starts_with("/api/accounts/") {
        input["organization"] = slug.into();
    }
    input
}

/// An input about a key of `asker`'s where they may have one in that organization, and of its owner's otherwise.
async fn of_a_key(world: &World, path: &str, asker: &Person, slug: &str) -> Value {
    let may_make = asker.actor.reach(Permission::ManageApiKeys).is_ok() && asker.actor.organization.slug == slug;
    let maker = if may_make { asker } else { &world.owner };
    let id = world.key(maker).await.api_key.id;
    let rotation = Rotation { grace_seconds: 60, request: None };
    match path {
        "/api/api_keys/edit" => json!({ "id": id, "changes": { "name": "renamed" } }),
        "/api/api_keys/descendants" | "/api/api_keys/recent_use" | "/api/api_keys/revoke" => json!({ "ids": [id] }),
        "/api/api_keys/rotate" => json!({ "id": id, "rotation": rotation }),
        "/api/api_keys/set_grace" => {
            services::api_keys::rotate(&world.services, &maker.actor, id, rotation).await.unwrap();
            json!({ "id": id, "grace_seconds": 0 })
        }
        _ => json!({ "id": id }),
    }
}

/// Whether an operation that concerns something that doesn't exist says so; all others succeed.
fn success(path: &str) -> StatusCode {
    match path {
        "/api/bodies/get" | "/api/calls/get" | "/api/accounts/end_session" => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

#[test]
fn every_server_function_and_route_is_in_the_matrix() {
    let listed: Vec<_> = MATRIX.iter().map(|(path, _)| *path).collect();
    assert_eq!(server_functions::paths(), listed);
    let session: Vec<_> = SESSION_MATRIX.iter().map(|(path, _)| *path).collect();
    assert_eq!(SESSION_PATHS, session);
    let public: Vec<_> =
        MATRIX.iter().filter(|(_, least)| matches!(least, Least::Anybody)).map(|(path, _)| *path).collect();
    for path in &public {
        assert!(PUBLIC_PATHS.contains(path), "{path} answers anybody");
    }
    for path in PUBLIC_PATHS.iter().filter(|path| path.starts_with("/api/")) {
        assert!(public.contains(path), "{path} is said to be public");
    }
}

#[tokio::test]
async fn nobody_gets_anywhere_without_signing_in() {
    let world = World::new().await;
    for (path, least) in MATRIX {
        if matches!(least, Least::Anybody) {
            continue;
        }
        let input = input(&world, path, &world.owner, "acme").await;
        for token in [None, Some("wrong"), Some("")] {
            assert_eq!(world.post(path, token, &input).await.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    for (path, _) in SESSION_MATRIX {
        let path = format!("{path}?organization=acme");
        assert_eq!(world.get(&path, None).await.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says() {
    let world = World::new().await;
    for asker in [&world.owner, &world.admin, &world.developer, &world.viewer] {
        let services::Who::Member { role, .. } = &asker.actor.who else { unreachable!() };
        for (path, least) in MATRIX {
            let allowed = match least {
                Least::Permitted(permission) => may(*role, *permission),
                Least::Member => true,
                Least::Anybody | Least::SignedIn => continue,
            };
            let expected = if allowed { success(path) } else { StatusCode::FORBIDDEN };
            let input = input(&world, path, asker, "acme").await;
            let response = world.post(path, Some(&asker.token), &input).await;
            assert_eq!(response.status(), expected, "{path} by {role}: {}", body(response).await);
        }
        for (path, permission) in SESSION_MATRIX.iter().filter(|(path, _)| *path != "/api/live") {
            let expected = if may(*role, *permission) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            let response = world.get(&format!("{path}?organization=acme"), Some(&asker.token)).await;
            assert_eq!(response.status(), expected, "{path} by {role}");
        }
    }
}

#[tokio::test]
async fn another_organization_is_as_if_it_did_not_exist() {
    let world = World::new().await;
    for (path, least) in MATRIX {
        if matches!(least, Least::Anybody | Least::SignedIn) {
            continue;
        }
        let theirs =
            world.post(path, Some(&world.stranger.token), &input(&world, path, &world.stranger, "acme").await).await;
        let nobodys =
            world.post(path, Some(&world.stranger.token), &input(&world, path, &world.stranger, "nobody").await).await;
        assert_eq!(theirs.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!((theirs.status(), body(theirs).await), (nobodys.status(), body(nobodys).await), "{path}");
    }
    for (path, _) in SESSION_MATRIX {
        let response = world.get(&format!("{path}?organization=acme"), Some(&world.stranger.token)).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn ids_of_another_organization_lead_nowhere_from_ones_own() {
    let world = World::new().await;
    let token = Some(world.stranger.token.as_str());
    let ask = async |path: &str, id: ApiKeyId| {
        let mut input = of_a_key(&world, path, &world.owner, "acme").await;
        input["organization"] = "other".into();
        match input.get("ids") {
            Some(_) => input["ids"] = json!([id]),
            None => input["id"] = json!(id),
        }
        let response = world.post(path, token, &input).await;
        (response.status(), body(response).await)
    };
    let key = world.key(&world.owner).await.api_key;
    let nobodys = "key_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap();
    let about_a_key = |path: &&&str| {
        path.starts_with("/api/api_keys/") && !["create", "list", "policy"].iter().any(|verb| path.ends_with(verb))
    };
    for path in MATRIX.iter().map(|(path, _)| path).filter(about_a_key) {
        let (status, theirs) = ask(path, key.id).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!((status, theirs), ask(path, nobodys).await, "{path}");
    }
    let create = |project: Value| json!({ "organization": "other", "input": { "name": "k", "project_id": project, "level": "standard" } });
    let refused = world.post("/api/api_keys/create", token, &create(json!(world.project.id))).await;
    let unknown = world.post("/api/api_keys/create", token, &create("proj_01h2xcejqtf2nbrexx3vqjhp41".into())).await;
    assert_eq!(body(refused).await, body(unknown).await);
    let limit = |project: Value| json!({ "organization": "other", "project": project, "limits": {} });
    let refused = world.post("/api/rate_limits/set", token, &limit(json!(world.project.id))).await;
    let unknown = world.post("/api/rate_limits/set", token, &limit("proj_01h2xcejqtf2nbrexx3vqjhp41".into())).await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    assert_eq!(body(refused).await, body(unknown).await);

    let keys = json!({ "organization": "acme", "query": { "search": key.id } });
    let keys = body(world.post("/api/api_keys/list", Some(&world.owner.token), &keys).await).await;
    assert_eq!(keys["keys"][0]["status"], "active", "the key is still what it was");
    assert_eq!(keys["keys"][0]["name"], "a key");
}

#[tokio::test]
async fn fields_that_nobody_asked_for_are_refused() {
    let world = World::new().await;
    let sneaky = json!({ "input": {
        "name": "N", "email": "n@example.com", "password": PASSWORD, "organization": "New", "time_zone": "UTC", "role": "owner", "is_operator": true,
    } });
    let response = world.post("/api/accounts/sign_up", None, &sneaky).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
