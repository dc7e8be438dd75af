//! `tollhouse migrate`.

use std::sync::Arc;

use serde::Serialize;
use services::{
    SchemaStatus, Services, SystemClock,
    background_migrations::{self, BackgroundState, BackgroundStatus},
};

use super::{CliError, data_folder, output, start};
use crate::config::Config;

/// The migrations of a database, as `--status` prints them.
#[derive(Serialize)]
struct MigrationReport {
    schema: SchemaStatus,
    background: Vec<BackgroundStatus>,
}

pub(super) async fn run(config: &Config, status: bool, json: bool) -> Result<(), CliError> {
    if status {
        return output::data(json, &report(config).await?, words);
    }
    start::services(config).await?;
    output::done(json, "The schema is up to date.")
}

/// Reads which migrations were applied, without applying any.
async fn report(config: &Config) -> Result<MigrationReport, CliError> {
    data_folder::create(&config.data)?;
    let services = Services::open(config.database(), Arc::new(SystemClock)).await?;
    let schema = services.database().schema_status().await?;
    Ok(MigrationReport { schema, background: background_migrations::status(&services).await? })
}

fn words(report: &MigrationReport) -> String {
    let MigrationReport { schema, background } = report;
    let version = schema
        .version
        .as_deref()
        .map_or("The database is empty.".to_owned(), |name| format!("The schema is at {name}."));
    let mut lines = vec![version];
    match &schema.pending[..] {
        [] => lines.push("No pending migrations.".to_owned()),
        pending => lines.push(format!("Pending: {}", pending.join(", "))),
    }
    if !schema.unknown.is_empty() {
        lines.push(format!(
            "This version of Tollhouse is older than the schema. Unknown migrations: {}.",
            schema.unknown.join(", ")
        ));
    }
    lines.extend(background.iter().map(line));
    lines.join("\n")
}

fn line(migration: &BackgroundStatus) -> String {
    let BackgroundStatus { name, state, rows_done, percent, failures, .. } = migration;
    let progress = match migration.rows_total {
        Some(total) if *state != BackgroundState::Done => format!(", {rows_done} of {total} rows ({percent}%)"),
        _ => String::new(),
    };
    let error = migration.error.as_deref().map(|error| format!(", {failures} failed attempts: {error}"));
    format!("In the background: {name} is {}{progress}{}", state.name(), error.unwrap_or_default())
}
