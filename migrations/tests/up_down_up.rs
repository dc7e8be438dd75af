//! Runs every migration up, down and up again, on both databases.
//!
//! PostgreSQL comes from `scripts/with-postgres cargo test -p migrations`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use migrations::{Migrator, MigratorTrait};
use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

/// Lists the definitions of all tables and indexes but the migrations' own.
async fn schema(database: &DatabaseConnection) -> Vec<String> {
    let sql = match database.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT c.table_name || '.' || c.column_name || ' ' || c.data_type || ' ' || c.is_nullable AS definition \
             FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name <> 'seaql_migrations' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'seaql_migrations'"
        }
        _ => {
            "SELECT sql AS definition FROM sqlite_master \
             WHERE sql IS NOT NULL AND tbl_name NOT IN ('seaql_migrations', 'sqlite_sequence')"
        }
    };
    let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap();
    let mut definitions: Vec<String> = rows.iter().map(|row| row.try_get("", "definition").unwrap()).collect();
    definitions.sort();
    definitions
}

async fn goes_up_down_and_up_again(database: &DatabaseConnection) {
    Migrator::up(database, None).await.unwrap();
    let full_schema = schema(database).await;
    assert!(full_schema.len() > 20, "{full_schema:?}");
    // One by one: each migration's `down` undoes exactly its own `up`.
    for number in 0..Migrator::migrations().len() {
        Migrator::down(database, Some(1)).await.unwrap();
        let before = schema(database).await;
        Migrator::up(database, Some(1)).await.unwrap();
        Migrator::down(database, Some(1)).await.unwrap();
        assert_eq!(schema(database).await, before, "migration {number} from the end");
    }
    assert_eq!(schema(database).await, Vec::<String>::new());
    Migrator::up(database, None).await.unwrap();
    assert_eq!(schema(database).await, full_schema);
}

#[tokio::test]
async fn on_sqlite() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    goes_up_down_and_up_again(&database).await;
}

#[tokio::test]
async fn on_postgres() {
    let url = std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL names no PostgreSQL: run `scripts/with-postgres cargo test`");
    let connect = async |url: &str| {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.unwrap()
    };
    let name = format!("test_migrations_{}", std::process::id());
    let server = connect(&url).await;
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (base, _) = url.rsplit_once('/').unwrap();
    let database = connect(&format!("{base}/{name}")).await;
    goes_up_down_and_up_again(&database).await;
    database.close().await.unwrap();
    server.execute_unprepared(&format!("DROP DATABASE {name}")).await.unwrap();
}
