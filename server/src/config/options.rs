//! Settings from the command line and the environment.

use std::{net::SocketAddr, path::PathBuf};

/// Settings that a process is started with; everything else is in the file.
///
/// A flag wins over its environment variable.
#[derive(Clone, clap::Args)]
pub struct ProcessOptions {
    /// Configuration file; by default tollhouse.toml in the data folder or the working folder
    #[arg(long = "config", env = "TOLLHOUSE_CONFIG", value_name = "FILE", global = true)]
    pub file: Option<PathBuf>,
    /// Folder of the database and the server's secret
    #[arg(long, env = "TOLLHOUSE_DATA", value_name = "FOLDER", default_value = "./data", global = true)]
    pub data: PathBuf,
    /// Address to listen on
    #[arg(long, env = "TOLLHOUSE_ADDR", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000", global = true)]
    pub addr: SocketAddr,
    /// Database, postgres://… or sqlite://…; by default a SQLite file in the data folder
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// URL at which people and programs reach the server, such as https://hub.example
    #[arg(long, env = "TOLLHOUSE_PUBLIC_URL", value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// Log filter, such as info or server=debug,info
    #[arg(long, env = "TOLLHOUSE_LOG", value_name = "FILTER", default_value = "info", global = true)]
    pub log: String,
    /// Log format: text for people, json for programs
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
