//! The gateway, by everybody who may have a key: its paths, and whatever a path, a query, a body or a form may refer to.

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
    asking::{Ask, By},
    keys::{Unusable, unusable},
    mixes::others_are_as_if_they_did_not_exist,
    references::{self, Sent},
    scene::on_both_databases,
    things::Things,
};
use crate::{
    gateway::upstream::{Asked, Upstream},
    world::{World, command_line},
};

/// A path of the gateway with what may be said to it.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    scope: Scope,
    sent: Sent,
}

/// Every path of the gateway; one whose kind isn't known here is left out, which a test notices.
pub(super) fn table() -> &'static [Operation] {
    static TABLE: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let known = |(method, path): (Method, &'static str)| {
            Some(Operation { scope: scope(path)?, sent: references::sent(&method, path)?, method, path })
        };
        gateway::routes().into_iter().filter_map(known).collect()
    });
    &TABLE
}

/// What a key must have to call `path`.
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
    fn asks(&self) -> impl Iterator<Item = &Ask> {
        std::iter::once(&self.sent.plain).chain(&self.sent.referring)
    }

    /// Things of the first project to ask about: others, where they are gone afterwards.
    async fn things(&self, world: &World, own: &Things) -> Things {
        if self.method != Method::DELETE {
            return own.clone();
        }
        kept(world, &command_line(&world.organization), world.project.id).await.1
    }
}

/// A provider that keeps whatever it is asked to, under ids that nobody guesses.
async fn keeper() -> Upstream {
    Upstream::new(|asked: Asked| async move {
        let answer = answer(&asked).to_string();
        Response::builder().header("content-type", "application/json").body(Body::from(answer)).unwrap()
    })
    .await
}

fn answer(asked: &Asked) -> Value {
    let path = asked.path.trim_start_matches("/v1");
    let made = |prefix: &str| json!(format!("{prefix}{}", services::new_reference()));
    let id = match (asked.method.as_str(), path) {
        ("POST", "/files") => made("file-"),
        ("POST", "/responses") => made("resp_"),
        ("POST", "/chat/completions") => made("chatcmpl-"),
        ("POST", "/videos") => made("video_"),
        ("POST", "/fine_tuning/jobs") => made("ftjob-"),
        ("POST", path) if path.ends_with("/remix") => made("video_"),
        _ => json!(path.split('/').nth(if path.contains("/completions") || path.contains("/jobs") { 3 } else { 2 })),
    };
    // Jobs go on for ever, so that nothing about them changes.
    let status = if path.starts_with("/videos") || path.starts_with("/fine_tuning") { "queued" } else { "completed" };
    json!({
        "id": id, "object": "thing", "status": status, "bytes": 3, "purpose": "fine-tune", "filename": "a", "data": [],
        "usage": { "input_tokens": 1, "output_tokens": 1, "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    })
}

/// A server whose models are all answered by this provider.
fn configuration(keeper: &Upstream) -> String {
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
        let address = keeper.address;
        format!("[[provider]]\nname = \"{name}\"\nkind = \"{kind}\"\nbase_url = \"http://{address}/v1\"\napi_key_env = \"PROVIDER_KEY\"\n")
    });
    let sandbox = "[[provider]]\nname = \"sandbox\"\nkind = \"sandbox\"\n\
                   [[model]]\nname = \"sandbox-1\"\nproviders = [\"sandbox\"]\nservice = \"chat\"\n";
    format!("{}{}{sandbox}[gateway]\nfiles_provider = \"keeper\"\n", providers.concat(), models.concat())
}

/// A key of this project, and what it had the provider keep.
async fn kept(world: &World, actor: &Actor, project: ProjectId) -> (String, Things) {
    let key = key(world, actor, project, &[]).await;
    let mut things = Things::default();
    for (name, ask) in references::making() {
        let answer = ask.about(world, &things, By::Program(Some(&key))).await;
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        let id = told["id"].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.body)).to_owned();
        things = things.with(name, id);
    }
    (key, things)
}

async fn key(world: &World, actor: &Actor, project: ProjectId, scopes: &[Scope]) -> String {
    let mut asked = domain::api_keys::NewApiKey::plain("a key", Level::Standard, Some(project));
    asked.scopes = scopes.to_vec();
    services::api_keys::create(&world.services, actor, asked).await.unwrap().secret
}

/// Runs a test on each database with what the first organization keeps, what another project of it keeps, and what another
/// organization keeps.
async fn with_everything_kept(test: impl AsyncFn(&World, &Upstream, [(String, Things); 3])) {
    let keeper = keeper().await;
    on_both_databases(&configuration(&keeper), async |scene| {
        let world = &scene.world;
        let (acme, other) = (command_line(&world.organization), command_line(&world.stranger.actor.organization));
        let second = scene.owners["project"].parse().unwrap();
        let everything = [
            kept(world, &acme, world.project.id).await,
            kept(world, &acme, second).await,
            kept(world, &other, world.strangers_project.id).await,
        ];
        test(world, &keeper, everything).await;
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_key_that_works() {
    with_everything_kept(async |world, keeper, [(_, own), ..]| {
        let unusable = unusable(world, Level::Standard).await;
        let asked = keeper.asked().len();
        for operation in table() {
            let ask = &operation.sent.plain;
            for Unusable { name, secret, status, code } in &unusable {
                let answer = ask.about(world, &own, By::Program(secret.as_deref())).await;
                let what = format!("{} {} by {name}: {}", operation.method, operation.path, answer.body);
                assert_eq!(answer.status, *status, "{what}");
                // Anthropic's form of an error has no codes.
                assert!(operation.path.starts_with("/v1/messages") || answer.body.contains(code), "{what}");
            }
            let answer = ask.about(world, &own, By::Browser(Some(&world.owner.token))).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} with a session", operation.path);
        }
        assert_eq!(keeper.asked().len(), asked, "no provider was asked");
    })
    .await;
}

#[tokio::test]
async fn a_key_calls_what_its_level_and_scopes_say() {
    with_everything_kept(async |world, keeper, [(unlimited, own), ..]| {
        let actor = command_line(&world.organization);
        let project = world.project.id;
        let read = world.key_with(Level::Read, |_| {}).await.secret;
        for operation in table() {
            let scopes = Scope::of(Level::Standard).iter().copied();
            let others: Vec<Scope> = scopes.filter(|other| *other != operation.scope).collect();
            let (without, with) =
                (key(world, &actor, project, &others).await, key(world, &actor, project, &[operation.scope]).await);
            for (who, key, allowed) in [
                ("a read key", &read, false),
                ("a key without the scope", &without, false),
                ("a key with just the scope", &with, true),
                ("a key", &unlimited, true),
            ] {
                let own = operation.things(world, &own).await;
                let asked = keeper.asked().len();
                let answer = operation.sent.plain.about(world, &own, By::Program(Some(key))).await;
                let what = format!("{} {} by {who}: {}", operation.method, operation.path, answer.body);
                if allowed {
                    assert_eq!(answer.status, StatusCode::OK, "{what}");
                } else {
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
                    assert!(answer.body.contains(operation.scope.name()), "{what}");
                    assert_eq!(keeper.asked().len(), asked, "no provider was asked");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_others_keep_is_as_if_it_did_not_exist() {
    with_everything_kept(async |world, keeper, [_, (_, colleagues), (key, own)]| {
        others_keep(world, keeper, (&key, &own), &colleagues).await;
    })
    .await;
}

#[tokio::test]
async fn what_another_project_keeps_is_as_if_it_did_not_exist() {
    with_everything_kept(async |world, keeper, [(key, own), (_, colleagues), _]| {
        others_keep(world, keeper, (&key, &own), &colleagues).await;
    })
    .await;
}

/// Whoever holds `key` asks for what is `others`', by all paths.
async fn others_keep(world: &World, keeper: &Upstream, (key, own): (&str, &Things), others: &Things) {
    let asked = keeper.asked().len();
    let by = By::Program(Some(key));
    for operation in table() {
        for ask in operation.asks() {
            others_are_as_if_they_did_not_exist(world, ask, by, (own, others), "nothing of theirs").await;
        }
        for ask in &operation.sent.straying {
            for name in ask.names(own) {
                let answer = ask.about(world, &own.exchanged(&[name], others), by).await;
                let what = format!("{} {} with {name} in {}{}", ask.method, ask.path, ask.path, ask.body);
                assert!(answer.status.is_client_error(), "{what}: {} {}", answer.status, answer.body);
            }
        }
    }
    for told in &keeper.asked()[asked..] {
        let text = format!("{}?{:?} {}", told.path, told.query, String::from_utf8_lossy(&told.body));
        let found = references::KEPT.iter().find(|name| text.contains(&others[name]));
        assert_eq!(found, None, "{} {text}", told.method);
    }
}

/// Whether an address refers to what another provider keeps than answers there. Anthropic's keeps nothing.
fn is_kept_elsewhere(operation: &Operation, ask: &Ask) -> bool {
    // An id of a chat completion could be anything.
    operation.path.starts_with("/v1/messages") && ask.path.contains("={") && !ask.path.contains("={chat}")
}

/// Otherwise the refusals above would say nothing.
#[tokio::test]
async fn ones_own_things_may_be_referred_to() {
    with_everything_kept(async |world, _, [(key, own), ..]| {
        for operation in table() {
            for ask in operation.asks().chain(&operation.sent.straying) {
                let own = operation.things(world, &own).await;
                let answer = ask.about(world, &own, By::Program(Some(&key))).await;
                let expected = if is_kept_elsewhere(operation, ask) { StatusCode::BAD_REQUEST } else { StatusCode::OK };
                assert_eq!(answer.status, expected, "{} {} {}: {}", ask.method, ask.path, ask.body, answer.body);
            }
        }
    })
    .await;
}
