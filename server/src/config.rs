//! The configuration: flags and environment variables for the process, `tollhouse.toml` for everything else.

mod connections;
mod default_for;
mod duration;
mod errors;
mod file;
mod gateway;
mod offers;
mod options;
mod resolve;
mod secret;
mod shared_kinds;
mod urls;
mod warnings;

use std::{
    fmt,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use domain::{models::Service, money::Price, time::Timestamp};
use ipnet::IpNet;
use services::{
    DatabaseConnections, DatabaseOptions, Quotas, metering::JournalSettings, models::OfferedModel,
    rate_limits::KeyLimits,
};

pub use self::shared_kinds::{SharedKinds, UntrackedKind};
pub use connections::ConnectionLimits;
pub use default_for::DefaultFor;
pub use errors::ConfigError;
pub use gateway::GatewayConfig;
pub use options::{LogFormat, ProcessOptions};

use crate::client_ip::{AddressHeader, Proxies};

/// Everything that is configured, checked and complete.
#[derive(Clone, Debug)]
pub struct Config {
    pub addr: SocketAddr,
    /// The folder that holds the database and the server's secret. Loading doesn't create it.
    pub data: PathBuf,
    pub database_url: SecretText,
    pub database_connections: DatabaseConnections,
    /// The server's secret, or two, from the environment; `None` for the one in the data folder.
    pub server_secret: Option<SecretText>,
    /// The server's public URL, without a slash at its end.
    pub public_url: Option<String>,
    /// A filter in tracing's syntax.
    pub log: String,
    pub log_format: LogFormat,
    /// The configuration file, if there is one.
    pub file: Option<PathBuf>,
    /// When the file was last changed, if the system records it: of files with different prices the newest
    /// one counts.
    pub file_changed_at: Option<Timestamp>,
    /// Whether anyone may sign up. Unless configured, only if calls don't cost the operator anything.
    pub sign_up_open: bool,
    pub quotas: Quotas,
    /// Proxies that are trusted with a client's address and scheme.
    pub trusted_proxies: Arc<[IpNet]>,
    /// The header in which they pass it.
    pub address_header: AddressHeader,
    /// Whether session cookies may travel over plain http beyond loopback.
    pub allow_insecure_http: bool,
    pub connections: ConnectionLimits,
    pub gateway: GatewayConfig,
    /// Rate limits where no other limit is set.
    pub rate_limits: KeyLimits,
    /// Origins whose pages may call from a browser, in the form of the header `Origin`.
    pub cors_origins: Arc<[Box<str>]>,
    /// The token for reading `/metrics` from anywhere; without one it can be read only from this machine.
    pub metrics_token: Option<SecretText>,
    /// The provider that stores files; `None` for the first that speaks OpenAI's API, or else the sandbox.
    pub gateway_files_provider: Option<Arc<str>>,
    pub providers: Vec<ProviderConfig>,
    pub models: Vec<ModelConfig>,
}

/// A provider that answers calls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProviderConfig {
    pub name: Arc<str>,
    pub kind: ProviderKind,
    pub timeouts: ProviderTimeouts,
    /// Headers of clients' requests that it gets in addition to the default ones; a name, or with `*` all
    /// that begin with it.
    pub request_headers: Vec<String>,
    /// Headers of its answers that clients get in addition to the default ones, in the same form.
    pub answer_headers: Vec<String>,
    /// Whether it supports `stream_options`; if not, it gets none and reports no usage of streams.
    pub stream_options: bool,
}

/// Timeouts of a provider; the gateway's own unless configured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProviderTimeouts {
    pub connect: Duration,
    pub first_byte: Duration,
    pub idle: Duration,
}

impl From<GatewayConfig> for ProviderTimeouts {
    fn from(gateway: GatewayConfig) -> Self {
        Self { connect: gateway.connect_timeout, first_byte: gateway.first_byte_timeout, idle: gateway.idle_timeout }
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProviderKind {
    /// Speaks OpenAI's API at `base_url`, which has no slash at its end. Without a key, requests carry none.
    OpenAi { base_url: String, api_key: Option<SecretText> },
    /// Speaks Anthropic's API at `base_url`, with the same rules.
    Anthropic { base_url: String, api_key: Option<SecretText> },
    /// The built-in provider, which answers deterministically and sends no requests.
    Sandbox,
}

/// An offered model.
#[derive(Clone, Debug)]
pub struct ModelConfig {
    pub name: Arc<str>,
    /// Its providers in the order in which they are tried; never empty.
    pub providers: Vec<ModelProvider>,
    /// The model's name at its providers.
    pub upstream_name: String,
    pub service: Service,
    /// Maximum tokens of a call's input and output together, as shown to clients, which bounds what a call can
    /// cost; `None` if it isn't configured.
    pub context_window: Option<u32>,
    pub max_output_tokens: Option<u32>,
    /// Endpoints whose requests use it if they name no model.
    pub default_for: Vec<DefaultFor>,
    /// `None` if no price is known: its calls' cost is unknown then.
    pub price: Option<Price>,
}

/// One of a model's providers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModelProvider {
    /// The name of a [`ProviderConfig`].
    pub name: Arc<str>,
    /// Its share of the calls among adjacent providers with a weight; `None` if only its position counts.
    pub weight: Option<u32>,
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
    pub fn load(options: &ProcessOptions) -> Result<Self, ConfigError> {
        Self::load_with(options, &|name| std::env::var(name).ok())
    }

    /// Like [`Self::load`], with the environment that `api_key_env` refers to.
    pub fn load_with(options: &ProcessOptions, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let config = match find(options)? {
            Some((file, text)) => {
                let file_changed_at = modified_at(&file);
                let tables = toml::from_str(&text)
                    .map_err(|error| ConfigError::Form { file: file.clone(), message: toml_message(&error, &text) })?;
                let config = resolve::with_file(options, file, tables, env)?;
                Self { file_changed_at, ..config }
            }
            None => resolve::without_file(options)?,
        };
        let server_secret = env("TOLLHOUSE_SECRET").filter(|secret| !secret.trim().is_empty());
        Ok(Self { server_secret: server_secret.map(SecretText::new), ..config })
    }

    /// Whether a provider may charge for calls: any but the sandbox may.
    pub fn has_paid_providers(&self) -> bool {
        has_paid_providers(&self.providers)
    }

    /// Where the database is, with its password.
    pub(crate) fn database(&self) -> DatabaseOptions {
        DatabaseOptions { url: self.database_url.reveal().to_owned(), connections: self.database_connections }
    }

    /// The settings of the meter's journal, which is in the data folder even if the database is elsewhere.
    pub fn journal(&self) -> JournalSettings {
        JournalSettings {
            max_bytes: self.gateway.journal_max_bytes,
            max_age: self.gateway.journal_max_age,
            ..JournalSettings::at(self.data.join("journal"))
        }
    }

    /// Names of the settings that differ in `other` and can't change while a process runs.
    pub(crate) fn differing_at_start(&self, other: &Self) -> Vec<&'static str> {
        [
            ("gateway.journal_max_bytes", self.gateway.journal_max_bytes == other.gateway.journal_max_bytes),
            ("gateway.max_memory_bytes", self.gateway.max_memory_bytes == other.gateway.max_memory_bytes),
            ("gateway.max_spool_bytes", self.gateway.max_spool_bytes == other.gateway.max_spool_bytes),
            ("gateway.journal_max_age", self.gateway.journal_max_age == other.gateway.journal_max_age),
            ("database", self.database_connections == other.database_connections),
        ]
        .into_iter()
        .filter_map(|(setting, same)| (!same).then_some(setting))
        .collect()
    }

    pub(crate) fn proxies(&self) -> Proxies {
        Proxies { networks: Arc::clone(&self.trusted_proxies), header: self.address_header }
    }

    /// All configured secrets, which must never be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let keys = self.providers.iter().filter_map(|provider| match &provider.kind {
            ProviderKind::OpenAi { api_key, .. } | ProviderKind::Anthropic { api_key, .. } => api_key.as_ref(),
            ProviderKind::Sandbox => None,
        });
        let complete = keys.chain(&self.metrics_token).map(|secret| secret.reveal().to_owned());
        let own = self.server_secret.iter().flat_map(|secrets| secrets.reveal().split(','));
        let own = own.map(|secret| secret.trim().to_owned());
        complete.chain(own).chain(secret::passwords(self.database_url.reveal())).collect()
    }

    /// The models in the form that the dashboard and the price list use.
    pub fn offered_models(&self) -> Vec<OfferedModel> {
        let offered = |model: &ModelConfig| OfferedModel {
            name: model.name.to_string(),
            service: model.service,
            price: model.price,
        };
        self.models.iter().map(offered).collect()
    }
}

fn has_paid_providers(providers: &[ProviderConfig]) -> bool {
    providers.iter().any(|provider| provider.kind != ProviderKind::Sandbox)
}

/// The configuration file and its text. A file that was named must exist; one that is looked for needn't.
fn find(options: &ProcessOptions) -> Result<Option<(PathBuf, String)>, ConfigError> {
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
            result => return result.map(Some),
        }
    }
    Ok(None)
}

/// When a file was last changed, if the system records it.
fn modified_at(file: &Path) -> Option<Timestamp> {
    let changed = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()?;
    let millis = changed.duration_since(UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(millis).ok().map(Timestamp::from_millis)
}

/// TOML's error message with the line, but without quoting it, since it might hold a secret.
fn toml_message(error: &toml::de::Error, text: &str) -> String {
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
