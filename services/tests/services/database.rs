//! Opening of databases.

use std::os::unix::fs::PermissionsExt;

use sea_orm::{ConnectionTrait, Statement};
use services::{Database, Services};

use crate::support::{TestClock, TestDatabase, field_error};

on_both_databases! {
    async fn several_servers_may_start_at_once(world: &World) {
        let starting = (0..6).map(|_| Services::start(world.database.url(), world.clock.clone()));
        for started in futures::future::join_all(starting).await {
            started.unwrap().database().clone().close().await.unwrap();
        }
        world.services.database().ping().await.unwrap();
    }

    async fn a_reader_sees_what_was_committed_and_nothing_else(world: &World) {
        let count = async || {
            let read = world.services.database().read();
            let sql = "SELECT count(*) AS n FROM organizations";
            let row = read.query_one_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap().unwrap();
            row.try_get::<i64>("", "n").unwrap()
        };
        world.organization("Acme", "UTC").await;
        let transaction = world.services.database().begin().await.unwrap();
        transaction.execute_unprepared("DELETE FROM organizations").await.unwrap();
        assert_eq!(count().await, 1);
        transaction.commit().await.unwrap();
        assert_eq!(count().await, 0);
    }
}

#[tokio::test]
async fn a_new_sqlite_file_is_durable_and_readable_to_nobody_else() {
    let database = TestDatabase::sqlite();
    let services = Services::start(database.url(), std::sync::Arc::new(TestClock::default())).await.unwrap();
    let path = database.url().strip_prefix("sqlite://").unwrap();
    for path in [path.to_owned(), format!("{path}-wal")] {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
    let pragma = async |name: &str| {
        let transaction = services.database().begin().await.unwrap();
        let sql = Statement::from_string(transaction.get_database_backend(), format!("PRAGMA {name}"));
        let row = transaction.query_one_raw(sql).await.unwrap().unwrap();
        row.try_get_by_index::<i64>(0).map_or_else(|_| row.try_get_by_index::<String>(0).unwrap(), |n| n.to_string())
    };
    assert_eq!(pragma("journal_mode").await, "wal");
    assert_eq!(pragma("synchronous").await, "2");
    assert_eq!(pragma("foreign_keys").await, "1");
    let written = services.database().read().execute_unprepared("DELETE FROM users").await;
    assert!(written.is_err(), "the readers must not write");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused() {
    for url in ["mysql://localhost/x", "sqlite::memory:", ""] {
        field_error(Database::open(url).await, "DATABASE_URL");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_not_told_and_nor_is_its_password() {
    for url in [
        "postgres://mira:hor#se-a@127.0.0.1/hub",
        "postgres://mira:hor/se-a@127.0.0.1/hub",
        "postgres://mira:hor?se-a@127.0.0.1/hub",
        "postgres://mira:hor se-a@127.0.0.1:99999/hub",
        "postgres://mira:hor[se-a@127.0.0.1/hub",
        "postgres://mira:horse-a@[127.0.0.1/hub",
        "postgres://mira:horse-a@127.0.0.1:port/hub",
        "postgres://mira:1/horse-a@127.0.0.1/hub",
        "postgres://mira:horse-a@127.0.0.1/hub?sslmode=horse-a",
        "postgres://mira@127.0.0.1/hub?pasword=horse-a",
        "postgres://mira@127.0.0.1/hub?horse-a",
        "postgresql://mira:horse-a@",
        "postgres:mira:horse-a@127.0.0.1/hub",
        "mysql://mira:horse-a@127.0.0.1/hub",
    ] {
        let error = match Database::open(url).await {
            Err(error) => format!("{error} {error:?}"),
            Ok(_) => panic!("{url} is no address"),
        };
        assert!(!error.contains("se-a") && !error.contains("hor"), "{url}: {error}");
    }
}
