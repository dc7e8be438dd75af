//! The configuration: flags and environment for what a process is started
//! with, `tollhouse.toml` for what is offered and to whom.

mod duration;
mod errors;
mod file;
mod offers;
mod options;
mod resolve;

use std::{
    fmt,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::{models::Service, money::Price};
use ipnet::IpNet;
use services::models::OfferedModel;

pub use errors::ConfigError;
pub use options::Options;

/// Everything the server is told before it starts; checked, and complete.
#[derive(Clone, Debug)]
pub struct Config {
    pub addr: SocketAddr,
    /// The folder that holds the database and the server's secret. Not made here.
    pub data: PathBuf,
    pub database_url: SecretText,
    /// Where people and programs reach the server, without a slash at its end.
    pub public_url: Option<String>,
    /// A filter in tracing's syntax.
    pub log: String,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Whether strangers may sign up.
    pub sign_up_open: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether session cookies may travel over plain http beyond loopback.
    pub allow_insecure_http: bool,
    pub gateway: GatewayConfig,
    pub providers: Vec<ProviderConfig>,
    pub models: Vec<ModelConfig>,
}

/// The gateway's limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GatewayConfig {
    /// Largest body of a request, in bytes. 32 MiB unless configured: room for pictures in a prompt.
    pub max_body_bytes: usize,
    /// Until a provider's address accepts a connection. 5 s unless configured.
    pub connect_timeout: Duration,
    /// From the request to a provider's first byte, which a long answer that isn't streamed keeps waiting. 10 min
    /// unless configured, which is how long OpenAI's own clients wait.
    pub first_byte_timeout: Duration,
    /// Between two pieces of a body, from client or provider, and for a client to take one. 5 min unless configured.
    pub idle_timeout: Duration,
    /// From the request to the end of the answer. 1 h unless configured.
    pub total_timeout: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            max_body_bytes: 32 * 1024 * 1024,
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(300),
            total_timeout: Duration::from_secs(3600),
        }
    }
}

/// Somebody who answers calls.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    pub name: Arc<str>,
    pub kind: ProviderKind,
}

#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// Speaks OpenAI's API at `base_url`, which has no slash at its end. Without a key it is asked without one.
    OpenAi { base_url: String, api_key: Option<SecretText> },
    /// Built in: answers deterministically, without asking anybody.
    Sandbox,
}

/// A model that is offered.
#[derive(Clone, Debug)]
pub struct ModelConfig {
    pub name: Arc<str>,
    /// Names of [`ProviderConfig`]s, tried in order; never empty.
    pub providers: Vec<Arc<str>>,
    /// What the providers call it.
    pub upstream_name: String,
    pub service: Service,
    pub max_output_tokens: Option<u32>,
    /// `None` where no price is known: its calls' cost is unknown then.
    pub price: Option<Price>,
}

/// A text that `Debug` doesn't show.
#[derive(Clone, Eq, PartialEq)]
pub struct SecretText(String);

impl SecretText {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Config {
    /// Reads the file that `options` name, or finds one, and checks everything.
    pub fn load(options: &Options) -> Result<Self, ConfigError> {
        Self::load_with(options, &|name| std::env::var(name).ok())
    }

    /// The same, with the environment that `api_key_env` refers to.
    pub fn load_with(options: &Options, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        match find(options)? {
            Some((file, text)) => {
                let tables = toml::from_str(&text)
                    .map_err(|error| ConfigError::Form { file: file.clone(), message: form(&error, &text) })?;
                resolve::with_file(options, file, tables, env)
            }
            None => resolve::without_file(options),
        }
    }

    /// The models as the dashboard and the price list know them.
    pub fn offered_models(&self) -> Vec<OfferedModel> {
        let offered = |model: &ModelConfig| OfferedModel {
            name: model.name.to_string(),
            service: model.service,
            price: model.price,
        };
        self.models.iter().map(offered).collect()
    }
}

/// The configuration file and its text. A file that was named must be there; one that is looked for needn't.
fn find(options: &Options) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let read = |file: &Path| match std::fs::read_to_string(file) {
        Ok(text) => Ok((file.to_owned(), text)),
        Err(source) => Err(ConfigError::Unreadable { file: file.to_owned(), source }),
    };
    if let Some(file) = &options.file {
        return read(file).map(Some);
    }
    for file in [options.data.join("tollhouse.toml"), PathBuf::from("tollhouse.toml")] {
        match read(&file) {
            Err(ConfigError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            found => return found.map(Some),
        }
    }
    Ok(None)
}

/// What TOML says is wrong, with the line but without quoting it, since it might hold a secret.
fn form(error: &toml::de::Error, text: &str) -> String {
    let line = error
        .span()
        .map(|span| text.as_bytes()[..span.start.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1);
    match line {
        Some(line) => format!("line {line}: {}", error.message()),
        None => error.message().to_owned(),
    }
}

#[cfg(test)]
mod tests;
