//! The schema and the statements suit a database that is distributed by organization (docs/scaling.md).
//!
//! At its end, each test on PostgreSQL checks the statements that its services executed (`World::end`); here is the
//! check itself, and that of the schema.

use crate::support::{Tables, TestDatabase, World, check};

async fn world() -> World {
    World::new(TestDatabase::postgres().await).await
}

/// The first column of a query's rows.
async fn texts(world: &World, sql: &str) -> Vec<String> {
    world.rows(sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn each_table_has_a_place_in_a_distributed_database_on_postgres() {
    let world = world().await;
    let tables = texts(
        &world,
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \
         AND NOT relispartition AND relname <> 'seaql_migrations' ORDER BY relname COLLATE \"C\"",
    )
    .await;
    assert_eq!(Tables::documented().all(), tables, "docs/citus.sql, and the tables of the schema");
    world.end().await;
}

#[tokio::test]
async fn whatever_is_unique_in_a_distributed_table_is_so_in_its_organization_on_postgres() {
    let world = world().await;
    let unique = texts(
        &world,
        "SELECT format('%s %s', i.indrelid::regclass, i.indexrelid::regclass) FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique \
         AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) \
         AND a.attname = 'organization_id')",
    )
    .await;
    let tables = Tables::documented();
    let is_distributed =
        |index: &&String| index.split(' ').next().is_some_and(|table| tables.distributed.contains(table));
    let without_organization: Vec<&String> = unique.iter().filter(is_distributed).collect();
    assert!(without_organization.is_empty(), "{without_organization:?}");
    assert!(unique.iter().any(|index| index == "users users_email"), "{unique:?}");
    world.end().await;
}

#[tokio::test]
async fn no_foreign_key_and_no_trigger_leads_to_another_machine_on_postgres() {
    let world = world().await;
    let found = texts(
        &world,
        "SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'x') \
         UNION ALL SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal",
    )
    .await;
    assert!(found.is_empty(), "{found:?}");
    world.end().await;
}

#[test]
fn statements_of_one_organization_name_it_for_each_table() {
    let tables = Tables::documented();
    for sql in [
        "SELECT * FROM api_keys",
        "SELECT k.id FROM api_keys k JOIN key_secrets s ON s.organization_id = $1 AND s.api_key_id = k.id \
         WHERE k.organization_id = $1",
        // PostgreSQL derives equalities within one level.
        "SELECT * FROM calls c JOIN series s ON c.organization_id = s.organization_id AND c.series_id = s.id \
         WHERE \"c\".\"organization_id\" = CAST($1 AS uuid) ORDER BY c.id DESC LIMIT 5 FOR NO KEY UPDATE",
        "SELECT k.id, (SELECT max(u.last_used_at) FROM key_uses u WHERE u.organization_id = $1 AND u.api_key_id = k.id) \
         FROM api_keys k WHERE k.organization_id = $1 AND (k.id = $2 OR k.id = $3) ORDER BY \
         (SELECT s.id FROM key_secrets s WHERE s.organization_id = $1 AND s.api_key_id = k.id)",
        "SELECT id FROM api_keys WHERE organization_id = $1 AND id IN \
         (SELECT api_key_id FROM key_secrets WHERE organization_id = $1)",
        "WITH RECURSIVE made (id) AS (SELECT s.api_key_id FROM key_secrets s WHERE s.organization_id = $1 \
         UNION SELECT s.api_key_id FROM made m JOIN key_secrets s ON s.made_by = m.id WHERE s.organization_id = $1) \
         SELECT k.id FROM made JOIN api_keys k ON k.id = made.id WHERE k.organization_id = $1",
        "SELECT r.calls FROM (SELECT e.value FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS e(value, n)) p \
         CROSS JOIN LATERAL (SELECT r.* FROM rollups r WHERE r.organization_id = $2 AND r.bucket >= (p.value ->> 0)::bigint \
         OFFSET 0) r CROSS JOIN series s WHERE s.organization_id = $2 AND s.id = r.series_id",
        "SELECT o.name FROM organizations o JOIN memberships m ON m.organization_id = o.id \
         JOIN inboxes i ON i.organization_id = o.id WHERE o.id = $1",
        "UPDATE inboxes SET unread = (SELECT count(*) FROM notifications n WHERE n.organization_id = $1 \
         AND n.user_id = inboxes.user_id) WHERE organization_id = $1",
        "DELETE FROM bodies WHERE organization_id = $1 AND call_id = ANY(ARRAY(SELECT unnest($2::text::uuid[])))",
        "INSERT INTO key_uses (api_key_id, organization_id) SELECT c.api_key_id, $1 FROM series c WHERE c.organization_id = $1",
    ] {
        assert_eq!(check(sql, &tables), Ok(()), "{sql}");
    }
}

#[test]
fn statements_over_all_organizations_join_by_it() {
    let tables = Tables::documented();
    for sql in [
        "SELECT k.id FROM api_keys k JOIN key_secrets s ON s.organization_id = k.organization_id AND s.api_key_id = k.id \
         WHERE EXISTS (SELECT 1 FROM key_uses u WHERE u.organization_id = s.organization_id AND u.secret_id = s.id)",
        // The directory is on the coordinator.
        "SELECT k.name FROM key_directory d JOIN organizations o ON o.id = d.organization_id \
         JOIN api_keys k ON k.organization_id = d.organization_id AND k.id = d.api_key_id \
         LEFT JOIN projects p ON p.organization_id = k.organization_id AND p.id = k.project_id WHERE d.hash = $1",
        "SELECT c.id FROM (SELECT e.value FROM jsonb_array_elements($1::text::jsonb) e) w CROSS JOIN calls c \
         WHERE c.organization_id = (w.value ->> 0)::uuid AND c.id = (w.value ->> 1)::uuid",
        "SELECT s.id FROM series s JOIN (SELECT organization_id, max(writer) AS writer FROM rollups \
         GROUP BY organization_id) w ON w.organization_id = s.organization_id",
        "WITH w AS (SELECT r.organization_id, r.series_id FROM rollups r) \
         SELECT s.id FROM series s JOIN w ON w.organization_id = s.organization_id",
        "INSERT INTO key_uses (organization_id, api_key_id) SELECT c.organization_id, s.api_key_id FROM calls c \
         JOIN series s ON s.organization_id = c.organization_id AND s.id = c.series_id",
        "UPDATE api_keys SET name = (w.value ->> 1) FROM (SELECT e.value FROM jsonb_array_elements($1::jsonb) e) w \
         WHERE api_keys.organization_id = (w.value ->> 0)::uuid",
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 2 LIMIT 5 FOR UPDATE SKIP LOCKED)",
    ] {
        assert_eq!(check(sql, &tables), Ok(()), "{sql}");
    }
}

#[test]
fn other_statements_are_found() {
    let tables = Tables::documented();
    for (sql, problem) in [
        ("SELECT * FROM calls c JOIN series s ON s.id = c.series_id", "joins calls, series"),
        ("SELECT * FROM calls c, series s WHERE s.id = c.series_id AND s.organization_id = $1", "joins calls without"),
        (
            "SELECT * FROM calls c, series s WHERE s.id = $1 OR s.organization_id = c.organization_id",
            "joins calls, series",
        ),
        ("SELECT * FROM api_keys WHERE id IN (SELECT api_key_id FROM key_secrets)", "joins api_keys, key_secrets"),
        // Bound to a value in one subquery, and only compared with the table around in another.
        (
            "SELECT (SELECT max(u.last_used_at) FROM key_uses u WHERE u.organization_id = k.organization_id) \
             FROM api_keys k WHERE k.organization_id = $1 AND k.id IN \
             (SELECT s.api_key_id FROM key_secrets s WHERE s.organization_id = $1)",
            "joins key_uses without",
        ),
        // A condition on the table around doesn't bind the one inside.
        (
            "SELECT k.id FROM api_keys k WHERE EXISTS (SELECT 1 FROM key_uses u WHERE k.organization_id = $1)",
            "joins api_keys, key_uses",
        ),
        (
            "SELECT m.role, (SELECT min(n.created_at) FROM memberships n WHERE n.user_id = s.user_id) FROM sessions s \
             JOIN memberships m ON m.user_id = s.user_id AND m.organization_id = $1",
            "joins memberships without",
        ),
        ("WITH w AS (SELECT series_id FROM rollups) SELECT * FROM series JOIN w ON w.series_id = series.id", "joins"),
        (
            "WITH RECURSIVE m AS (SELECT s.organization_id, s.id FROM key_secrets s UNION SELECT s.organization_id, s.id \
             FROM m JOIN key_secrets s ON s.made_by = m.id AND s.organization_id = m.organization_id) SELECT * FROM m",
            "joins key_secrets, key_secrets",
        ),
        (
            "SELECT id FROM series UNION ALL SELECT c.series_id FROM calls c WHERE c.organization_id = $1",
            "joins series",
        ),
        ("DELETE FROM bodies WHERE expires_day <= $1", "changes bodies"),
        ("DELETE FROM bodies WHERE organization_id IN (SELECT id FROM organizations)", "changes bodies"),
        ("DELETE FROM calls USING series WHERE calls.series_id = series.id AND series.organization_id = $1", "changes"),
        ("UPDATE api_keys SET name = '' WHERE id = $1", "changes api_keys"),
        (
            "UPDATE key_secrets SET made_by = e.actor_id FROM audit_entries e \
             WHERE e.organization_id = key_secrets.organization_id",
            "changes key_secrets",
        ),
        (
            "UPDATE inboxes SET unread = (SELECT count(*) FROM notifications) WHERE organization_id = $1",
            "joins notifications without",
        ),
        ("INSERT INTO key_uses (organization_id, api_key_id) SELECT $1, c.id FROM calls c", "joins calls without"),
        ("INSERT INTO key_uses (api_key_id) SELECT c.id FROM calls c WHERE c.organization_id = $1", "joins key_uses"),
        ("SELECT ((", "can't be parsed"),
    ] {
        let found = check(sql, &tables).expect_err(sql);
        assert!(found.starts_with(problem), "{found}: {sql}");
    }
}
