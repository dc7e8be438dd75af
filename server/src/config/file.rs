//! The configuration file's form. What its values mean is checked when they are resolved.

use std::path::PathBuf;

use domain::{models::Service, money::Price, rate_limits::RateLimits};
use serde::Deserialize;

use super::{AddressHeader, DefaultFor, Untracked, duration::Time};

/// `tollhouse.toml`. A key that isn't listed here is refused, since it is most likely misspelt.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) provider: Vec<ProviderTable>,
    pub(super) model: Vec<ModelTable>,
    pub(super) sign_up: SignUpTable,
    pub(super) quotas: QuotasTable,
    pub(super) server: ServerTable,
    pub(super) gateway: GatewayTable,
    pub(super) limits: LimitsTable,
    pub(super) metrics: MetricsTable,
    pub(super) cors: CorsTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderTable {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) base_url: Option<String>,
    pub(super) api_key_env: Option<String>,
    pub(super) api_key_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) request_headers: Vec<String>,
    #[serde(default)]
    pub(super) answer_headers: Vec<String>,
    #[serde(default = "yes")]
    pub(super) stream_options: bool,
    pub(super) connect_timeout: Option<Time>,
    pub(super) first_byte_timeout: Option<Time>,
    pub(super) idle_timeout: Option<Time>,
}

const fn yes() -> bool {
    true
}

/// One of a model's providers: its name, or its name with its weight.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a provider's name, or { name = \"…\", weight = 2 }")]
pub(super) enum ProviderEntry {
    Name(String),
    Weighted(WeightedEntry),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeightedEntry {
    pub(super) name: String,
    pub(super) weight: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelTable {
    pub(super) name: String,
    pub(super) providers: Vec<ProviderEntry>,
    pub(super) upstream_name: Option<String>,
    pub(super) service: Service,
    pub(super) context_window: Option<u32>,
    pub(super) max_output_tokens: Option<u32>,
    #[serde(default)]
    pub(super) default_for: Vec<DefaultFor>,
    pub(super) price: Option<Price>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SignUpTable {
    pub(super) open: Option<bool>,
}

/// What strangers may take at most.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct QuotasTable {
    pub(super) accounts_per_hour: Option<u32>,
    pub(super) calls_per_minute: Option<u32>,
    pub(super) keys: Option<u32>,
    pub(super) sessions: Option<u32>,
    pub(super) stored_bodies_bytes: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServerTable {
    pub(super) trusted_proxies: Vec<String>,
    pub(super) address_header: AddressHeader,
    pub(super) allow_insecure_http: bool,
    pub(super) head_timeout: Option<Time>,
    pub(super) idle_timeout: Option<Time>,
    pub(super) body_timeout: Option<Time>,
    pub(super) answer_timeout: Option<Time>,
    pub(super) stop_timeout: Option<Time>,
    pub(super) max_connections: Option<usize>,
    pub(super) max_connections_by_address: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MetricsTable {
    pub(super) token_env: Option<String>,
    pub(super) token_file: Option<PathBuf>,
}

/// Pages of other sites that may call from a browser.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CorsTable {
    pub(super) origins: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GatewayTable {
    pub(super) max_body_bytes: Option<usize>,
    pub(super) max_upload_bytes: Option<u64>,
    pub(super) max_spool_bytes: Option<u64>,
    pub(super) max_memory_bytes: Option<u64>,
    pub(super) max_calls_by_key: Option<u32>,
    pub(super) files_provider: Option<String>,
    pub(super) connect_timeout: Option<Time>,
    pub(super) first_byte_timeout: Option<Time>,
    pub(super) idle_timeout: Option<Time>,
    pub(super) total_timeout: Option<Time>,
    pub(super) journal_max_bytes: Option<u64>,
    pub(super) journal_max_age: Option<Time>,
    pub(super) attempts: Option<u32>,
    pub(super) breaker_failures: Option<u32>,
    pub(super) breaker_pause: Option<Time>,
    pub(super) shared: Vec<Untracked>,
}

/// How fast calls may come where nobody set another limit.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsTable {
    pub(super) key: RateLimits,
    pub(super) project: RateLimits,
    pub(super) organization: RateLimits,
}
