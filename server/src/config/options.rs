//! Settings from the command line and the environment.

use std::{net::SocketAddr, path::PathBuf};

/// Settings that a process is started with; everything else is in the file.
///
/// A flag wins over its environment variable.
#[derive(Clone, clap::Args)]
pub struct ProcessOptions {
    /// The configuration file; without it `tollhouse.toml` in the data folder or the working folder, if there is one.
    #[arg(long = "config", env = "TOLLHOUSE_CONFIG", value_name = "FILE", global = true)]
    pub file: Option<PathBuf>,
    /// The folder that holds the database and the server's secret.
    #[arg(long, env = "TOLLHOUSE_DATA", value_name = "FOLDER", default_value = "./data", global = true)]
    pub data: PathBuf,
    /// The address to listen on.
    #[arg(long, env = "TOLLHOUSE_ADDR", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000", global = true)]
    pub addr: SocketAddr,
    /// `postgres://…` or `sqlite://…`; without it a SQLite file in the data folder. May hold a password.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// Where people and programs reach the server, such as `https://hub.example`.
    #[arg(long, env = "TOLLHOUSE_PUBLIC_URL", value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// What to log, in tracing's syntax, such as `info` or `server=debug,info`.
    #[arg(long, env = "TOLLHOUSE_LOG", value_name = "FILTER", default_value = "info", global = true)]
    pub log: String,
    /// How to log: lines for people, or JSON objects for programs.
    #[arg(long, env = "TOLLHOUSE_LOG_FORMAT", value_name = "FORMAT", default_value = "text", global = true)]
    pub log_format: LogFormat,
}

/// The form of a line in the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self {
            file: None,
            data: PathBuf::from("./data"),
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            database_url: None,
            public_url: None,
            log: "info".to_owned(),
            log_format: LogFormat::default(),
        }
    }
}
