//! A change locks what its permission depends on: a permission that is revoked while the request is handled
//! is missing.

use std::{collections::BTreeSet, fs, path::Path};

use domain::{
    api_keys::{ApiKey, ApiKeyChanges, Level, NewApiKey, Rotation},
    ids::ProjectId,
    organizations::SettingsChanges,
    permissions::Role,
    rate_limits::RateLimits,
};
use futures::future::{BoxFuture, join_all};
use patience::wait_until;
use sea_orm::ConnectionTrait;
use services::{
    Actor, ServiceError, ServiceResult, accounts, api_keys, notifications, organizations, projects, rate_limits,
};

use crate::support::{World, device, new_key};

/// The actor of changes whose permission is revoked meanwhile, and the objects of the changes.
struct Stage<'a> {
    world: &'a World,
    actor: Actor,
    project: ProjectId,
    key: ApiKey,
    rotating: ApiKey,
}

type Attempt<'a> = BoxFuture<'a, ServiceResult<()>>;

fn attempt<'a, T>(
    name: &'static str,
    work: impl Future<Output = ServiceResult<T>> + Send + 'a,
) -> (&'static str, Attempt<'a>) {
    (name, Box::pin(async move { work.await.map(drop) }))
}

impl<'a> Stage<'a> {
    async fn new(world: &'a World, admin: &Actor, actor: Actor) -> Self {
        let project = world.default_project(admin).await;
        let key = world.key(&actor, project, "web").await;
        let rotating = world.key(&actor, project, "rotating").await;
        let rotation = Rotation { grace_seconds: 60, request: None };
        api_keys::rotate(&world.services, admin, rotating.id, rotation).await.unwrap();
        Self { world, actor, project, key, rotating }
    }

    /// All changes of keys.
    fn key_attempts(&self) -> Vec<(&'static str, Attempt<'_>)> {
        let (services, actor) = (&self.world.services, &self.actor);
        let (key, rotating) = (self.key.id, self.rotating.id);
        let changes = ApiKeyChanges { name: Some("renamed".to_owned()), ..ApiKeyChanges::default() };
        let rotation = Rotation { grace_seconds: 60, request: None };
        let request = || new_key(self.project, "made");
        vec![
            attempt("create", api_keys::create(services, actor, request())),
            attempt("create once", api_keys::create_once(services, actor, request(), services::new_reference())),
            attempt("edit", api_keys::edit(services, actor, key, changes)),
            attempt("rotate", api_keys::rotate(services, actor, key, rotation)),
            attempt("grace", api_keys::set_grace(services, actor, rotating, 0)),
            attempt("revoke", async move { api_keys::revoke(services, actor, &[key]).await }),
            attempt("revoke along", async move { api_keys::revoke_with_descendants(services, actor, &[key]).await }),
        ]
    }

    /// All changes that only members may make.
    fn member_attempts(&self) -> Vec<(&'static str, Attempt<'_>)> {
        let (services, actor) = (&self.world.services, &self.actor);
        let changes = SettingsChanges { session_idle_minutes: Some(60), ..SettingsChanges::default() };
        let limits = RateLimits { calls_per_minute: Some(7), ..RateLimits::NONE };
        vec![
            attempt("settings", organizations::update_settings(services, actor, changes)),
            attempt("limits", rate_limits::set(services, actor, Some(self.project), limits)),
            attempt("project", projects::create(services, actor, "New", "")),
            attempt("assign", projects::assign(services, actor, self.project, "kim@acme.example")),
            attempt("mark", notifications::mark(services, actor, None, true)),
        ]
    }

    /// Makes an attempt while another transaction, which began earlier, executes `sql` and commits.
    async fn run_overtaken(&self, sql: &str, attempt: Attempt<'_>) -> ServiceResult<()> {
        let other = self.world.services.database().begin().await.unwrap();
        other.execute_unprepared(sql).await.unwrap();
        let commit = async {
            // On SQLite no other write begins before the transaction ends.
            if self.world.services.database().is_postgres() {
                let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
                wait_until("it waits for the other one", async || self.world.count(waiting).await > 0).await;
            }
            other.commit().await.unwrap();
        };
        tokio::join!(attempt, commit).0
    }

    /// Counts of the rows that changes leave.
    async fn traces(&self) -> (i64, i64, i64, i64) {
        let count = async |table| self.world.count(table).await;
        (count("audit_entries").await, count("api_keys").await, count("projects").await, count("changes").await)
    }
}

/// A signed-in member.
async fn member(world: &World, admin: &Actor, name: &str, role: Role) -> Actor {
    world.member(&admin.organization, name, role).await;
    let email = format!("{}@acme.example", name.to_lowercase());
    let sign_in = domain::accounts::SignIn { email, password: crate::support::PASSWORD.to_owned() };
    let signed_in = accounts::sign_in(&world.services, sign_in, &device()).await.unwrap();
    accounts::actor(&world.services, &signed_in.user, "acme", device().ip).await.unwrap()
}

on_both_databases! {
    async fn what_is_taken_from_a_key_counts_before_what_it_does(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (program, _) = world.program(&admin, &[]).await;
        let stage = Stage::new(world, &admin, program).await;
        let of_program = "WHERE name = 'program'";
        let its_secrets = format!("WHERE api_key_id IN (SELECT id FROM api_keys {of_program})");
        let losses = [
            ("revoked", format!("UPDATE api_keys SET revoked_at = 1 {of_program}")),
            ("disabled", format!("UPDATE api_keys SET disabled_at = 1 {of_program}")),
            ("expired", format!("UPDATE api_keys SET expires_at = 1 {of_program}")),
            ("scopes", format!("UPDATE api_keys SET scopes = '[\"chat\"]' {of_program}")),
            ("networks", format!("UPDATE api_keys SET ip_allowlist = '[\"203.0.113.0/24\"]' {of_program}")),
            ("replaced", format!("UPDATE key_secrets SET expires_at = 1 {its_secrets}")),
        ];
        let all = "revoked_at = NULL, disabled_at = NULL, expires_at = NULL, scopes = '[]', ip_allowlist = '[]'";
        let restore = [
            format!("UPDATE api_keys SET {all} {of_program}"),
            format!("UPDATE key_secrets SET expires_at = NULL {its_secrets}"),
        ];
        for (loss, sql) in losses {
            for index in 0..stage.key_attempts().len() {
                for sql in &restore {
                    world.execute(sql).await;
                }
                let before = stage.traces().await;
                let (name, attempt) = stage.key_attempts().remove(index);
                let refused = stage.run_overtaken(&sql, attempt).await;
                assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{name}, {loss}: {refused:?}");
                assert_eq!(stage.traces().await, before, "{name}, {loss}");
            }
        }
    }

    async fn what_is_taken_from_a_member_counts_before_what_they_do(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        world.member(&admin.organization, "Kim", Role::Developer).await;
        let mira = member(world, &admin, "Mira", Role::Admin).await;
        let stage = Stage::new(world, &admin, mira).await;
        let attempts = || stage.key_attempts().into_iter().chain(stage.member_attempts()).collect::<Vec<_>>();
        type IsExpected = fn(&ServiceError) -> bool;
        let losses: [(&str, &str, IsExpected); 3] = [
            ("the role", "UPDATE memberships SET role = 'viewer'", |error| matches!(error, ServiceError::Forbidden(_))),
            ("the membership", "UPDATE memberships SET suspended_at = 1", |error| {
                matches!(error, ServiceError::NotFound)
            }),
            ("the session", "UPDATE sessions SET expires_at = 1", |error| {
                matches!(error, ServiceError::Unauthenticated)
            }),
        ];
        for (loss, sql, expected) in losses {
            for index in 0..attempts().len() {
                world.execute("UPDATE memberships SET role = 'admin', suspended_at = NULL").await;
                world.execute("UPDATE sessions SET expires_at = 9000000000000000").await;
                let before = stage.traces().await;
                let (name, attempt) = attempts().remove(index);
                let refused = stage.run_overtaken(sql, attempt).await;
                assert!(refused.as_ref().is_err_and(expected), "{name} without {loss}: {refused:?}");
                assert_eq!(stage.traces().await, before, "{name} without {loss}");
            }
        }
        world.execute("UPDATE sessions SET expires_at = 9000000000000000").await;
        let (_, attempt) = attempts().remove(0);
        let refused = stage.run_overtaken("DELETE FROM sessions", attempt).await;
        assert!(matches!(refused, Err(ServiceError::Unauthenticated)), "{refused:?}");
    }

    async fn a_project_that_is_taken_away_counts_before_what_is_done_there(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let developer = member(world, &admin, "Dan", Role::Developer).await;
        let project = world.default_project(&admin).await;
        world.assign(&admin, project, "Dan").await;
        let stage = Stage::new(world, &admin, developer).await;
        let second = world.project(&admin, "Second").await.id;
        world.assign(&admin, second, "Dan").await;
        let services = &world.services;
        let changes = ApiKeyChanges { project_id: Some(second), ..ApiKeyChanges::default() };
        let (_, making) = attempt("create", api_keys::create(services, &stage.actor, new_key(second, "made")));
        let (_, moving) = attempt("move", api_keys::edit(services, &stage.actor, stage.key.id, changes));
        let before = stage.traces().await;
        let archived = "UPDATE projects SET archived_at = 1 WHERE slug = 'second'";
        for attempt in [making, moving] {
            let refused = stage.run_overtaken(archived, attempt).await;
            assert_eq!(crate::support::field_error(refused, "project_id"), "This project is archived.");
        }
        world.execute("UPDATE projects SET archived_at = NULL").await;
        let unassigned = "UPDATE project_members SET user_id = project_id";
        let (_, edit) = stage.key_attempts().remove(2);
        let refused = stage.run_overtaken(unassigned, edit).await;
        assert!(matches!(refused, Err(ServiceError::NotFound)), "{refused:?}");
        assert_eq!(stage.traces().await, before);
    }

    async fn once_a_key_is_revoked_it_makes_no_more_however_many_it_asked_for(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, itself) = world.program(&admin, &[]).await;
        let services = &world.services;
        let making = join_all((0..40).map(|number| {
            let program = &program;
            async move { api_keys::create(services, program, new_key(project, &format!("made {number}"))).await.is_ok() }
        }));
        let revoking = async {
            wait_until("some are made", async || world.count("api_keys").await > 5).await;
            api_keys::revoke(services, &admin, &[itself.id]).await.unwrap();
            world.count("api_keys").await
        };
        let (made, known) = tokio::join!(making, revoking);
        assert_eq!(made.iter().filter(|made| **made).count() as i64 + 1, known);
        assert_eq!(world.count("api_keys").await, known);
    }

    async fn two_that_revoke_each_other_at_once_wait_for_nothing_for_ever(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let services = &world.services;
        for _ in 0..10 {
            let (one, first) = world.program(&admin, &[]).await;
            let (other, second) = world.program(&admin, &[]).await;
            let ids = [second.id, first.id];
            let (done, refused) = tokio::join!(
                api_keys::revoke(services, &one, &ids),
                api_keys::revoke(services, &other, &ids),
            );
            assert!(done.is_ok() != refused.is_ok(), "{done:?}, {refused:?}");
            let refused = done.and(refused);
            assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
        }
    }

    async fn a_key_acts_as_it_stands_and_not_as_it_was_when_it_was_shown(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (program, itself) = world.program(&admin, &[]).await;
        let changes = ApiKeyChanges { name: Some("renamed".to_owned()), ..ApiKeyChanges::default() };
        api_keys::edit(&world.services, &admin, itself.id, changes).await.unwrap();
        let request = NewApiKey::plain("made", Level::Admin, None);
        let made = api_keys::create(&world.services, &program, request).await.unwrap().api_key;
        assert_eq!(api_keys::history(&world.services, &admin, made.id).await.unwrap()[0].actor, "renamed");
    }
}

/// Files that begin transactions without `AuditedChange`, since they act for no actor or only for the user
/// themselves.
const WITHOUT_ACTOR: &[&str] = &[
    "accounts/administration.rs",
    "accounts/failure_log.rs",
    "accounts/guess_limiter.rs",
    "accounts/members.rs",
    "accounts/profile.rs",
    "accounts/sessions.rs",
    "accounts/sign_in.rs",
    "accounts/sign_up.rs",
    "accounts/cleanup.rs",
    "audited_change.rs",
    "api_keys/commands/report_leaks.rs",
    "api_keys/commands/remind.rs",
    "api_keys/uses/rows.rs",
    "background_migrations/progress.rs",
    "background_migrations/run.rs",
    // It records each step by an `AuditedChange`, whose lock would hold up others for as long as a step takes.
    "bodies/delete.rs",
    "bodies/store.rs",
    "bodies/cleanup.rs",
    "calls/retention/delete.rs",
    "changes/watcher.rs",
    "database/redefine.rs",
    "demo.rs",
    "demo/company.rs",
    "demo/uses.rs",
    "events/writer.rs",
    "exports/cleanup.rs",
    "exports/run.rs",
    "former_members.rs",
    "jobs/claim.rs",
    "jobs/cleanup.rs",
    "jobs/replay.rs",
    "jobs/results.rs",
    "jobs/runner.rs",
    "metering/registry.rs",
    "metering/storer/group.rs",
    "metering/upkeep/halves.rs",
    "metering/upkeep/writers.rs",
    "models.rs",
    "provider_objects.rs",
    "provider_objects/job_results.rs",
    "organizations.rs",
    "quotas.rs",
    "sealed_secrets.rs",
    "sealed_secrets/rotate.rs",
];

#[test]
fn whoever_acts_for_somebody_begins_with_what_that_rests_on() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).unwrap().contains(".begin()") {
                found.insert(path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let known: BTreeSet<String> = WITHOUT_ACTOR.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(found, known, "an actor's change begins with AuditedChange::begin");
}
