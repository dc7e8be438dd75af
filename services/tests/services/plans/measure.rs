//! Makes statements again, and counts what they read.

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

/// After how many of its steps SQLite tells.
const STEPS: u64 = 100;

/// What all statements of a page may read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// On PostgreSQL.
    pub(super) rows: u64,
    /// On SQLite.
    pub(super) steps: u64,
}

/// Services whose statements are seen.
pub(super) struct Watch {
    pub(super) services: Services,
    seen: Arc<Mutex<Vec<Statement>>>,
    again: DatabaseConnection,
    steps: Arc<AtomicU64>,
    /// What read too much.
    over: Mutex<Vec<String>>,
}

impl Watch {
    pub(super) async fn new(world: &World) -> Self {
        let seen = Arc::<Mutex<Vec<Statement>>>::default();
        let told = Arc::clone(&seen);
        let services =
            world.services.clone().watched(move |statement: &Statement| told.lock().unwrap().push(statement.clone()));
        let steps = Arc::<AtomicU64>::default();
        let again = match world.database.url().strip_prefix("sqlite://") {
            Some(path) => counting(Path::new(path), &steps).await,
            None => sea_orm::Database::connect(world.database.url()).await.unwrap(),
        };
        Self { services, seen, again, steps, over: Mutex::default() }
    }

    /// Holds what `ask` makes of statements to a budget, as is told at the [end](Self::end); tells how many there were.
    #[allow(clippy::print_stderr, reason = "shown when asked for")]
    pub(super) async fn hold(&self, page: &str, budget: Budget, ask: impl AsyncFn()) -> usize {
        self.seen.lock().unwrap().clear();
        ask().await;
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
        let most = if self.again.get_database_backend() == DbBackend::Postgres { budget.rows } else { budget.steps };
        if std::env::var_os("PLANS_SHOWN").is_some() {
            eprintln!("{page}: {read} of {most} by {} statements", statements.len());
        }
        if read > most {
            self.over
                .lock()
                .unwrap()
                .push(format!("{page}: {read} of {most}; of these {} by\n{:.1500}", worst.0, worst.1));
        }
        statements.len()
    }

    async fn cost(&self, statement: &Statement) -> u64 {
        // What only adds rows reads none; what is made again would be there already.
        if statement.sql.starts_with("INSERT") && !statement.sql.contains("SELECT") {
            return 0;
        }
        let transaction = self.again.begin().await.unwrap();
        let cost = match self.again.get_database_backend() {
            DbBackend::Postgres => {
                let explain = Statement {
                    sql: format!("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {}", statement.sql),
                    ..statement.clone()
                };
                match transaction.query_one_raw(explain).await {
                    Ok(row) => rows_read(&row.unwrap().try_get_by_index::<Value>(0).unwrap()),
                    // What sets a limit or takes a lock can't be explained.
                    Err(_) => 0,
                }
            }
            _ => {
                let before = self.steps.load(Ordering::Relaxed);
                // What was inserted is there already; it was looked for all the same.
                let _ = transaction.query_all_raw(statement.clone()).await;
                self.steps.load(Ordering::Relaxed) - before
            }
        };
        transaction.rollback().await.unwrap();
        cost
    }

    /// Fails where any page read too much.
    pub(super) async fn end(self) {
        self.again.close().await.unwrap();
        let over = self.over.into_inner().unwrap();
        assert!(over.is_empty(), "{}", over.join("\n\n"));
    }
}

/// A connection whose steps are counted.
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

/// How many rows a plan took from tables and indexes, with those that it dropped.
fn rows_read(plan: &Value) -> u64 {
    match plan {
        Value::Array(parts) => parts.iter().map(rows_read).sum(),
        Value::Object(node) => {
            // From version 18 on, what is told of one loop is a fraction.
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
