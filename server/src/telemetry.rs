//! The server's own log.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// The filter that the configured one is added to: migrations log each start, even when there is nothing to
/// do.
const DEFAULT_FILTER: &str = "sea_orm_migration=warn,sqlx=warn";

/// Logs to standard error, filtered by `TOLLHOUSE_LOG` (such as `info,server=debug`).
pub(crate) fn start(filter: &str, format: LogFormat) {
    let filter =
        EnvFilter::try_new(format!("{DEFAULT_FILTER},{filter}")).unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
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
