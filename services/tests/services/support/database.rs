//! Databases for tests, one for each.

use std::sync::Mutex;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TryGetable};
use tempfile::TempDir;

/// Emptied PostgreSQL databases of ended tests, for reuse: creating one takes ten times as long as emptying
/// one.
static IDLE: Mutex<Vec<PostgresDatabase>> = Mutex::new(Vec::new());

/// Query for a digest of all columns of tables and indexes, triggers and functions.
const SCHEMA: &str = "SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (\
    SELECT format('%s.%s %s', attrelid::regclass, attname, atttypid) AS part FROM pg_attribute \
    JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace \
    UNION ALL SELECT tgname FROM pg_trigger \
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS parts";
const SIZE: &str = "SELECT pg_database_size(current_database())";
/// Maximum size of a database that is reused, in bytes; a new one has 9 MB.
const MAX_IDLE_BYTES: i64 = 16 << 20;
/// Terminates a test's open connections, and waits until their transactions are rolled back.
const END_CONNECTIONS: &str = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
/// Deletes all rows and restarts sequences at 1.
const DELETE_ROWS: &str = "DO $$ DECLARE part regclass; BEGIN \
    FOR part IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace \
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN ('seaql_migrations', 'installation') \
    LOOP EXECUTE format('DELETE FROM %s', part); END LOOP; \
    FOR part IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' \
    LOOP EXECUTE format('ALTER SEQUENCE %s RESTART', part); END LOOP; \
    END $$";

pub(crate) struct TestDatabase {
    url: String,
    postgres: Option<PostgresDatabase>,
    /// Folder of SQLite's file, deleted when the test ends.
    _folder: Option<TempDir>,
}

/// A database on the PostgreSQL server.
struct PostgresDatabase {
    name: String,
    /// Digest of its schema when it was new.
    schema: Option<String>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("data/tollhouse.db").display());
        Self { url, postgres: None, _folder: Some(folder) }
    }

    /// Makes a new database or reuses an empty one, which has its schema already.
    pub(crate) async fn postgres() -> Self {
        let idle = IDLE.lock().unwrap().pop();
        let named = match idle {
            Some(idle) => idle,
            None => {
                let name = format!("test_{}", services::new_reference());
                on_server(&format!("CREATE DATABASE {name}")).await;
                PostgresDatabase { name, schema: None }
            }
        };
        let (base, _) = server_url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        Self { url: format!("{base}/{}", named.name), postgres: Some(named), _folder: None }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Records the schema, so that the database can be reused. To be called after its creation, before any
    /// data.
    pub(crate) async fn record_schema(&mut self) {
        if let Some(named) = self.postgres.as_mut().filter(|named| named.schema.is_none()) {
            let database = connect(&self.url).await;
            named.schema = Some(value(&database, SCHEMA).await);
            database.close().await.unwrap();
        }
    }

    /// Ends a test: keeps the database for another one if only its rows have changed, and drops it otherwise.
    pub(crate) async fn end(self) {
        let Some(named) = self.postgres else { return };
        let database = connect(&self.url).await;
        database.execute_unprepared(END_CONNECTIONS).await.unwrap();
        let schema: String = value(&database, SCHEMA).await;
        if named.schema == Some(schema) && value::<i64>(&database, SIZE).await <= MAX_IDLE_BYTES {
            database.execute_unprepared(DELETE_ROWS).await.unwrap();
            database.close().await.unwrap();
            IDLE.lock().unwrap().push(named);
        } else {
            database.close().await.unwrap();
            on_server(&format!("DROP DATABASE {} WITH (FORCE)", named.name)).await;
        }
    }
}

fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL names no PostgreSQL: run `scripts/with-postgres cargo test`")
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

async fn on_server(sql: &str) {
    let server = connect(&server_url()).await;
    server.execute_unprepared(sql).await.unwrap();
    server.close().await.unwrap();
}

async fn value<T: TryGetable>(database: &DatabaseConnection, sql: &str) -> T {
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
