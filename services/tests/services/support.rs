//! A world to test in: a database, a clock that stands still, and members.

mod calls;
mod clock;
mod database;
mod keys;
mod people;
mod statements;

pub(crate) use calls::{TestCall, record};
pub(crate) use clock::TestClock;
pub(crate) use database::TestDatabase;
pub(crate) use keys::{StoredKey, StoredSecret};
pub(crate) use people::{PASSWORD, device, new_key, sign_up_input};
pub(crate) use statements::{Tables, check};

use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, QueryResult, Statement};
use services::{
    Database, ServiceError, Services,
    metering::{JournalSettings, Meter},
};
use tempfile::TempDir;

use self::statements::StatementLog;

/// Makes two tests of each body, one on SQLite and one on PostgreSQL.
macro_rules! on_both_databases {
    ($(async fn $name:ident($world:ident: &World) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($world: &$crate::support::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let world = $crate::support::World::new($crate::support::TestDatabase::sqlite()).await;
                body(&world).await;
                world.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let world = $crate::support::World::new($crate::support::TestDatabase::postgres().await).await;
                body(&world).await;
                world.end().await;
            }
        }
    )+};
}

pub(crate) struct World {
    pub(crate) services: Services,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) database: TestDatabase,
    /// Folder of the meters' journal.
    pub(crate) journal: TempDir,
    meters: Mutex<Vec<Meter>>,
    /// The statements of the services.
    statements: StatementLog,
    /// The database for statements of the test itself, which aren't logged.
    own_database: Database,
}

impl World {
    pub(crate) async fn new(mut database: TestDatabase) -> Self {
        let clock = Arc::new(TestClock::default());
        let services = Services::start(database.url(), clock.clone()).await.unwrap();
        database.record_schema().await;
        let journal = tempfile::tempdir().unwrap();
        let (statements, own_database) = (StatementLog::default(), services.database().clone());
        let log = statements.clone();
        let services = services.with_statement_hook(move |statement| log.add(statement));
        Self { services, clock, database, journal, meters: Mutex::default(), statements, own_database }
    }

    /// Starts a meter with its own part of the journal.
    pub(crate) async fn meter(&self) -> Meter {
        let meter = Meter::start(&self.services, JournalSettings::at(self.journal.path())).await.unwrap();
        self.meters.lock().unwrap().push(meter.clone());
        meter
    }

    /// Waits until all recorded calls are stored.
    pub(crate) async fn wait_until_stored(&self) {
        let meters = self.meters.lock().unwrap().clone();
        for meter in meters {
            meter.wait_until_stored().await;
        }
    }

    /// Returns the rows of a query.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let read = self.own_database.read();
        read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap()
    }

    /// Counts the rows of a table.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.rows(&format!("SELECT count(*) AS n FROM {table}")).await[0].try_get("", "n").unwrap()
    }

    /// Executes a change that no service makes (yet).
    pub(crate) async fn execute(&self, sql: &str) {
        let transaction = self.own_database.begin().await.unwrap();
        transaction.execute_unprepared(sql).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Ends a test that succeeded.
    pub(crate) async fn end(self) {
        self.statements.check();
        self.services.database().clone().close().await.unwrap();
        self.database.end().await;
    }
}

/// Returns the message for `field`; panics where there is none.
pub(crate) fn field_error<T>(result: Result<T, ServiceError>, field: &str) -> String {
    match result {
        Err(ServiceError::Invalid(errors)) => match errors.get(field) {
            Some(message) => message.to_owned(),
            None => panic!("no error for {field}: {errors:?}"),
        },
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("no error for {field}"),
    }
}
