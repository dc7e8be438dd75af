//! A database of its own for each test.

use std::sync::Mutex;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TryGetable};
use tempfile::TempDir;

/// PostgreSQL databases that tests have left as new: making one takes ten times as long as emptying one.
static LEFT: Mutex<Vec<Named>> = Mutex::new(Vec::new());

/// All columns of tables and indexes, triggers and functions.
const SCHEMA: &str = "SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (\
    SELECT format('%s.%s %s', attrelid::regclass, attname, atttypid) AS part FROM pg_attribute \
    JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace \
    UNION ALL SELECT tgname FROM pg_trigger \
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS parts";
const SIZE: &str = "SELECT pg_database_size(current_database())";
/// In bytes; a new one has 9 MB.
const LARGEST_LEFT: i64 = 16 << 20;
/// Breaks connections that a test has left, and waits for what is under way there to be rolled back.
const END_OTHERS: &str = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
/// Deletes all rows; numbers begin with 1 again.
const EMPTY: &str = "DO $$ DECLARE part regclass; BEGIN \
    FOR part IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace \
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'seaql_migrations' \
    LOOP EXECUTE format('DELETE FROM %s', part); END LOOP; \
    FOR part IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' \
    LOOP EXECUTE format('ALTER SEQUENCE %s RESTART', part); END LOOP; \
    END $$";

pub(crate) struct TestDatabase {
    url: String,
    postgres: Option<Named>,
    /// Holds SQLite's file until the test ends.
    _folder: Option<TempDir>,
}

/// A database on the PostgreSQL server.
struct Named {
    name: String,
    /// What is in it when it is new.
    schema: Option<String>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("data/tollhouse.db").display());
        Self { url, postgres: None, _folder: Some(folder) }
    }

    /// A new one, or one that is as new; it may have its schema already.
    pub(crate) async fn postgres() -> Self {
        let left = LEFT.lock().unwrap().pop();
        let named = match left {
            Some(left) => left,
            None => {
                let name = format!("test_{}", services::new_reference());
                on_server(&format!("CREATE DATABASE {name}")).await;
                Named { name, schema: None }
            }
        };
        let (base, _) = server_url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        Self { url: format!("{base}/{}", named.name), postgres: Some(named), _folder: None }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// To be called when its schema is there, and nothing else.
    pub(crate) async fn is_new(&mut self) {
        if let Some(named) = self.postgres.as_mut().filter(|named| named.schema.is_none()) {
            let database = connect(&self.url).await;
            named.schema = Some(value(&database, SCHEMA).await);
            database.close().await.unwrap();
        }
    }

    /// Leaves it to another test where it is as it was but for its rows.
    pub(crate) async fn end(self) {
        let Some(named) = self.postgres else { return };
        let database = connect(&self.url).await;
        database.execute_unprepared(END_OTHERS).await.unwrap();
        let schema: String = value(&database, SCHEMA).await;
        if named.schema == Some(schema) && value::<i64>(&database, SIZE).await <= LARGEST_LEFT {
            database.execute_unprepared(EMPTY).await.unwrap();
            database.close().await.unwrap();
            LEFT.lock().unwrap().push(named);
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
