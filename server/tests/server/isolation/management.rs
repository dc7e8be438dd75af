//! The management API, by every kind of key.

use axum::http::{Method, StatusCode};
use domain::api_keys::{Level, Scope};

use super::{
    asking::{Credentials, RequestTemplate},
    keys::{UnusableKey, admin_key, unusable_keys},
    mixes::others_are_as_if_they_did_not_exist,
    scene::{MARK, Scene, on_both_databases, rotate},
    things::Things,
};
use crate::{
    openapi,
    world::{World, command_line},
};

/// A path of the management API with its query and body.
pub(super) struct Operation {
    method: &'static str,
    pub(super) path: &'static str,
    /// Names everything that the path reads of it.
    query: &'static str,
    body: &'static str,
    /// The required scope; `None` for a public path.
    pub(super) scope: Option<Scope>,
}

const fn operation(
    method: &'static str,
    path: &'static str,
    query_and_body: (&'static str, &'static str),
    scope: Scope,
) -> Operation {
    Operation { method, path, query: query_and_body.0, body: query_and_body.1, scope: Some(scope) }
}

const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";
const ADMIN_KEY: &str = "/v1/organization/admin_api_keys/{key}";
const PROJECT_KEYS: &str = "/v1/organization/projects/{project}/api_keys";
const PROJECT_KEY: &str = "/v1/organization/projects/{project}/api_keys/{key}";
const USAGE: &str = "?start_time=1700000000&limit=1&project_ids={project}&user_ids={user}&api_key_ids={key}\
    &group_by=project_id,user_id,api_key_id";
/// Of resources whose usage has neither keys nor members.
const PROJECT_USAGE: &str = "?start_time=1700000000&limit=1&project_ids={project}&group_by=project_id";
const NEW_ADMIN_KEY: &str = r#"{"name":"k","scopes":["admin_api_keys.write"]}"#;
const NEW_KEY: &str = r#"{"name":"k","level":"read"}"#;
const RENAMED: &str = r#"{"name":"renamed"}"#;
const MOVED: &str = r#"{"name":"renamed","project_id":"{second}"}"#;
const GRACE: &str = r#"{"grace_seconds":60}"#;
const EVENT: &str = r#"[{"specversion":"1.0","id":"1","source":"/g","type":"tollhouse.call",
    "data":{"project_id":"{project}","api_key_id":"{key}","member_id":"{user}","model":"m"}}]"#;
const VERIFIED: &str = r#"{"key":"{secret}","endpoint":"/v1/chat/completions","ip":"203.0.113.9","count":true}"#;

use Scope::{
    AdminApiKeysRead, AdminApiKeysWrite, ApiKeysRead, ApiKeysWrite, Authz, EventsWrite, KeysVerify, UsageRead,
};

/// All operations. In paths of admin keys, `{key}` stands for an admin key.
pub(super) const TABLE: &[Operation] = &[
    operation("GET", ADMIN_KEYS, ("?after={key}&limit=100", ""), AdminApiKeysRead),
    operation("POST", ADMIN_KEYS, ("", NEW_ADMIN_KEY), AdminApiKeysWrite),
    operation("GET", ADMIN_KEY, ("", ""), AdminApiKeysRead),
    operation("POST", ADMIN_KEY, ("", RENAMED), AdminApiKeysWrite),
    operation("DELETE", ADMIN_KEY, ("", ""), AdminApiKeysWrite),
    operation("GET", "/v1/organization/admin_api_keys/{key}/descendants", ("", ""), AdminApiKeysRead),
    operation("POST", "/v1/organization/admin_api_keys/{key}/rotate", ("", GRACE), AdminApiKeysWrite),
    operation("POST", "/v1/organization/admin_api_keys/{key}/grace", ("", GRACE), AdminApiKeysWrite),
    operation("GET", PROJECT_KEYS, ("?after={key}&limit=100", ""), ApiKeysRead),
    operation("POST", PROJECT_KEYS, ("", NEW_KEY), ApiKeysWrite),
    operation("GET", PROJECT_KEY, ("", ""), ApiKeysRead),
    operation("POST", PROJECT_KEY, ("", MOVED), ApiKeysWrite),
    operation("DELETE", PROJECT_KEY, ("", ""), ApiKeysWrite),
    operation("POST", "/v1/organization/projects/{project}/api_keys/{key}/rotate", ("", GRACE), ApiKeysWrite),
    operation("POST", "/v1/organization/projects/{project}/api_keys/{key}/grace", ("", GRACE), ApiKeysWrite),
    operation("GET", "/v1/organization/usage/completions", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/embeddings", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/moderations", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/decisions", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/web_search_calls", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/file_search_calls", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/vector_stores", (PROJECT_USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/code_interpreter_sessions", (PROJECT_USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/images", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/audio_speeches", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/audio_transcriptions", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/videos", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/usage/latencies", (USAGE, ""), UsageRead),
    operation("GET", "/v1/organization/costs", (USAGE, ""), UsageRead),
    Operation { method: "POST", path: "/v1/keys/report-leak", query: "", body: "[]", scope: None },
    operation("POST", "/v1/events", ("", EVENT), EventsWrite),
    operation("POST", "/v1/keys/verify", ("", VERIFIED), KeysVerify),
    operation("GET", "/v1/authz", ("", ""), Authz),
    operation("GET", "/v1/authz/{*path}", ("", ""), Authz),
];

impl Operation {
    pub(super) fn method(&self) -> Method {
        self.method.parse().unwrap()
    }

    fn is_for_proxies(&self) -> bool {
        self.scope == Some(Scope::Authz)
    }

    fn template(&self) -> RequestTemplate {
        let path = format!("{}{}", self.path.replace("{*path}", "v1/embeddings"), self.query);
        let path = if self.is_about_an_admin_key() { path.replace("{key}", "{admin_key}") } else { path };
        let mut template =
            RequestTemplate { method: self.method(), path, headers: Vec::new(), body: self.body.to_owned() };
        if self.is_for_proxies() {
            template.headers.push(("authorization", "Bearer {secret}".to_owned()));
            template.headers.push(("x-forwarded-for", "203.0.113.9".to_owned()));
        }
        template
    }

    fn is_about_an_admin_key(&self) -> bool {
        self.path.starts_with(ADMIN_KEYS)
    }

    fn credentials<'a>(&self, key: Option<&'a str>) -> Credentials<'a> {
        if self.is_for_proxies() { Credentials::Proxy(key) } else { Credentials::Program(key) }
    }

    /// The same things with new keys, if the operation is about keys.
    async fn fresh(&self, scene: &Scene, things: &Things) -> Things {
        let world = &scene.world;
        let creator = if things["slug"] == world.organization.slug { &world.owner } else { &world.stranger };
        let is_rotating = self.path.ends_with("/grace");
        if !self.path.contains("{key}") {
            return things.clone();
        }
        if !self.is_about_an_admin_key() {
            return scene.fresh_key(things, creator, is_rotating).await;
        }
        let key = admin_key(world, &creator.actor.organization, &[Scope::AdminApiKeysWrite]).await.api_key.id;
        if is_rotating {
            rotate(world, &command_line(&creator.actor.organization), key).await;
        }
        things.clone().with("admin_key", key)
    }
}

/// The operations that require a key.
fn guarded() -> impl Iterator<Item = (&'static Operation, Scope)> {
    TABLE.iter().filter_map(|operation| Some((operation, operation.scope?)))
}

#[test]
fn the_openapi_document_names_the_scopes() {
    for described in openapi::operations() {
        let operation = TABLE.iter().find(|operation| {
            (operation.method(), &*operation.path.replace("{*", "{")) == (described.method.clone(), described.path)
        });
        let scope = operation.unwrap().scope.map(Scope::name);
        assert_eq!(described.scopes(), Vec::from_iter(scope), "{} {}", described.method, described.path);
    }
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_key_that_works() {
    on_both_databases("", async |scene| {
        let world = &scene.world;
        let unusable_keys = unusable_keys(world, Level::Admin).await;
        for (operation, _) in guarded() {
            let template = operation.template();
            for UnusableKey { name, secret, status, code } in &unusable_keys {
                let answer = template.send(world, &scene.owners, operation.credentials(secret.as_deref())).await;
                let description = format!("{} {} by {name}: {}", operation.method, operation.path, answer.body);
                assert_eq!(answer.status, *status, "{description}");
                assert!(answer.body.contains(code), "{description}");
                assert!(answer.headers.contains(&("cache-control".to_owned(), "no-store".to_owned())), "{description}");
            }
            if operation.is_for_proxies() {
                continue;
            }
            // No session is a key.
            for person in [&world.owner, &world.admin, &world.developer, &world.viewer, &world.stranger] {
                let answer = template.send(world, &scene.owners, Credentials::Browser(Some(&person.token))).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} by {}", operation.path, person.email);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_does_what_its_level_and_scopes_say() {
    on_both_databases("", async |scene| {
        let world = &scene.world;
        let read = world.key_with(Level::Read, |_| {}).await.secret;
        let standard = world.key_with(Level::Standard, |_| {}).await.secret;
        let unlimited = world.admin_key(&[]).await;
        for (operation, scope) in guarded() {
            let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
            let without = world.admin_key(&others).await;
            // A key that it creates may do no more than itself.
            let created_scopes: &[Scope] = if scope == Scope::ApiKeysWrite { &[Scope::UsageRead] } else { &[] };
            let with = world.admin_key(&[&[scope], created_scopes].concat()).await;
            for (name, key, allowed) in [
                ("a read key", &read, scope == Scope::UsageRead),
                ("a standard key", &standard, false),
                ("an admin key without the scope", &without, false),
                ("an admin key with little but the scope", &with, true),
                ("an admin key", &unlimited, true),
            ] {
                let own = operation.fresh(scene, &scene.owners).await;
                let answer = operation.template().send(world, &own, operation.credentials(Some(key))).await;
                let description = format!("{} {} by {name}: {}", operation.method, operation.path, answer.body);
                if allowed {
                    assert_eq!(answer.status, StatusCode::OK, "{description}");
                } else {
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{description}");
                    assert!(answer.body.contains("insufficient_permissions"), "{description}");
                    assert!(answer.body.contains(scope.name()), "{description}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn another_organizations_things_are_as_if_they_did_not_exist() {
    on_both_databases("", async |scene| {
        let (world, own, others) = (&scene.world, &scene.strangers, &scene.owners);
        let before = scene.stored_rows().await;
        for (operation, _) in guarded() {
            let key = strangers_key(world, &[]).await;
            let credentials = operation.credentials(Some(&key));
            others_are_as_if_they_did_not_exist(world, &operation.template(), credentials, (own, others), MARK).await;
            let own = operation.fresh(scene, own).await;
            let answer = operation.template().send(world, &own, credentials).await;
            assert_eq!(answer.status, StatusCode::OK, "{} {}: {}", operation.method, operation.path, answer.body);
            assert!(!answer.body.contains(MARK), "{} tells {}", operation.path, answer.body);
        }
        assert_eq!(scene.stored_rows().await, before, "what is another's is as it was");
    })
    .await;
}

/// The key is in another project of the organization, of the other kind, or revoked.
#[tokio::test]
async fn what_isnt_at_the_place_that_the_path_names_is_as_if_it_did_not_exist() {
    on_both_databases("", async |scene| {
        let (world, own) = (&scene.world, &scene.owners);
        let key = world.admin_key(&[]).await;
        for (operation, _) in guarded().filter(|(operation, _)| operation.path.contains("{key}")) {
            let nonexistent = own.nonexistent();
            let revoked = operation.fresh(scene, own).await;
            let name = if operation.is_about_an_admin_key() { "admin_key" } else { "key" };
            let ids = [revoked[name].parse().unwrap()];
            services::api_keys::revoke(&world.services, &world.owner.actor, &ids).await.unwrap();
            let other_kind = own.clone().with("key", &own["admin_key"]).with("admin_key", &own["key"]);
            let mut wrong = vec![revoked, other_kind];
            if !operation.is_about_an_admin_key() {
                wrong.push(own.clone().with("project", &own["second"]));
            }
            for wrong in wrong {
                let answer = operation.template().send(world, &wrong, operation.credentials(Some(&key))).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}: {}", operation.path, answer.body);
                let nonexistent = wrong.with_replaced(&["key", "admin_key"], &nonexistent);
                let expected = operation.template().send(world, &nonexistent, operation.credentials(Some(&key))).await;
                assert_eq!(answer, expected, "{} {}", operation.method, operation.path);
            }
        }
    })
    .await;
}

/// A read key reads only its own project.
#[tokio::test]
async fn another_projects_usage_is_none_for_a_read_key() {
    on_both_databases("", async |scene| {
        let world = &scene.world;
        let read = world.key_with(Level::Read, |_| {}).await.secret;
        for (operation, _) in guarded().filter(|(_, scope)| *scope == Scope::UsageRead) {
            let (own, others) = (&scene.developers, &scene.owners);
            let others = own.with_replaced(&["project", "key"], others);
            let credentials = Credentials::Program(Some(&read));
            others_are_as_if_they_did_not_exist(world, &operation.template(), credentials, (own, &others), MARK).await;
        }
    })
    .await;
}

/// An admin key of the other organization.
async fn strangers_key(world: &World, scopes: &[Scope]) -> String {
    admin_key(world, &world.stranger.actor.organization, scopes).await.secret
}
