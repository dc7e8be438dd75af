//! Opens the database: SQLite in a file, or PostgreSQL.

mod bound;
mod transaction;

use std::{path::Path, time::Duration};

use domain::errors::FieldErrors;
use migrations::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
    sqlx::{
        ConnectOptions as _,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};

pub(crate) use bound::Bound;
pub use transaction::DatabaseTransaction;

use crate::{ServiceError, ServiceResult};

/// How many queries may read a SQLite file at once.
const SQLITE_READERS: u32 = 4;
/// How many connections a server keeps to PostgreSQL at most.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long to wait for a connection, or in SQLite for another process's write, until the database counts as busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many KiB of a SQLite file the writer keeps in memory, as far as it needs them. SQLite's own 2 MB don't hold the pages
/// that ten thousand events touch, which would be written several times in one transaction.
const SQLITE_WRITER_CACHE: u32 = 64 * 1024;
/// After how many pages of its journal (4 KiB each) SQLite copies them to the file: rarely enough that a page that changes
/// often is copied once for many changes.
const SQLITE_CHECKPOINT: u32 = 16 * 1024;

/// What PostgreSQL ends by itself, unless the address says otherwise: what waits for others' locks, what works too long, and
/// what holds locks and does nothing, such as when its server is gone without a sign.
const POSTGRES_LIMITS: [(&str, &str); 3] =
    [("lock_timeout", "10s"), ("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "60s")];

/// What an address of PostgreSQL may say behind its `?`.
const POSTGRES_PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "application_name",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
];

/// Statements each connection keeps prepared.
const PREPARED_STATEMENTS: usize = 256;

/// What is locked for the whole of a transaction on PostgreSQL. On SQLite there is one writer anyway.
#[derive(Clone, Copy, Debug)]
#[repr(i64)]
pub(crate) enum Lock {
    Migrations = 0x746f_6c6c_0001,
    Prices = 0x746f_6c6c_0002,
    Partitions = 0x746f_6c6c_0003,
}

/// Connections to the database. Cheap to clone.
///
/// SQLite has one writer: its connection is a pool of its own, so that writes queue there and reads never wait for them.
#[derive(Clone, Debug)]
pub struct Database {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

impl Database {
    /// Opens `postgres://…`, `sqlite://PATH`, or the SQLite file at a plain path, which is made if it isn't there.
    pub async fn open(url: &str) -> ServiceResult<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::open_postgres(url).await;
        }
        let path = match url.split_once(':') {
            Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default(),
            Some((scheme, rest)) if rest.starts_with("//") || scheme.starts_with("postgres") => {
                let message = format!("{scheme}:// is no database of ours; sqlite:// and postgres:// are.");
                return Err(FieldErrors::of("DATABASE_URL", message).into());
            }
            _ => url,
        };
        if path.is_empty() || path.contains(":memory:") {
            return Err(FieldErrors::of("DATABASE_URL", "Name the file that holds the SQLite database.").into());
        }
        Self::open_sqlite(Path::new(path)).await
    }

    async fn open_postgres(url: &str) -> ServiceResult<Self> {
        let parsed = postgres_options(url)?;
        // SeaORM never sees the address: it quotes one that it can't read, and logs all of them at its finest level.
        let mut options = options("postgres://", POSTGRES_CONNECTIONS);
        options
            .test_before_acquire_if_idle_for(Duration::from_secs(5))
            .map_sqlx_postgres_opts(move |_| parsed.clone().disable_statement_logging());
        let pool = sea_orm::Database::connect(options).await?;
        Ok(Self { writer: pool.clone(), reader: pool })
    }

    async fn open_sqlite(path: &Path) -> ServiceResult<Self> {
        make_private_file(path).map_err(|error| ServiceError::Internal(format!("{}: {error}", path.display())))?;
        let connect = async |connections, read_only: bool| {
            let path = path.to_owned();
            let mut options = options("sqlite:", connections);
            options.test_before_acquire(false).map_sqlx_sqlite_opts(move |options: SqliteConnectOptions| {
                let options = options
                    .filename(&path)
                    .in_memory(false)
                    .foreign_keys(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    // A commit is on the disk when it is acknowledged, whatever happens next.
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(PATIENCE)
                    .statement_cache_capacity(PREPARED_STATEMENTS);
                if read_only {
                    options.pragma("query_only", "on")
                } else {
                    options
                        .pragma("cache_size", format!("-{SQLITE_WRITER_CACHE}"))
                        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT.to_string())
                }
            });
            sea_orm::Database::connect(options).await
        };
        // The writer first: it is the one that makes a new file a WAL database.
        let writer = connect(1, false).await?;
        let reader = connect(SQLITE_READERS, true).await?;
        Ok(Self { writer, reader })
    }

    /// Brings the schema up to date. Several servers may do so at once: one does, the others wait.
    pub async fn migrate(&self) -> ServiceResult<()> {
        let transaction = self.begin_migrating().await?;
        self.lock(&transaction, Lock::Migrations).await?;
        Migrator::up(&transaction, None).await?;
        Ok(transaction.commit().await?)
    }

    /// Has `told` hear of each statement that is made through this one from now on, with its values, when it is over; those of
    /// transactions too. For tests that hold statements to a budget.
    pub fn watch(&mut self, told: impl Fn(&Statement) + Clone + Send + Sync + 'static) {
        for connection in [&mut self.writer, &mut self.reader] {
            let told = told.clone();
            connection.set_metric_callback(move |info| told(info.statement));
        }
    }

    /// For queries that change nothing. Sees every transaction that was committed before.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins a transaction that may write; on SQLite there is one at a time, in all processes.
    pub async fn begin(&self) -> ServiceResult<DatabaseTransaction> {
        self.begin_unmasked().await.map(DatabaseTransaction::new)
    }

    /// The same for migrations, which want SeaORM's own. What they write isn't masked: they bring nothing from outside. It
    /// takes as long as it takes, and waits for the servers that it has to wait for.
    pub async fn begin_migrating(&self) -> ServiceResult<sea_orm::DatabaseTransaction> {
        let transaction = self.begin_unmasked().await?;
        if self.is_postgres() {
            for (limit, _) in POSTGRES_LIMITS {
                transaction.execute_unprepared(&format!("SET LOCAL {limit} = 0")).await?;
            }
        }
        Ok(transaction)
    }

    async fn begin_unmasked(&self) -> ServiceResult<sea_orm::DatabaseTransaction> {
        let options = TransactionOptions {
            // Otherwise a transaction that reads before it writes could find itself locked out half-way.
            sqlite_transaction_mode: (!self.is_postgres()).then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Makes others who want the same lock wait until `transaction` ends.
    pub(crate) async fn lock(&self, transaction: &impl ConnectionTrait, lock: Lock) -> ServiceResult<()> {
        if self.is_postgres() {
            let sql = "SELECT pg_advisory_xact_lock($1)";
            let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [(lock as i64).into()]);
            transaction.execute_raw(statement).await?;
        }
        Ok(())
    }

    pub fn is_postgres(&self) -> bool {
        self.reader.get_database_backend() == DbBackend::Postgres
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> ServiceResult<()> {
        Ok(self.reader.ping().await?)
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(self) -> ServiceResult<()> {
        if !self.is_postgres() {
            self.reader.close().await?;
        }
        Ok(self.writer.close().await?)
    }
}

/// What an address says, whose password no error and no log may tell.
fn postgres_options(url: &str) -> Result<PgConnectOptions, FieldErrors> {
    let wrong = |message: String| FieldErrors::of("DATABASE_URL", message);
    let unreadable = || {
        wrong(
            "It can't be read. Write postgres://USER:PASSWORD@HOST/DATABASE, and in a password %40 for @, %2F for /, %23 for \
             #, %3F for ? and %25 for %."
                .to_owned(),
        )
    };
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let known = POSTGRES_PARAMETERS.contains(&&*name) || (name.starts_with("options[") && name.ends_with(']'));
        // Not quoted either: sqlx would log it with its value, which may be the rest of a password.
        if !known {
            return Err(wrong(format!(
                "It has a parameter that isn't known. There are {}.",
                POSTGRES_PARAMETERS.join(", ")
            )));
        }
    }
    // The last @ stands before the host; behind that, a second one comes from a password too.
    let path = place.splitn(4, '/').nth(3).unwrap_or_default();
    if path.contains(['@', '/']) {
        return Err(unreadable());
    }
    let options: PgConnectOptions = url.parse().map_err(|_| unreadable())?;
    let chosen = options.get_options().unwrap_or_default().to_owned();
    let limits = POSTGRES_LIMITS.into_iter().filter(|(name, _)| !chosen.contains(name));
    Ok(options.application_name("tollhouse").statement_cache_capacity(PREPARED_STATEMENTS).options(limits))
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

/// Makes the file, and its folder, readable to nobody else: SQLite gives its journal the same rights.
fn make_private_file(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let mut folder = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    folder.recursive(true);
    file.append(true).create(true);
    #[cfg(unix)]
    {
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.create(parent)?;
    }
    file.open(path).map(drop)
}
