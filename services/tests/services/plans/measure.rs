//! Executes statements again and measures how much they read.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqlxSqliteConnector, Statement, TransactionTrait,
    sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use serde_json::Value;
use services::Services;

use crate::support::World;

/// Number of steps after which SQLite calls the progress handler.
const STEPS: u64 = 100;

/// A limit on the reads of all statements of a page together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Rows read, on PostgreSQL.
    pub(super) rows: u64,
    /// Steps of the virtual machine, on SQLite.
    pub(super) steps: u64,
}

/// Services whose statements are recorded.
pub(super) struct Watch {
    pub(super) services: Services,
    seen: Arc<Mutex<Vec<Statement>>>,
    replay: DatabaseConnection,
    steps: Arc<AtomicU64>,
    /// Messages about exceeded budgets.
    exceeded: Mutex<Vec<String>>,
}

impl Watch {
    pub(super) async fn new(world: &World) -> Self {
        let seen = Arc::<Mutex<Vec<Statement>>>::default();
        let recorder = Arc::clone(&seen);
        let services = world
            .services
            .clone()
            .with_statement_hook(move |statement: &Statement| recorder.lock().unwrap().push(statement.clone()));
        let steps = Arc::<AtomicU64>::default();
        let replay = match world.database.url().strip_prefix("sqlite://") {
            Some(path) => counting(Path::new(path), &steps).await,
            None => sea_orm::Database::connect(world.database.url()).await.unwrap(),
        };
        Self { services, seen, replay, steps, exceeded: Mutex::default() }
    }

    /// Measures the statements of `action` against a budget, which the [end](Self::end) enforces; returns
    /// their number.
    #[allow(clippy::print_stderr, reason = "shown when asked for")]
    pub(super) async fn hold(&self, page: &str, budget: Budget, action: impl AsyncFn()) -> usize {
        self.seen.lock().unwrap().clear();
        action().await;
        let statements = std::mem::take(&mut *self.seen.lock().unwrap());
        let mut read = 0;
        let mut worst = (0, String::new());
        for statement in &statements {
            let cost = self.cost(statement).await;
            read += cost;
            if cost >= worst.0 {
                worst = (cost, statement.sql.clone());
            }
        }
        let max = if self.replay.get_database_backend() == DbBackend::Postgres { budget.rows } else { budget.steps };
        if std::env::var_os("PLANS_SHOWN").is_some() {
            eprintln!("{page}: {read} of {max} by {} statements", statements.len());
        }
        if read > max {
            self.exceeded
                .lock()
                .unwrap()
                .push(format!("{page}: {read} of {max}; of these {} by\n{:.1500}", worst.0, worst.1));
        }
        statements.len()
    }

    async fn cost(&self, statement: &Statement) -> u64 {
        // Plain inserts read no rows, and repeating them would conflict.
        if statement.sql.starts_with("INSERT") && !statement.sql.contains("SELECT") {
            return 0;
        }
        let transaction = self.replay.begin().await.unwrap();
        let cost = match self.replay.get_database_backend() {
            DbBackend::Postgres => {
                let explain = Statement {
                    sql: format!("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {}", statement.sql),
                    ..statement.clone()
                };
                match transaction.query_one_raw(explain).await {
                    Ok(row) => rows_read(&row.unwrap().try_get_by_index::<Value>(0).unwrap()),
                    // Statements that set a limit or take a lock can't be explained.
                    Err(_) => 0,
                }
            }
            _ => {
                let before = self.steps.load(Ordering::Relaxed);
                // A repeated insert conflicts, but its lookups are measured.
                let _ = transaction.query_all_raw(statement.clone()).await;
                self.steps.load(Ordering::Relaxed) - before
            }
        };
        transaction.rollback().await.unwrap();
        cost
    }

    /// Panics if any page exceeded its budget.
    pub(super) async fn end(self) {
        self.replay.close().await.unwrap();
        let exceeded = self.exceeded.into_inner().unwrap();
        assert!(exceeded.is_empty(), "{}", exceeded.join("\n\n"));
    }
}

/// Opens a connection whose steps are counted.
async fn counting(path: &Path, steps: &Arc<AtomicU64>) -> DatabaseConnection {
    let steps = Arc::clone(steps);
    let options = SqlitePoolOptions::new().max_connections(1).after_connect(move |connection, _| {
        let steps = Arc::clone(&steps);
        Box::pin(async move {
            connection.lock_handle().await?.set_progress_handler(i32::try_from(STEPS).unwrap(), move || {
                steps.fetch_add(STEPS, Ordering::Relaxed);
                true
            });
            Ok(())
        })
    });
    let pool = options.connect_with(SqliteConnectOptions::new().filename(path)).await.unwrap();
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
}

/// Counts the rows that a plan read from tables and indexes, including those that it filtered out.
fn rows_read(plan: &Value) -> u64 {
    match plan {
        Value::Array(parts) => parts.iter().map(rows_read).sum(),
        Value::Object(node) => {
            // Since version 18 the numbers per loop are fractions.
            let number = |name: &str| node.get(name).and_then(Value::as_f64).unwrap_or(0.0);
            let of_one =
                number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
            let is_scan = node
                .get("Node Type")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind.ends_with("Scan") && node.contains_key("Relation Name"));
            let own = if is_scan { (of_one * number("Actual Loops")).round() as u64 } else { 0 };
            let below: u64 = ["Plan", "Plans"].iter().filter_map(|name| node.get(*name)).map(rows_read).sum();
            own + below
        }
        _ => 0,
    }
}
