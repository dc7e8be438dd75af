//! The server's own log.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged unless the filter says otherwise: migrations tell of each start, even when nothing is to be done.
const QUIET: &str = "sea_orm_migration=warn,sqlx=warn";

/// Logs to standard error, filtered by `TOLLHOUSE_LOG` (such as `info,server=debug`).
pub(crate) fn start(filter: &str) {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}")).unwrap_or_else(|_| EnvFilter::new(QUIET));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_target(false);
    // A second start, as in tests, keeps the first.
    let _ = subscriber.try_init();
}
