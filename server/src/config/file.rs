//! The configuration file's form. Its values are checked when they are resolved.

use std::path::PathBuf;

use domain::{models::Service, money::Price, rate_limits::RateLimits};
use serde::Deserialize;

use super::{DefaultFor, UntrackedKind, duration::DurationText};
use crate::client_ip::AddressHeader;

/// `tollhouse.toml`. A key that isn't listed here is an error, since it is most likely misspelled.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub(super) provider: Vec<ProviderTable>,
    pub(super) model: Vec<ModelTable>,
    pub(super) sign_up: SignUpTable,
    pub(super) quotas: QuotasTable,
    pub(super) server: ServerTable,
    pub(super) gateway: GatewayTable,
    pub(super) limits: LimitsTable,
    pub(super) metrics: MetricsTable,
    pub(super) cors: CorsTable,
    pub(super) database: DatabaseTable,
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
    #[serde(default = "default_true")]
    pub(super) stream_options: bool,
    pub(super) connect_timeout: Option<DurationText>,
    pub(super) first_byte_timeout: Option<DurationText>,
    pub(super) idle_timeout: Option<DurationText>,
}

const fn default_true() -> bool {
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

/// Quotas that protect the server from unknown users.
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
    pub(super) head_timeout: Option<DurationText>,
    pub(super) idle_timeout: Option<DurationText>,
    pub(super) body_timeout: Option<DurationText>,
    pub(super) answer_timeout: Option<DurationText>,
    pub(super) stop_timeout: Option<DurationText>,
    pub(super) max_connections: Option<usize>,
    pub(super) max_connections_by_address: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DatabaseTable {
    pub(super) connections: Option<u32>,
    pub(super) control_connections: Option<u32>,
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
    pub(super) connect_timeout: Option<DurationText>,
    pub(super) first_byte_timeout: Option<DurationText>,
    pub(super) idle_timeout: Option<DurationText>,
    pub(super) total_timeout: Option<DurationText>,
    pub(super) journal_max_bytes: Option<u64>,
    pub(super) journal_max_age: Option<DurationText>,
    pub(super) attempts: Option<u32>,
    pub(super) breaker_failures: Option<u32>,
    pub(super) breaker_pause: Option<DurationText>,
    pub(super) shared: Vec<UntrackedKind>,
}

/// Rate limits where no other limit is set.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsTable {
    pub(super) key: RateLimits,
    pub(super) project: RateLimits,
    pub(super) organization: RateLimits,
}
