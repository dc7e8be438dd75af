//! The command line.

mod args;
mod audit;
mod bodies;
mod body_deletion;
mod calls;
mod data_folder;
mod demo;
mod doctor;
mod jobs;
mod keys;
mod limits;
mod migrate;
mod organizations;
pub mod output;
mod projects;
mod serve;
mod server_secret;
mod start;
mod users;

use std::borrow::Cow;

pub use args::Cli;
use args::{AuditCommand, Command};

use crate::config::Config;

/// The reason why a command failed, for the person who typed it.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Config(#[from] crate::config::ConfigError),
    #[error("{}", service_message(.0))]
    Service(#[from] services::ServiceError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Refused(String),
    /// A mistake in the arguments that the parser can't detect.
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    /// The exit status for this error.
    pub fn status(&self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }
}

/// A service's error as the command line shows it: in full, since its user may know everything.
fn service_message(error: &services::ServiceError) -> String {
    match error {
        services::ServiceError::Invalid(fields) => {
            fields.iter().map(|(field, message)| format!("{}: {message}", option(field))).collect::<Vec<_>>().join("\n")
        }
        services::ServiceError::NotFound => "not found; check the name or ID".to_owned(),
        other => other.to_string(),
    }
}

/// The name of a field's command-line option.
fn option(field: &str) -> Cow<'_, str> {
    match field {
        "life" => "expires-in-days".into(),
        "project_id" => "project".into(),
        "scopes" => "scope".into(),
        "models" => "model".into(),
        "ip_allowlist" => "allow-ip".into(),
        "grace_seconds" => "grace".into(),
        "body_days" | "call_days" => "days".into(),
        "body_limit" => "limit".into(),
        "body_redact" => "redact".into(),
        "DATABASE_URL" => field.into(),
        other => other.replace('_', "-").into(),
    }
}

/// Runs one command to its end.
pub fn run(cli: Cli) -> Result<(), CliError> {
    let config = Config::load(&cli.options)?;
    crate::telemetry::start(&config.log, config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(dispatch(cli, config))
}

async fn dispatch(cli: Cli, config: Config) -> Result<(), CliError> {
    let json = cli.json;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(cli.options, config).await,
        Command::Doctor => doctor::run(config, json).await,
        Command::Migrate { status } => migrate::run(&config, status, json).await,
        Command::Org(command) => organizations::run(&start::services(&config).await?, command, json).await,
        Command::User(command) => users::run(&start::services(&config).await?, command, json).await,
        Command::Operator(command) => users::operator(&start::services(&config).await?, command, json).await,
        Command::Project(command) => projects::run(&start::services(&config).await?, command, json).await,
        Command::Key(command) => keys::run(&start::services(&config).await?, command, json).await,
        Command::Secret(command) => server_secret::run(&start::services(&config).await?, &config, command, json).await,
        Command::Jobs { command } => jobs::run(&start::services(&config).await?, command, json).await,
        Command::Demo(options) => demo::run(&start::services(&config).await?, options, json).await,
        Command::Audit(AuditCommand::Verify) => audit::verify(&start::services(&config).await?, json).await,
    }
}
