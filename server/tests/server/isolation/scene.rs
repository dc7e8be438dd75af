//! Two organizations with the same kinds of things, and their members.

use std::{
    ops::AsyncFn,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::http::{Method, StatusCode};
use domain::{
    api_keys::{ApiKeyChanges, Level, NewApiKey, Rotation},
    bodies::BodiesState,
    exports::{ExportSource, FileFormat, NewExport},
    ids::{ApiKeyId, ExportId, ProjectId, SavedViewId},
    saved_views::{NewSavedView, ViewedPage},
};
use patience::find;
use serde_json::json;
use services::{
    Actor, ActorKind,
    api_keys::{LeakReport, report_leaks},
};

use super::{callers::open_session, things::Things};
use crate::{
    canary::dump::dump,
    world::{Person, World, command_line, program},
};

/// A text in everything that the first organization has, and nowhere else.
pub(super) const MARK: &str = "of the harbour office";

/// A call that the sandbox answers and whose bodies are stored.
const QUESTION: &str = "{\"model\":\"sandbox-1\",\"messages\":[{\"role\":\"user\",\"content\":\"hello {mark}\"}]}";

/// A world in which everyone has things.
pub(super) struct Scene {
    pub(super) world: World,
    /// The things of the first organization's owner.
    pub(super) owners: Things,
    /// The things of its developer, in the project assigned to them.
    pub(super) developers: Things,
    /// The things of the other organization's owner.
    pub(super) strangers: Things,
}

/// Runs a test in a scene on each database, with this configuration.
pub(super) async fn on_both_databases(toml: &str, test: impl AsyncFn(&Scene)) {
    test(&Scene::new(World::on(None, toml).await).await).await;
    let (world, database) = World::on_postgres(toml).await;
    let scene = Scene::new(world).await;
    test(&scene).await;
    drop(scene);
    database.drop().await;
}

impl Scene {
    async fn new(world: World) -> Self {
        let (acme, other) = (command_line(&world.organization), command_line(&world.stranger.actor.organization));
        let second = project(&world, &acme, &format!("Second {MARK}")).await;
        let strangers_second = project(&world, &other, "Second").await;
        let owners = things(&world, &world.owner, (second, world.project.id), MARK).await;
        let developers = things(&world, &world.developer, (world.project.id, second), "").await;
        let strangers = things(&world, &world.stranger, (world.strangers_project.id, strangers_second), "").await;
        // Everything is stored now, and keys' last uses aren't written later.
        world.gateway.flush().await;
        Self { world, owners, developers, strangers }
    }

    /// All rows about the first organization or its members, except records of attempts, and messages between
    /// servers.
    pub(super) async fn stored_rows(&self) -> Vec<(String, Vec<String>)> {
        let world = &self.world;
        let mut ids = vec![hex(&world.organization.id.uuid())];
        for person in [&world.owner, &world.admin, &world.developer, &world.viewer] {
            let ActorKind::Member { id, .. } = person.actor.kind else { unreachable!() };
            ids.push(hex(&id.uuid()));
        }
        let others = ["audit_entries", "audit_heads", "changes", "rate_windows", "seaql_migrations"];
        let tables = dump(world.services.database().read()).await.into_iter();
        let mut stored_rows: Vec<_> = tables
            .filter(|(table, _)| !others.contains(&table.as_str()))
            .map(|(table, rows)| {
                let theirs = |row: &&str| ids.iter().any(|id| row.to_lowercase().replace('-', "").contains(id));
                let mut rows: Vec<String> = rows.lines().filter(theirs).map(str::to_owned).collect();
                rows.sort_unstable();
                (table, rows)
            })
            .collect();
        stored_rows.sort_unstable();
        stored_rows
    }

    /// The same things with a new key, or with one that is rotating.
    pub(super) async fn fresh_key(&self, things: &Things, creator: &Person, is_rotating: bool) -> Things {
        let new_key = NewApiKey::plain("key", Level::Read, Some(things["project"].parse().unwrap()));
        // The creator's session may have ended meanwhile.
        let creator = without_session(&creator.actor);
        let id = services::api_keys::create(&self.world.services, &creator, new_key).await.unwrap().api_key.id;
        if is_rotating {
            rotate(&self.world, &creator, id).await;
        }
        things.clone().with("key", id)
    }
}

fn without_session(actor: &Actor) -> Actor {
    let mut actor = actor.clone();
    if let ActorKind::Member { session, .. } = &mut actor.kind {
        *session = None;
    }
    actor
}

fn hex(id: &impl ToString) -> String {
    id.to_string().replace('-', "")
}

async fn project(world: &World, actor: &Actor, name: &str) -> ProjectId {
    services::projects::create(&world.services, actor, name, "").await.unwrap().id
}

/// Rotates a key with a grace period of a day, and returns the new secret.
pub(super) async fn rotate(world: &World, actor: &Actor, key: ApiKeyId) -> String {
    let rotation = Rotation { grace_seconds: 86_400, request: None };
    services::api_keys::rotate(&world.services, actor, key, rotation).await.unwrap().secret.unwrap()
}

/// Creates things of `person`, with this mark in them.
async fn things(world: &World, person: &Person, (project, second): (ProjectId, ProjectId), mark: &str) -> Things {
    let actor = &person.actor;
    let new_key = NewApiKey::plain(format!("key {mark}"), Level::Standard, Some(project));
    let key = services::api_keys::create(&world.services, actor, new_key).await.unwrap().api_key.id;
    let secret = rotate(world, actor, key).await;
    let organization = command_line(&actor.organization);
    let admin = NewApiKey::plain(format!("admin {mark}"), Level::Admin, None);
    let admin = services::api_keys::create(&world.services, &organization, admin).await.unwrap();
    let (_, session) = open_session(world, person, 0).await;
    let ActorKind::Member { id: user, .. } = &actor.kind else { unreachable!() };
    Things::default()
        .with("slug", &actor.organization.slug)
        .with("project", project)
        .with("second", second)
        .with("key", key)
        .with("secret", &secret)
        .with("admin_key", admin.api_key.id)
        .with("call", call(world, actor, &secret, mark).await)
        .with("note", note(world, person, project, mark).await)
        .with("export", export(world, person).await)
        .with("view", view(world, person, mark).await)
        .with("session", session)
        .with("user", user)
}

/// Makes a call with this key, and waits until its bodies are stored.
async fn call(world: &World, actor: &Actor, secret: &str, mark: &str) -> String {
    let question = serde_json::from_str(&QUESTION.replace("{mark}", mark)).unwrap();
    let answer = world.send(program(&Method::POST, "/v1/chat/completions", Some(secret), &question)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    find("what was said is kept", async || {
        let bodies = services::bodies::get(&world.services, actor, id.parse().unwrap()).await.unwrap();
        matches!(bodies, BodiesState::Kept(_)).then_some(())
    })
    .await;
    id
}

/// Creates a notice in a member's inbox: one of their keys leaked.
async fn note(world: &World, person: &Person, project: ProjectId, mark: &str) -> String {
    let new_key = NewApiKey::plain(format!("leaked {mark}"), Level::Standard, Some(project));
    let leaked = services::api_keys::create(&world.services, &person.actor, new_key).await.unwrap().secret;
    report_leaks(&world.services, &[LeakReport { secret: leaked, place: mark.to_owned() }]).await.unwrap();
    let inbox = services::notifications::list(&world.services, &person.actor, true, None).await.unwrap();
    json!(inbox.notifications[0].id).as_str().unwrap().to_owned()
}

/// Starts an export of a member's usage.
pub(super) async fn export(world: &World, person: &Person) -> ExportId {
    let new = NewExport { source: ExportSource::Usage, format: FileFormat::Csv, query: String::new() };
    services::exports::start(&world.services, &without_session(&person.actor), &new, None).await.unwrap().id
}

/// Saves a personal view of a member, with a name of its own.
pub(super) async fn view(world: &World, person: &Person, mark: &str) -> SavedViewId {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let name = format!("View {} {mark}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let new = NewSavedView { page: ViewedPage::Usage, name, query: "range=7d".to_owned(), shared: false };
    services::saved_views::create(&world.services, &without_session(&person.actor), new).await.unwrap().id
}

/// Changes of a key with every field: a new one must be added here to compile.
pub(super) fn all_changes(project: ProjectId) -> ApiKeyChanges {
    ApiKeyChanges {
        name: Some("renamed".to_owned()),
        description: Some(String::new()),
        scopes: None,
        models: None,
        ip_allowlist: None,
        project_id: Some(project),
        rotate_every_days: Some(30),
        rate_limits: None,
        metadata_only: Some(false),
    }
}
