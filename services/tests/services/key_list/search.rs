//! Indexes for searches.

use std::sync::{Arc, Mutex};

use domain::api_keys::KeyQuery;
use sea_orm::{ConnectionTrait, Statement};
use services::{Actor, api_keys, background_migrations};

use crate::support::{StoredKey, StoredSecret, World};

/// Number of keys: enough that no plan reads all of them for one.
const KEYS: usize = 20_000;

/// The plan of the statement that finds the keys with this text, and their number.
async fn plan(world: &World, admin: &Actor, text: &str) -> (String, i64) {
    let statements = Arc::<Mutex<Vec<Statement>>>::default();
    let seen = Arc::clone(&statements);
    let services = world.services.clone().with_statement_hook(move |statement: &Statement| {
        seen.lock().unwrap().push(statement.clone());
    });
    let query = KeyQuery { search: text.to_owned(), ..KeyQuery::default() };
    let total = api_keys::list(&services, admin, &query).await.unwrap().total;
    let statements = statements.lock().unwrap().clone();
    let search = statements.into_iter().find(|statement| statement.sql.contains("search_text")).unwrap();
    let is_postgres = services.database().is_postgres();
    let explain = if is_postgres { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" };
    let explain = Statement { sql: format!("{explain} {}", search.sql), ..search };
    let rows = services.database().read().query_all_raw(explain).await.unwrap();
    let column = if is_postgres { "QUERY PLAN" } else { "detail" };
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
    (lines.join("\n"), total)
}

on_both_databases! {
    async fn indexes_serve_a_search_among_many_keys(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let now = world.services.now();
        let key = |number: usize| {
            let last_four = format!("{:04}", number / 2);
            let secrets = vec![StoredSecret::new(&last_four, now)];
            StoredKey { secrets, ..StoredKey::new(&format!("Service {number:05}"), project, now) }
        };
        let keys: Vec<StoredKey> = (0..KEYS).map(key).collect();
        world.store_keys(&admin.organization, &keys).await;
        background_migrations::run(&world.services).await.unwrap();
        world.execute("ANALYZE").await;
        let [by_text, by_secret, scan] = if world.services.database().is_postgres() {
            ["api_keys_search", "key_secrets_last_four", "Seq Scan on api_keys"]
        } else {
            ["VIRTUAL TABLE INDEX", "key_secrets_last_four", "SCAN f"]
        };
        for (text, found, index) in [
            ("vice 0421", 10, by_text),
            ("SERVICE 04217", 1, by_text),
            ("no such key", 0, by_text),
            ("toll_std_…9998", 2, by_secret),
        ] {
            let (plan, total) = plan(world, &admin, text).await;
            assert_eq!(total, found, "{text}");
            assert!(plan.contains(index) && !plan.contains(scan), "{text}:\n{plan}");
        }
    }
}
