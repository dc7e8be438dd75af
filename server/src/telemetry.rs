//! The server's own log.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// What is logged unless the filter says otherwise: migrations tell of each start, even when nothing is to be done.
const QUIET: &str = "sea_orm_migration=warn,sqlx=warn";

/// Logs to standard error, filtered by `TOLLHOUSE_LOG` (such as `info,server=debug`).
pub(crate) fn start(filter: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}")).unwrap_or_else(|_| EnvFilter::new(QUIET));
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .with_target(false)
            .boxed(),
        // One object a line; `span` has the call's id and trace.
        LogFormat::Json => fmt::layer().json().with_span_list(false).with_writer(std::io::stderr).boxed(),
    };
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
}
