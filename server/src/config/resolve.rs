//! Turns the configuration's written form into [`Config`].

use std::{net::IpAddr, ops::RangeInclusive, path::PathBuf, sync::Arc};

use domain::{
    models::Service,
    money::{Money, Price},
};
use ipnet::IpNet;
use services::{DatabaseConnections, Quotas, rate_limits::KeyLimits};

use super::{
    Config, ConnectionLimits, DefaultFor, GatewayConfig, ModelConfig, ModelProvider, ProcessOptions, ProviderConfig,
    ProviderKind, ProviderTimeouts, SecretText,
    errors::{ConfigError, ConfigLocation},
    file::{ConfigFile, DatabaseTable, GatewayTable, LimitsTable, QuotasTable, ServerTable},
    offers::{model, provider},
    secret::secret,
    urls::{http_url, origin},
};
use crate::client_ip::AddressHeader;

/// Maximum body size that may be configured: 1 GiB.
const MAX_BODY_BYTES: usize = 1 << 30;
/// Minimum memory for bodies that may be configured: 64 MiB, the size of the largest answer.
const MIN_MEMORY_BYTES: u64 = 64 << 20;
/// Minimum journal size that may be configured: 64 MiB, a few of its files.
const MIN_JOURNAL_BYTES: u64 = 64 << 20;

/// Minimum connections that may be configured: a browser opens six.
const MIN_CONNECTIONS: usize = 16;
/// Numbers of connections to PostgreSQL that may be configured. A task of a server may hold two at once.
const DATABASE_CONNECTIONS: RangeInclusive<u32> = 2..=1_000;
/// Maximum attempts of a call that may be configured.
const MAX_ATTEMPTS: u32 = 10;

/// The configuration without a file: the sandbox, so that a first call works before anything is configured.
pub(super) fn without_file(options: &ProcessOptions) -> Result<Config, ConfigError> {
    let dollars = |amount: i64| Some(Money::from_nanos(amount * 1_000_000_000));
    let sandbox: Arc<str> = Arc::from("sandbox");
    Ok(Config {
        providers: vec![ProviderConfig {
            name: sandbox.clone(),
            kind: ProviderKind::Sandbox,
            timeouts: ProviderTimeouts::from(GatewayConfig::default()),
            request_headers: Vec::new(),
            answer_headers: Vec::new(),
            stream_options: true,
        }],
        models: vec![ModelConfig {
            name: Arc::from("sandbox-1"),
            providers: vec![ModelProvider { name: sandbox, weight: None }],
            upstream_name: "sandbox-1".to_owned(),
            service: Service::Chat,
            context_window: None,
            max_output_tokens: None,
            default_for: Vec::new(),
            price: Some(Price { input_per_million: dollars(1), output_per_million: dollars(2), ..Price::default() }),
        }],
        ..base(options)?
    })
}

pub(super) fn with_file(
    options: &ProcessOptions,
    file: PathBuf,
    tables: ConfigFile,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let location = ConfigLocation { file: &file };
    let gateway = gateway(&location, &tables.gateway)?;
    let mut providers: Vec<ProviderConfig> = Vec::with_capacity(tables.provider.len());
    for table in tables.provider {
        let provider = provider(&location, table, gateway.into(), env)?;
        if providers.iter().any(|other| other.name == provider.name) {
            return Err(
                location.value(format!("provider {:?}: name", provider.name), "is used twice; rename one of them.")
            );
        }
        providers.push(provider);
    }
    let mut models: Vec<ModelConfig> = Vec::with_capacity(tables.model.len());
    for table in tables.model {
        let model = model(&location, table, &providers)?;
        if models.iter().any(|other| other.name == model.name) {
            return Err(location.value(format!("model {:?}: name", model.name), "is used twice; rename one of them."));
        }
        let is_taken = |of: &DefaultFor| models.iter().any(|other| other.default_for.contains(of));
        if let Some(twice) = model.default_for.iter().find(|of| is_taken(of)) {
            let advice = format!("another model is already the default for {}; keep one.", twice.name());
            return Err(location.value(format!("model {:?}: default_for", model.name), advice));
        }
        models.push(model);
    }
    let files_provider = match tables.gateway.files_provider {
        None => None,
        Some(name) => {
            let usable = |provider: &&ProviderConfig| {
                *provider.name == *name && !matches!(provider.kind, ProviderKind::Anthropic { .. })
            };
            let provider = providers.iter().find(usable).map(|provider| Arc::clone(&provider.name));
            Some(provider.ok_or_else(|| {
                let advice = format!("{name:?} isn't a provider of kind openai or sandbox; set one that is.");
                location.value("gateway.files_provider".to_owned(), advice)
            })?)
        }
    };
    let trusted_proxies =
        tables.server.trusted_proxies.iter().map(|text| network(&location, text)).collect::<Result<_, _>>()?;
    let metrics = tables.metrics;
    Ok(Config {
        sign_up_open: tables.sign_up.open.unwrap_or(!super::has_paid_providers(&providers)),
        quotas: quotas(&location, &tables.quotas)?,
        trusted_proxies,
        address_header: tables.server.address_header,
        allow_insecure_http: tables.server.allow_insecure_http,
        connections: connections(&location, &tables.server)?,
        database_connections: database_connections(&location, &tables.database)?,
        gateway,
        rate_limits: rate_limits(&location, tables.limits)?,
        cors_origins: tables.cors.origins.iter().map(|text| origin(&location, text)).collect::<Result<_, _>>()?,
        metrics_token: secret(
            &location,
            "metrics.token",
            metrics.token_env.as_deref(),
            metrics.token_file.as_deref(),
            env,
        )?,
        gateway_files_provider: files_provider,
        providers,
        models,
        file: Some(file.clone()),
        ..base(options)?
    })
}

/// The settings that don't come from the file, and defaults for the others.
fn base(options: &ProcessOptions) -> Result<Config, ConfigError> {
    Ok(Config {
        addr: options.addr,
        data: options.data.clone(),
        database_url: database_url(options)?,
        database_connections: DatabaseConnections::default(),
        server_secret: None,
        public_url: public_url(options.public_url.as_deref())?,
        log: options.log.clone(),
        log_format: options.log_format,
        file: None,
        file_changed_at: None,
        sign_up_open: true,
        quotas: Quotas::default(),
        trusted_proxies: Arc::default(),
        address_header: AddressHeader::default(),
        allow_insecure_http: false,
        connections: ConnectionLimits::default(),
        gateway: GatewayConfig::default(),
        rate_limits: KeyLimits::default(),
        cors_origins: Arc::default(),
        metrics_token: None,
        gateway_files_provider: None,
        providers: Vec::new(),
        models: Vec::new(),
    })
}

/// Reads the rate limits, checked like those that are set in the dashboard.
fn rate_limits(location: &ConfigLocation<'_>, table: LimitsTable) -> Result<KeyLimits, ConfigError> {
    for (name, limits) in [("key", table.key), ("project", table.project), ("organization", table.organization)] {
        if let Err(errors) = limits.validated()
            && let Some((field, wrong)) = errors.iter().next()
        {
            return Err(location.value(format!("limits.{name}.{field}"), wrong));
        }
    }
    let (api_key, project, organization) = (table.key, table.project, table.organization);
    Ok(KeyLimits { api_key, project, organization, ..KeyLimits::default() })
}

fn quotas(location: &ConfigLocation<'_>, table: &QuotasTable) -> Result<Quotas, ConfigError> {
    let default = Quotas::default();
    let at_least_one = |key: &str, chosen: Option<u32>, default: u32| match chosen {
        Some(0) => Err(location.value(format!("quotas.{key}"), "set at least 1.")),
        chosen => Ok(chosen.unwrap_or(default)),
    };
    Ok(Quotas {
        accounts_per_hour: at_least_one("accounts_per_hour", table.accounts_per_hour, default.accounts_per_hour)?,
        calls_per_minute: at_least_one("calls_per_minute", table.calls_per_minute, default.calls_per_minute)?,
        keys: at_least_one("keys", table.keys, default.keys)?,
        sessions: at_least_one("sessions", table.sessions, default.sessions)?,
        stored_bodies_bytes: table.stored_bodies_bytes.unwrap_or(default.stored_bodies_bytes),
    })
}

fn database_url(options: &ProcessOptions) -> Result<SecretText, ConfigError> {
    let name = "DATABASE_URL";
    match options.database_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) if ["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme)) => {
            Ok(SecretText::new(url))
        }
        // Not quoted, since it may hold a password.
        Some(_) => Err(ConfigError::Setting { name, advice: "use postgres:// or sqlite://.".to_owned() }),
        None => {
            let file = options.data.join("tollhouse.db");
            let file = file.to_str().filter(|path| !path.contains(['?', '#', '%'])).ok_or_else(|| {
                let advice = "choose a folder whose path is UTF-8 without ?, # and %, or set DATABASE_URL.";
                ConfigError::Setting { name: "TOLLHOUSE_DATA", advice: advice.to_owned() }
            })?;
            Ok(SecretText::new(format!("sqlite://{file}?mode=rwc")))
        }
    }
}

fn public_url(text: Option<&str>) -> Result<Option<String>, ConfigError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let url = http_url(text).filter(|url| url.matches('/').count() == 2).ok_or_else(|| ConfigError::Setting {
        name: "TOLLHOUSE_PUBLIC_URL",
        advice: format!("{text:?} isn't a URL such as https://hub.example, without a path."),
    })?;
    Ok(Some(url))
}

fn network(location: &ConfigLocation<'_>, text: &str) -> Result<IpNet, ConfigError> {
    let network = text.parse::<IpNet>().or_else(|error| text.parse::<IpAddr>().map(IpNet::from).map_err(|_| error));
    network.map(|network| network.trunc()).map_err(|_| {
        let advice = format!("{text:?} isn't an IP address or CIDR range such as \"10.0.0.0/8\" or \"fd00::/8\".");
        location.value("server.trusted_proxies".to_owned(), advice)
    })
}

fn connections(location: &ConfigLocation<'_>, table: &ServerTable) -> Result<ConnectionLimits, ConfigError> {
    let default = ConnectionLimits::default();
    for (name, max) in
        [("max_connections", table.max_connections), ("max_connections_by_address", table.max_connections_by_address)]
    {
        if max.is_some_and(|max| max < MIN_CONNECTIONS) {
            return Err(location.value(format!("server.{name}"), format!("set at least {MIN_CONNECTIONS}.")));
        }
    }
    Ok(ConnectionLimits {
        head_timeout: table.head_timeout.map_or(default.head_timeout, |time| time.0),
        idle_timeout: table.idle_timeout.map_or(default.idle_timeout, |time| time.0),
        body_timeout: table.body_timeout.map_or(default.body_timeout, |time| time.0),
        answer_timeout: table.answer_timeout.map_or(default.answer_timeout, |time| time.0),
        stop_timeout: table.stop_timeout.map_or(default.stop_timeout, |time| time.0),
        max_connections: table.max_connections.or(default.max_connections),
        max_connections_by_address: table.max_connections_by_address.unwrap_or(default.max_connections_by_address),
    })
}

fn database_connections(
    location: &ConfigLocation<'_>,
    table: &DatabaseTable,
) -> Result<DatabaseConnections, ConfigError> {
    let default = DatabaseConnections::default();
    let checked = |name: &str, chosen: Option<u32>, default: u32| match chosen {
        Some(number) if !DATABASE_CONNECTIONS.contains(&number) => {
            let (least, most) = (DATABASE_CONNECTIONS.start(), DATABASE_CONNECTIONS.end());
            Err(location.value(format!("database.{name}"), format!("set {least} to {most}.")))
        }
        chosen => Ok(chosen.unwrap_or(default)),
    };
    Ok(DatabaseConnections {
        work: checked("connections", table.connections, default.work)?,
        control: checked("control_connections", table.control_connections, default.control)?,
    })
}

fn gateway(location: &ConfigLocation<'_>, table: &GatewayTable) -> Result<GatewayConfig, ConfigError> {
    let default = GatewayConfig::default();
    let max_body_bytes = table.max_body_bytes.unwrap_or(default.max_body_bytes);
    if !(1024..=MAX_BODY_BYTES).contains(&max_body_bytes) {
        let advice = format!("set 1024 to {MAX_BODY_BYTES} bytes.");
        return Err(location.value("gateway.max_body_bytes".to_owned(), advice));
    }
    let journal_max_bytes = table.journal_max_bytes.unwrap_or(default.journal_max_bytes);
    if journal_max_bytes < MIN_JOURNAL_BYTES {
        let advice = format!("set at least {MIN_JOURNAL_BYTES} bytes.");
        return Err(location.value("gateway.journal_max_bytes".to_owned(), advice));
    }
    let attempts = table.attempts.unwrap_or(default.attempts);
    if !(1..=MAX_ATTEMPTS).contains(&attempts) {
        return Err(location.value("gateway.attempts".to_owned(), format!("set 1 to {MAX_ATTEMPTS}.")));
    }
    let max_upload_bytes = table.max_upload_bytes.unwrap_or(default.max_upload_bytes);
    let max_spool_bytes = table.max_spool_bytes.unwrap_or(default.max_spool_bytes.max(max_upload_bytes));
    if max_upload_bytes < 1024 || max_spool_bytes < max_upload_bytes {
        let advice = "set max_upload_bytes to at least 1024, and max_spool_bytes, which holds all uploads, to no less.";
        return Err(location.value("gateway.max_upload_bytes".to_owned(), advice));
    }
    // A body is in memory twice while it is forwarded.
    let min_memory = MIN_MEMORY_BYTES.max(2 * max_body_bytes as u64);
    let max_memory_bytes = table.max_memory_bytes.unwrap_or(default.max_memory_bytes.max(4 * max_body_bytes as u64));
    if max_memory_bytes < min_memory {
        return Err(location.value("gateway.max_memory_bytes".to_owned(), format!("set at least {min_memory} bytes.")));
    }
    let max_calls_by_key = table.max_calls_by_key.unwrap_or(default.max_calls_by_key);
    if max_calls_by_key == 0 {
        return Err(location.value("gateway.max_calls_by_key".to_owned(), "set at least 1."));
    }
    Ok(GatewayConfig {
        max_body_bytes,
        max_upload_bytes,
        max_spool_bytes,
        max_memory_bytes,
        max_calls_by_key,
        connect_timeout: table.connect_timeout.map_or(default.connect_timeout, |time| time.0),
        first_byte_timeout: table.first_byte_timeout.map_or(default.first_byte_timeout, |time| time.0),
        idle_timeout: table.idle_timeout.map_or(default.idle_timeout, |time| time.0),
        total_timeout: table.total_timeout.map_or(default.total_timeout, |time| time.0),
        journal_max_bytes,
        journal_max_age: table.journal_max_age.map_or(default.journal_max_age, |time| time.0),
        attempts,
        breaker_failures: table.breaker_failures.unwrap_or(default.breaker_failures),
        breaker_pause: table.breaker_pause.map_or(default.breaker_pause, |time| time.0),
        shared: table.shared.iter().copied().collect(),
    })
}
