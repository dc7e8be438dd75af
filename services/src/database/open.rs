//! Opens the pools of connections.

use std::{path::Path, time::Duration};

use domain::errors::FieldErrors;
use sea_orm::{
    ConnectOptions,
    sqlx::{
        ConnectOptions as _,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};

use super::{Connections, Database, DatabaseOptions, tls};
use crate::{ServiceError, ServiceResult};

/// Connections that read a SQLite file for calls and pages.
const SQLITE_READERS: u32 = 4;
/// Time to wait for a connection, or in SQLite for another process's write, until the database counts as
/// busy.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Size of the SQLite writer's page cache, in KiB. The default of 2 MB is too small for the pages that ten
/// thousand events change, which would be written several times in one transaction.
const SQLITE_WRITER_CACHE_KIB: u32 = 64 * 1024;
/// Pages of 4 KiB in SQLite's journal after which they are copied to the file: large enough that a page that
/// changes often is copied once for many changes.
const SQLITE_CHECKPOINT_PAGES: u32 = 16 * 1024;
/// Maximum number of prepared statements per connection.
const PREPARED_STATEMENTS: usize = 256;

/// PostgreSQL's timeouts, unless the address sets others: of waiting for a lock, of a statement, and of a
/// transaction that holds locks and does nothing, such as when its server is gone without closing the
/// connection.
pub(super) const POSTGRES_TIMEOUTS: [(&str, &str); 3] =
    [("lock_timeout", "10s"), ("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "60s")];

/// How PostgreSQL executes statements, unless the address says otherwise. They are short: compiling one takes longer than
/// executing it, and the groups of a year's report fit into memory.
const POSTGRES_EXECUTION: [(&str, &str); 2] = [("jit", "off"), ("work_mem", "16MB")];

/// Parameters allowed in an address of PostgreSQL.
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

/// Opens the database at an address.
pub(super) async fn open(options: &DatabaseOptions) -> ServiceResult<Database> {
    let url = &*options.url;
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return open_postgres(options).await;
    }
    let path = match url.split_once(':') {
        Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default(),
        Some((scheme, rest)) if rest.starts_with("//") || scheme.starts_with("postgres") => {
            let message = format!("{scheme}:// isn't supported. Use sqlite:// or postgres://.");
            return Err(FieldErrors::of("DATABASE_URL", message).into());
        }
        _ => url,
    };
    if path.is_empty() || path.contains(":memory:") {
        return Err(FieldErrors::of("DATABASE_URL", "Name the file that holds the SQLite database.").into());
    }
    open_sqlite(Path::new(path)).await
}

async fn open_postgres(options: &DatabaseOptions) -> ServiceResult<Database> {
    let parsed = postgres_options(&options.url)?;
    let mode = parsed.get_ssl_mode();
    let connect = async |connections, name: &'static str| {
        let parsed = parsed.clone().application_name(name);
        // SeaORM never sees the address: it quotes unreadable ones in errors, and logs all of them at trace
        // level.
        let mut options = pool_options("postgres://", connections);
        options
            .test_before_acquire_if_idle_for(Duration::from_secs(5))
            .map_sqlx_postgres_opts(move |_| parsed.clone().disable_statement_logging());
        let pool = sea_orm::Database::connect(options).await.map_err(|error| tls::explain(error, mode))?;
        Ok::<_, ServiceError>(Connections { writer: pool.clone(), reader: pool })
    };
    Ok(Database {
        work: connect(options.connections.work, "tollhouse").await?,
        control: connect(options.connections.control, "tollhouse control").await?,
    })
}

async fn open_sqlite(path: &Path) -> ServiceResult<Database> {
    create_private_file(path).map_err(|error| ServiceError::Internal(format!("{}: {error}", path.display())))?;
    let connect = async |connections, read_only: bool| {
        let path = path.to_owned();
        let mut options = pool_options("sqlite:", connections);
        options.test_before_acquire(false).map_sqlx_sqlite_opts(move |options: SqliteConnectOptions| {
            let options = options
                .filename(&path)
                .in_memory(false)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged commit is on the disk, even if the machine fails next.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(CONNECTION_TIMEOUT)
                .statement_cache_capacity(PREPARED_STATEMENTS);
            if read_only {
                options.pragma("query_only", "on")
            } else {
                options
                    .pragma("cache_size", format!("-{SQLITE_WRITER_CACHE_KIB}"))
                    .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES.to_string())
            }
        });
        sea_orm::Database::connect(options).await
    };
    // The writer first, since only it can make a new file a WAL database.
    let writer = connect(1, false).await?;
    let work = Connections { writer: writer.clone(), reader: connect(SQLITE_READERS, true).await? };
    let control = Connections { writer, reader: connect(1, true).await? };
    Ok(Database { work, control })
}

/// Parses an address of PostgreSQL, whose password must not appear in errors or logs.
fn postgres_options(url: &str) -> Result<PgConnectOptions, FieldErrors> {
    let error = |message: String| FieldErrors::of("DATABASE_URL", message);
    let unreadable = || {
        error(
            "Invalid URL. Use postgres://USER:PASSWORD@HOST/DATABASE, and in the password %40 for @, %2F for /, \
             %23 for #, %3F for ? and %25 for %."
                .to_owned(),
        )
    };
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let is_known = POSTGRES_PARAMETERS.contains(&&*name) || (name.starts_with("options[") && name.ends_with(']'));
        // Rejected here since sqlx would log it with its value, which may be the rest of a password. Not
        // quoted either.
        if !is_known {
            return Err(error(format!("Unknown parameter. Allowed are {}.", POSTGRES_PARAMETERS.join(", "))));
        }
    }
    // The last @ stands before the host, so an @ or / after that must come from a password too.
    let path = address.splitn(4, '/').nth(3).unwrap_or_default();
    if path.contains(['@', '/']) {
        return Err(unreadable());
    }
    let options: PgConnectOptions = url.parse().map_err(|_| unreadable())?;
    let chosen = options.get_options().unwrap_or_default().to_owned();
    let settings = POSTGRES_TIMEOUTS.into_iter().chain(POSTGRES_EXECUTION);
    let settings = settings.filter(|(name, _)| !chosen.contains(name));
    Ok(options.statement_cache_capacity(PREPARED_STATEMENTS).options(settings))
}

fn pool_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(CONNECTION_TIMEOUT)
        .connect_timeout(CONNECTION_TIMEOUT)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

/// Creates the file and its folder, readable by their owner only. SQLite gives its journal the file's
/// permissions.
fn create_private_file(path: &Path) -> std::io::Result<()> {
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
