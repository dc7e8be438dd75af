//! The configuration: flags and environment for what a process is started
//! with, `tollhouse.toml` for what is offered and to whom.

mod connections;
mod cors;
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
use serde::Deserialize;
use services::{Quotas, metering::JournalSettings, models::OfferedModel, rate_limits::KeyLimits};

pub use self::shared_kinds::{Shared, Untracked};
pub use connections::ConnectionLimits;
pub use default_for::DefaultFor;
pub use errors::ConfigError;
pub use gateway::GatewayConfig;
pub use options::{LogFormat, Options};

use crate::security::client_ip::Proxies;

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
    pub log_format: LogFormat,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// When that was last changed, where the system tells: of files that say different prices the newer one holds.
    pub file_changed_at: Option<Timestamp>,
    /// Whether strangers may sign up. Unless the file says so, not where calls cost the operator something.
    pub sign_up_open: bool,
    pub quotas: Quotas,
    /// Whose word for a client's address and scheme is believed.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Where they say it.
    pub address_header: AddressHeader,
    /// Whether session cookies may travel over plain http beyond loopback.
    pub allow_insecure_http: bool,
    pub connections: ConnectionLimits,
    pub gateway: GatewayConfig,
    /// How fast calls may come where nobody set another limit.
    pub rate_limits: KeyLimits,
    /// Whose pages may call from a browser, each as browsers name it in `Origin`.
    pub cors_origins: Arc<[Box<str>]>,
    /// Who shows it may read `/metrics` from anywhere; without one it is read from this machine only.
    pub metrics_token: Option<SecretText>,
    /// Who keeps files; `None` for the first provider that speaks OpenAI's API, or else the sandbox.
    pub gateway_files_provider: Option<Arc<str>>,
    pub providers: Vec<ProviderConfig>,
    pub models: Vec<ModelConfig>,
}

/// The header by which proxies tell whom they speak for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressHeader {
    /// And `X-Forwarded-Proto` for the scheme.
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// Somebody who answers calls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProviderConfig {
    pub name: Arc<str>,
    pub kind: ProviderKind,
    pub timeouts: ProviderTimeouts,
    /// Headers of clients' requests that it sees beside the usual ones; a name, or with `*` all that begin with it.
    pub request_headers: Vec<String>,
    /// Headers of its answers that clients see beside the usual ones, in the same way.
    pub answer_headers: Vec<String>,
    /// Whether it knows `stream_options`; if not it is sent none, and reports no usage of streams.
    pub stream_options: bool,
}

/// How long a provider may take; the gateway's own times unless configured.
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
    /// Speaks OpenAI's API at `base_url`, which has no slash at its end. Without a key it is asked without one.
    OpenAi { base_url: String, api_key: Option<SecretText> },
    /// Speaks Anthropic's API at `base_url`, in the same way.
    Anthropic { base_url: String, api_key: Option<SecretText> },
    /// Built in: answers deterministically, without asking anybody.
    Sandbox,
}

/// A model that is offered.
#[derive(Clone, Debug)]
pub struct ModelConfig {
    pub name: Arc<str>,
    /// Who answers for it, in the order in which they are tried; never empty.
    pub providers: Vec<ModelProvider>,
    /// What the providers call it.
    pub upstream_name: String,
    pub service: Service,
    /// How many tokens a call's input and output may have together, as clients are told; `None` where nobody said it.
    pub context_window: Option<u32>,
    pub max_output_tokens: Option<u32>,
    /// What calls it that names no model.
    pub default_for: Vec<DefaultFor>,
    /// `None` where no price is known: its calls' cost is unknown then.
    pub price: Option<Price>,
}

/// One of a model's providers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModelProvider {
    /// That of a [`ProviderConfig`].
    pub name: Arc<str>,
    /// Its share of the calls among the providers with a weight next to it; `None` for one that has its place only.
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
    pub fn load(options: &Options) -> Result<Self, ConfigError> {
        Self::load_with(options, &|name| std::env::var(name).ok())
    }

    /// The same, with the environment that `api_key_env` refers to.
    pub fn load_with(options: &Options, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        match find(options)? {
            Some((file, text)) => {
                let file_changed_at = changed_at(&file);
                let tables = toml::from_str(&text)
                    .map_err(|error| ConfigError::Form { file: file.clone(), message: form(&error, &text) })?;
                let config = resolve::with_file(options, file, tables, env)?;
                Ok(Self { file_changed_at, ..config })
            }
            None => resolve::without_file(options),
        }
    }

    /// Whether calls reach somebody who may want money for them: all but the sandbox.
    pub fn asks_others(&self) -> bool {
        asks_others(&self.providers)
    }

    /// Where the meter's journal lies: in the data folder, whatever the database is.
    pub fn journal(&self) -> JournalSettings {
        JournalSettings {
            max_bytes: self.gateway.journal_max_bytes,
            max_age: self.gateway.journal_max_age,
            ..JournalSettings::at(self.data.join("journal"))
        }
    }

    /// The settings that differ in `other` and hold from the start of a process to its end.
    pub(crate) fn differing_at_start(&self, other: &Self) -> Vec<&'static str> {
        [
            ("gateway.journal_max_bytes", self.gateway.journal_max_bytes == other.gateway.journal_max_bytes),
            ("gateway.max_memory_bytes", self.gateway.max_memory_bytes == other.gateway.max_memory_bytes),
            ("gateway.max_spool_bytes", self.gateway.max_spool_bytes == other.gateway.max_spool_bytes),
            ("gateway.journal_max_age", self.gateway.journal_max_age == other.gateway.journal_max_age),
        ]
        .into_iter()
        .filter_map(|(setting, same)| (!same).then_some(setting))
        .collect()
    }

    pub(crate) fn proxies(&self) -> Proxies {
        Proxies { networks: Arc::clone(&self.trusted_proxies), header: self.address_header }
    }

    /// Every secret that is configured, and that nobody may be told.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let keys = self.providers.iter().filter_map(|provider| match &provider.kind {
            ProviderKind::OpenAi { api_key, .. } | ProviderKind::Anthropic { api_key, .. } => api_key.as_ref(),
            ProviderKind::Sandbox => None,
        });
        let whole = keys.chain(&self.metrics_token).map(|secret| secret.reveal().to_owned());
        whole.chain(secret::passwords(self.database_url.reveal())).collect()
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

fn asks_others(providers: &[ProviderConfig]) -> bool {
    providers.iter().any(|provider| provider.kind != ProviderKind::Sandbox)
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

/// When a file was last changed, where the system tells.
fn changed_at(file: &Path) -> Option<Timestamp> {
    let changed = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()?;
    let millis = changed.duration_since(UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(millis).ok().map(Timestamp::from_millis)
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
