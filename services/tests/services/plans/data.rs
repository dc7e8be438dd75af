//! An organization with 200,000 calls of 90 days, and other rows in proportion.

use ::migrations::{Migrator, MigratorTrait};
use domain::{
    api_keys::{ApiKey, Secret},
    calls::Outcome,
    ids::{CallId, ProjectId},
    notifications::Notice,
    permissions::Role,
    usage::LATENCY_BINS,
};
use services::{
    Actor,
    accounts::SignedIn,
    metering::{self, CallRecord},
};

use super::*;
use crate::support::{TestCall, record};

const CALLS: usize = 200_000;
const OTHERS: usize = 20_000;
const KEYS: usize = 300;
const PROJECTS: usize = 40;
/// Number of statuses of succeeded calls.
const STATUSES: usize = 4;
/// Start of the first call, 90 days before the tests' clock, in milliseconds since the Unix epoch.
const FIRST: i64 = 1_787_200_000_000;
/// Milliseconds between two calls.
const INTERVAL: i64 = 38_500;

pub(super) struct Data {
    pub(super) admin: Actor,
    pub(super) owner: Actor,
    /// A member of all projects.
    pub(super) developer: Actor,
    pub(super) signed_in: SignedIn,
    pub(super) project: ProjectId,
    pub(super) key: ApiKey,
    pub(super) secret: (ApiKey, Secret),
    pub(super) call: CallId,
}

impl Data {
    pub(super) async fn fill(world: &World) -> Self {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let owner = world.actor_of(&signed_in).await;
        let admin =
            Actor { kind: services::ActorKind::Operator(services::OperatorSource::CommandLine), ..owner.clone() };
        world.choose_body_days(&admin, Some(30)).await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let secret = world.secret(&admin, new_key(project, "secret")).await;
        world.offer("m1", "1").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let call = calls(world, &admin, project, &key).await;
        others(world).await;
        if world.services.database().is_postgres() {
            world.execute("ANALYZE").await;
        }
        Self { admin, owner, developer, signed_in, project, key, secret, call }
    }

    /// The record of a new call.
    pub(super) fn record(&self) -> CallRecord {
        let at = TestCall::at("2026-11-17T14:32:00Z").model("m1");
        CallRecord { id: metering::new_call_id(at.at), ..record(&self.admin.organization, &self.key, &at) }
    }
}

/// SQL for rows numbered `n.n`, from 1 to `count`.
fn numbers(count: usize) -> String {
    format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})")
}

/// Stores calls of four keys to five models each, recent ones and 10,000 earlier ones, in series of four
/// statuses. Long ago some calls failed or were refused, also of models that aren't called any longer. One of
/// the five models is "other".
async fn calls(world: &World, admin: &Actor, project: ProjectId, key: &ApiKey) -> CallId {
    let mut last = None;
    for number in 0..4 {
        let other = world.key(admin, project, &format!("key {number}")).await;
        let key = if number == 0 { key } else { &other };
        for model in 0..5 {
            let model = if model == 4 { "other".to_owned() } else { format!("m{model}") };
            let made = TestCall::at("2026-11-17T14:00:00Z").model(&model);
            let old =
                |outcome| TestCall { at: "2026-08-25T00:00:00Z".parse().unwrap(), ..made.clone() }.outcome(outcome);
            let made = [old(Outcome::Failed), old(Outcome::Refused), made.clone()];
            last = world.calls(&admin.organization, key, &made).await.pop();
        }
    }
    let rare =
        |number: usize| TestCall::at("2026-08-24T00:00:00Z").model(&format!("rare{number}")).outcome(Outcome::Failed);
    world.calls(&admin.organization, key, &(0..110).map(rare).collect::<Vec<_>>()).await;
    world
        .execute(
            "UPDATE calls SET model = 'common' WHERE series_id IN (SELECT s.id FROM series s WHERE s.model = 'other')",
        )
        .await;
    world
        .execute(&format!(
            "INSERT INTO series (organization_id, id, project_id, api_key_id, member_id, model, service, endpoint, provider, \
             status, outcome) {} SELECT s.organization_id, row_number() OVER (ORDER BY s.id, n.n), s.project_id, \
             s.api_key_id, s.member_id, s.model, s.service, s.endpoint, s.provider, s.status + n.n, s.outcome \
             FROM n, series s WHERE s.outcome = 'succeeded'",
            numbers(STATUSES - 1)
        ))
        .await;
    let postgres = world.services.database().is_postgres();
    let moment = format!("({FIRST} + n.n * CAST({INTERVAL} AS bigint))");
    // A UUIDv7 of the moment.
    let id = if postgres {
        format!("(lpad(to_hex({moment}), 12, '0') || '70008000' || lpad(to_hex(n.n), 12, '0'))::uuid")
    } else {
        format!("unhex(printf('%012x', {moment}) || '70008000' || printf('%012x', n.n))")
    };
    let columns = "organization_id, series_id, secret_id, duration_us, first_byte_us, streamed, reported, estimated, times, \
         tokens_in, cached_tokens_in, cache_write_tokens_in, tokens_out, images, media_ms, byte_hours, cost_nanos, price_id, \
         error_code, model";
    let columns: Vec<&str> = columns.split(", ").map(str::trim).collect();
    let of_base: String = columns.iter().map(|column| format!(", b.{column}")).collect();
    let of_call = columns.iter().filter(|column| **column != "series_id");
    let of_call: String = of_call.map(|column| format!(", c.{column}")).collect();
    world
        .execute(&format!(
            "INSERT INTO calls (id, started_at, {}) {} SELECT {id}, {moment}{of_base} FROM n JOIN \
             (SELECT t.id AS series_id, row_number() OVER (ORDER BY t.id) - 1 AS place{of_call} FROM calls c JOIN series s \
             ON s.organization_id = c.organization_id AND s.id = c.series_id JOIN series t \
             ON t.organization_id = s.organization_id AND t.api_key_id = s.api_key_id AND t.model = s.model \
             AND t.outcome = s.outcome WHERE s.outcome = 'succeeded') b ON b.place = n.n % {}",
            columns.join(", "),
            numbers(CALLS),
            4 * 5 * STATUSES
        ))
        .await;
    sum_up(world).await;
    last.unwrap()
}

/// Makes the rollups of all stored calls.
async fn sum_up(world: &World) {
    let migrations = Migrator::migrations();
    let earlier = migrations.iter().position(|migration| migration.name().ends_with("_quarter_hour_rollups")).unwrap();
    let transaction = world.services.database().begin_migrating().await.unwrap();
    let later = u32::try_from(migrations.len() - earlier).unwrap();
    // The migration's `down` computes the sums from the calls.
    Migrator::down(&transaction, Some(later)).await.unwrap();
    Migrator::up(&transaction, None).await.unwrap();
    transaction.commit().await.unwrap();
    let counts = "calls, errors, refused, tokens_in, cached_tokens_in, tokens_out, images, media_ms, byte_hours, cost_nanos, \
         unpriced, duration_us";
    let bins = (0..LATENCY_BINS).map(|bin| format!("latency_{bin}"));
    let columns: Vec<String> = counts.split(", ").map(|column| column.trim().to_owned()).chain(bins).collect();
    let sums: String = columns.iter().map(|column| format!(", CAST(sum({column}) AS bigint)")).collect();
    world.execute("DELETE FROM rollups WHERE resolution = 3").await;
    // The organization's days are Berlin's; this is close enough for the number of rows.
    let day = "bucket - bucket % 86400000 - 3600000";
    world
        .execute(&format!(
            "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {}) \
             SELECT organization_id, 3, {day}, series_id, 0{sums} FROM rollups WHERE resolution = 1 \
             GROUP BY organization_id, {day}, series_id",
            columns.join(", ")
        ))
        .await;
}

/// Stores keys, their uses, sessions, notices, entries of the audit log, provider objects, and bodies.
async fn others(world: &World) {
    let postgres = world.services.database().is_postgres();
    let (id, bytes) = if postgres {
        ("gen_random_uuid()", "decode(md5(random()::text) || md5(random()::text), 'hex')")
    } else {
        ("randomblob(16)", "randomblob(32)")
    };
    let (keys, many) = (numbers(KEYS), numbers(OTHERS));
    let api_key = domain::ids::ApiKeyId::new(uuid::Uuid::nil());
    let notice = Notice::KeyLeaked { api_key, name: "web".to_owned(), place: String::new() };
    let notice = serde_json::to_string(&notice).unwrap();
    for sql in [
        format!(
            "INSERT INTO api_keys (organization_id, id, project_id, name, description, level, scopes, models, ip_allowlist, \
             created_at) {keys} SELECT k.organization_id, {id}, k.project_id, 'copy', '', k.level, k.scopes, k.models, \
             k.ip_allowlist, k.created_at FROM n, (SELECT * FROM api_keys LIMIT 1) k"
        ),
        format!(
            "INSERT INTO key_secrets (organization_id, id, api_key_id, last_four, created_at) \
             SELECT organization_id, {id}, id, 'copy', created_at FROM api_keys WHERE name = 'copy'"
        ),
        format!(
            "INSERT INTO key_directory (hash, organization_id, api_key_id, secret_id) \
             SELECT {bytes}, organization_id, api_key_id, id FROM key_secrets WHERE last_four = 'copy'"
        ),
        format!(
            "INSERT INTO key_uses (organization_id, api_key_id, secret_id, ip, agent, last_used_at) {} \
             SELECT s.organization_id, s.api_key_id, s.id, CAST(n.n AS text), '', {FIRST} FROM n, key_secrets s",
            numbers(50)
        ),
        format!(
            "INSERT INTO projects (organization_id, id, slug, name, description, cost_center, created_at) {} \
             SELECT o.id, {id}, 'p' || CAST(n.n AS text), 'P', '', '', 0 FROM n, organizations o",
            numbers(PROJECTS)
        ),
        "INSERT INTO project_members (organization_id, project_id, user_id, role, created_at) \
         SELECT p.organization_id, p.id, u.id, 'member', 0 FROM projects p, users u WHERE u.name = 'Dev'"
            .to_owned(),
        format!(
            "INSERT INTO sessions (id, token_hash, user_id, user_agent, ip, created_at, last_active_at, expires_at) {many} \
             SELECT {id}, {bytes}, u.id, '', '', s.created_at, s.last_active_at, s.expires_at \
             FROM n, (SELECT * FROM sessions LIMIT 1) s, users u WHERE u.name = 'Dev'"
        ),
        format!("INSERT INTO sign_in_failures (subject, until, failures) {many} SELECT {id}, 9000000000000, 1 FROM n"),
        format!("INSERT INTO event_ids (organization_id, digest) {many} SELECT o.id, {id} FROM n, organizations o"),
        format!(
            "INSERT INTO notifications (organization_id, user_id, id, occasion, notice, at) {many} \
             SELECT m.organization_id, m.user_id, {id}, CAST(n.n AS text), {notice}, {FIRST} FROM n, memberships m \
             WHERE m.role = 'owner'",
            notice = if postgres { format!("'{notice}'::jsonb") } else { format!("'{notice}'") }
        ),
        format!(
            "INSERT INTO audit_entries (organization_id, sequence, at, actor_kind, actor_name, action, target_kind, target_id, \
             ip, previous_hash, hash) {many} SELECT e.organization_id, 1000 + n.n, e.at, e.actor_kind, e.actor_name, e.action, \
             e.target_kind, CAST(n.n AS text), e.ip, e.previous_hash, e.hash \
             FROM n, (SELECT * FROM audit_entries ORDER BY organization_id DESC, sequence LIMIT 1) e"
        ),
        format!(
            "INSERT INTO bodies (organization_id, call_id, expires_day, packed) {many} \
             SELECT o.id, {id}, 30000, {bytes} FROM n, organizations o"
        ),
        format!(
            "INSERT INTO provider_objects (organization_id, project_id, kind, id, api_key_id, secret_id, member_id, provider, \
             model, created_at, bytes, settlement_id, document) {many} SELECT k.organization_id, k.project_id, \
             CASE n.n % 10 WHEN 0 THEN 'file' WHEN 1 THEN 'chat_completion' ELSE 'response' END, \
             'resp_' || CAST(n.n AS text), k.id, k.id, k.id, 'upstream', 'm1', {FIRST} + n.n, \
             CASE n.n % 10 WHEN 0 THEN 1000 ELSE 0 END, {id}, '{{}}' FROM n, (SELECT * FROM api_keys LIMIT 1) k"
        ),
    ] {
        world.execute(&sql).await;
    }
}
