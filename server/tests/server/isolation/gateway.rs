//! The gateway, by every kind of key: its paths, and everything that a path, a query, a body or a form may
//! refer to.

use std::sync::LazyLock;

use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use domain::{
    api_keys::{Level, Scope},
    ids::ProjectId,
};
use serde_json::{Value, json};
use server::gateway;
use services::Actor;

use super::{
    asking::{Credentials, RequestTemplate},
    keys::{UnusableKey, unusable_keys},
    mixes::others_are_as_if_they_did_not_exist,
    references::{self, PathRequests},
    scene::on_both_databases,
    things::Things,
};
use crate::{
    gateway::upstream::{Upstream, UpstreamRequest},
    world::{World, command_line},
};

/// A path of the gateway with its requests.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    scope: Scope,
    requests: PathRequests,
}

/// All paths of the gateway; an unknown one is left out, which a test notices.
pub(super) fn table() -> &'static [Operation] {
    static TABLE: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let known = |(method, path): (Method, &'static str)| {
            Some(Operation { scope: scope(path)?, requests: references::path_requests(&method, path)?, method, path })
        };
        gateway::routes().into_iter().filter_map(known).collect()
    });
    &TABLE
}

/// The scope required for `path`.
fn scope(path: &str) -> Option<Scope> {
    let area = path.strip_prefix("/v1/")?.split('/').next()?;
    Some(match area {
        "chat" | "responses" | "completions" | "moderations" | "messages" => Scope::Chat,
        "embeddings" => Scope::Embeddings,
        "images" => Scope::Images,
        "audio" => Scope::Audio,
        "videos" => Scope::Video,
        "files" => Scope::Files,
        "fine_tuning" => Scope::FineTuning,
        "models" => Scope::Models,
        _ => return None,
    })
}

impl Operation {
    fn templates(&self) -> impl Iterator<Item = &RequestTemplate> {
        std::iter::once(&self.requests.plain).chain(&self.requests.with_references)
    }

    /// Things of the first project; new ones if the operation deletes them.
    async fn things(&self, world: &World, own: &Things) -> Things {
        if self.method != Method::DELETE {
            return own.clone();
        }
        create_objects(world, &command_line(&world.organization), world.project.id).await.1
    }
}

/// A provider that stores every object, under unguessable ids.
async fn storing_provider() -> Upstream {
    Upstream::new(|request: UpstreamRequest| async move {
        let answer = answer(&request).to_string();
        Response::builder().header("content-type", "application/json").body(Body::from(answer)).unwrap()
    })
    .await
}

fn answer(request: &UpstreamRequest) -> Value {
    let path = request.path.trim_start_matches("/v1");
    let new_id = |prefix: &str| json!(format!("{prefix}{}", services::new_reference()));
    let id = match (request.method.as_str(), path) {
        ("POST", "/files") => new_id("file-"),
        ("POST", "/responses") => new_id("resp_"),
        ("POST", "/chat/completions") => new_id("chatcmpl-"),
        ("POST", "/videos") => new_id("video_"),
        ("POST", "/fine_tuning/jobs") => new_id("ftjob-"),
        ("POST", path) if path.ends_with("/remix") => new_id("video_"),
        _ => json!(path.split('/').nth(if path.contains("/completions") || path.contains("/jobs") { 3 } else { 2 })),
    };
    // Jobs never end, so that nothing about them changes.
    let status = if path.starts_with("/videos") || path.starts_with("/fine_tuning") { "queued" } else { "completed" };
    json!({
        "id": id, "object": "thing", "status": status, "bytes": 3, "purpose": "fine-tune", "filename": "a", "data": [],
        "usage": { "input_tokens": 1, "output_tokens": 1, "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    })
}

/// The configuration of a server with this provider for all models.
fn configuration(storing_provider: &Upstream) -> String {
    let models = [
        ("chat-x", "keeper", "chat"),
        ("claude-x", "messenger", "chat"),
        ("embed-x", "keeper", "embeddings"),
        ("image-x", "keeper", "image"),
        ("talk-x", "keeper", "audio"),
        ("film-x", "keeper", "video"),
        ("tune-x", "keeper", "fine_tuning"),
    ];
    let models = models.map(|(name, provider, service)| {
        format!("[[model]]\nname = \"{name}\"\nproviders = [\"{provider}\"]\nservice = \"{service}\"\n")
    });
    let providers = [("keeper", "openai"), ("messenger", "anthropic")].map(|(name, kind)| {
        let address = storing_provider.address;
        format!("[[provider]]\nname = \"{name}\"\nkind = \"{kind}\"\nbase_url = \"http://{address}/v1\"\napi_key_env = \"PROVIDER_KEY\"\n")
    });
    let sandbox = "[[provider]]\nname = \"sandbox\"\nkind = \"sandbox\"\n\
                   [[model]]\nname = \"sandbox-1\"\nproviders = [\"sandbox\"]\nservice = \"chat\"\n";
    format!("{}{}{sandbox}[gateway]\nfiles_provider = \"keeper\"\n", providers.concat(), models.concat())
}

/// Creates a key of this project, and objects at the provider with it.
async fn create_objects(world: &World, actor: &Actor, project: ProjectId) -> (String, Things) {
    let key = key(world, actor, project, &[]).await;
    let mut things = Things::default();
    for (name, template) in references::creation_requests() {
        let answer = template.send(world, &things, Credentials::Program(Some(&key))).await;
        let value: Value = serde_json::from_str(&answer.body).unwrap();
        let id = value["id"].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.body)).to_owned();
        things = things.with(name, id);
    }
    (key, things)
}

async fn key(world: &World, actor: &Actor, project: ProjectId, scopes: &[Scope]) -> String {
    let mut new_key = domain::api_keys::NewApiKey::plain("a key", Level::Standard, Some(project));
    new_key.scopes = scopes.to_vec();
    services::api_keys::create(&world.services, actor, new_key).await.unwrap().secret
}

/// Runs a test on each database with stored objects of the first organization, of another of its projects,
/// and of another organization.
async fn with_stored_objects(test: impl AsyncFn(&World, &Upstream, [(String, Things); 3])) {
    let storing_provider = storing_provider().await;
    on_both_databases(&configuration(&storing_provider), async |scene| {
        let world = &scene.world;
        let (acme, other) = (command_line(&world.organization), command_line(&world.stranger.actor.organization));
        let second = scene.owners["project"].parse().unwrap();
        let objects = [
            create_objects(world, &acme, world.project.id).await,
            create_objects(world, &acme, second).await,
            create_objects(world, &other, world.strangers_project.id).await,
        ];
        test(world, &storing_provider, objects).await;
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_key_that_works() {
    with_stored_objects(async |world, storing_provider, [(_, own), ..]| {
        let unusable_keys = unusable_keys(world, Level::Standard).await;
        let calls_before = storing_provider.requests().len();
        for operation in table() {
            let template = &operation.requests.plain;
            for UnusableKey { name, secret, status, code } in &unusable_keys {
                let answer = template.send(world, &own, Credentials::Program(secret.as_deref())).await;
                let description = format!("{} {} by {name}: {}", operation.method, operation.path, answer.body);
                assert_eq!(answer.status, *status, "{description}");
                // Anthropic's errors have no codes.
                assert!(operation.path.starts_with("/v1/messages") || answer.body.contains(code), "{description}");
            }
            let answer = template.send(world, &own, Credentials::Browser(Some(&world.owner.token))).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} with a session", operation.path);
        }
        assert_eq!(storing_provider.requests().len(), calls_before, "no provider was asked");
    })
    .await;
}

#[tokio::test]
async fn a_key_calls_what_its_level_and_scopes_say() {
    with_stored_objects(async |world, storing_provider, [(unlimited, own), ..]| {
        let actor = command_line(&world.organization);
        let project = world.project.id;
        let read = world.key_with(Level::Read, |_| {}).await.secret;
        for operation in table() {
            let scopes = Scope::of(Level::Standard).iter().copied();
            let others: Vec<Scope> = scopes.filter(|other| *other != operation.scope).collect();
            let (without, with) =
                (key(world, &actor, project, &others).await, key(world, &actor, project, &[operation.scope]).await);
            for (name, key, allowed) in [
                ("a read key", &read, false),
                ("a key without the scope", &without, false),
                ("a key with just the scope", &with, true),
                ("a key", &unlimited, true),
            ] {
                let own = operation.things(world, &own).await;
                let calls_before = storing_provider.requests().len();
                let answer = operation.requests.plain.send(world, &own, Credentials::Program(Some(key))).await;
                let description = format!("{} {} by {name}: {}", operation.method, operation.path, answer.body);
                if allowed {
                    assert_eq!(answer.status, StatusCode::OK, "{description}");
                } else {
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{description}");
                    assert!(answer.body.contains(operation.scope.name()), "{description}");
                    assert_eq!(storing_provider.requests().len(), calls_before, "no provider was asked");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_others_keep_is_as_if_it_did_not_exist() {
    with_stored_objects(async |world, storing_provider, [_, (_, colleagues), (key, own)]| {
        check_others_objects(world, storing_provider, (&key, &own), &colleagues).await;
    })
    .await;
}

#[tokio::test]
async fn what_another_project_keeps_is_as_if_it_did_not_exist() {
    with_stored_objects(async |world, storing_provider, [(key, own), (_, colleagues), _]| {
        check_others_objects(world, storing_provider, (&key, &own), &colleagues).await;
    })
    .await;
}

/// Requests `others`' objects with `key`, on all paths.
async fn check_others_objects(
    world: &World,
    storing_provider: &Upstream,
    (key, own): (&str, &Things),
    others: &Things,
) {
    let calls_before = storing_provider.requests().len();
    let credentials = Credentials::Program(Some(key));
    for operation in table() {
        for template in operation.templates() {
            others_are_as_if_they_did_not_exist(world, template, credentials, (own, others), "nothing of theirs").await;
        }
        for template in &operation.requests.with_stray_ids {
            for name in template.names(own) {
                let answer = template.send(world, &own.with_replaced(&[name], others), credentials).await;
                let description =
                    format!("{} {} with {name} in {}{}", template.method, template.path, template.path, template.body);
                assert!(answer.status.is_client_error(), "{description}: {} {}", answer.status, answer.body);
            }
        }
    }
    for request in &storing_provider.requests()[calls_before..] {
        let text = format!("{}?{:?} {}", request.path, request.query, String::from_utf8_lossy(&request.body));
        let found = references::OBJECT_KINDS.iter().find(|name| text.contains(&others[name]));
        assert_eq!(found, None, "{} {text}", request.method);
    }
}

/// Whether a path refers to an object of another provider than the one that answers there. Anthropic's stores
/// none.
fn is_stored_elsewhere(operation: &Operation, template: &RequestTemplate) -> bool {
    // Any text could be the id of a chat completion.
    operation.path.starts_with("/v1/messages") && template.path.contains("={") && !template.path.contains("={chat}")
}

/// Otherwise the refusals above would prove nothing.
#[tokio::test]
async fn ones_own_things_may_be_referred_to() {
    with_stored_objects(async |world, _, [(key, own), ..]| {
        for operation in table() {
            for template in operation.templates().chain(&operation.requests.with_stray_ids) {
                let own = operation.things(world, &own).await;
                let answer = template.send(world, &own, Credentials::Program(Some(&key))).await;
                let expected =
                    if is_stored_elsewhere(operation, template) { StatusCode::BAD_REQUEST } else { StatusCode::OK };
                assert_eq!(
                    answer.status, expected,
                    "{} {} {}: {}",
                    template.method, template.path, template.body, answer.body
                );
            }
        }
    })
    .await;
}
