//! `tollhouse doctor`: checks whether everything the server needs is present.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use services::{
    Services, SystemClock,
    metering::{self, AbandonedJournal},
};

use super::{CliError, data_folder, output};
use crate::config::{Config, ProviderConfig, ProviderKind};

/// Time for a provider to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Check {
    name: String,
    ok: bool,
    /// Whether the setting works but most likely isn't intended.
    warns: bool,
    detail: String,
}

impl Check {
    fn of(name: impl Into<String>, result: Result<String, String>) -> Self {
        let ok = result.is_ok();
        Self { name: name.into(), ok, warns: false, detail: result.unwrap_or_else(|problem| problem) }
    }

    fn warning(detail: String) -> Self {
        Self { name: "setup".to_owned(), ok: true, warns: true, detail }
    }

    fn sign(&self) -> &'static str {
        match (self.ok, self.warns) {
            (false, _) => "FAIL",
            (true, true) => "warn",
            (true, false) => "ok  ",
        }
    }
}

pub(super) async fn run(config: Config, json: bool) -> Result<(), CliError> {
    let mut checks = vec![
        Check::of("configuration", Ok(source(&config))),
        Check::of("data folder", data_folder(&config)),
        Check::of("database", database(&config).await),
        journals(&config).await,
        Check::of("clock", clock()),
        Check::of("dashboard", dashboard()),
        Check::of("sign-up", Ok(sign_up(&config).to_owned())),
    ];
    for provider in &config.providers {
        if let Some((host, port)) = address(provider) {
            checks.push(Check::of(format!("upstream {}", provider.name), connect(&host, port).await));
        }
    }
    checks.extend(config.warnings().into_iter().map(Check::warning));
    let failed = checks.iter().filter(|check| !check.ok).count();
    output::data(json, &checks, |checks| {
        checks
            .iter()
            .map(|check| format!("{}  {}: {}", check.sign(), check.name, check.detail))
            .collect::<Vec<_>>()
            .join("\n")
    })?;
    if failed > 0 { Err(CliError::Refused(format!("{failed} of {} checks failed", checks.len()))) } else { Ok(()) }
}

fn source(config: &Config) -> String {
    let file = config.file.as_ref().map_or("no file".to_owned(), |file| file.display().to_string());
    format!("{file}: {} models from {} providers", config.models.len(), config.providers.len())
}

/// The warning if anyone may spend the operator's money, which the operator has chosen.
pub(super) const OPEN_SIGN_UP_WARNING: &str = "sign-up is open although a provider is configured: anyone who reaches \
    this server can create an account and call models with your provider's key; close it with [sign_up] open = false";

fn sign_up(config: &Config) -> &'static str {
    match (config.sign_up_open, config.has_paid_providers()) {
        (true, true) => OPEN_SIGN_UP_WARNING,
        (true, false) => {
            "open, because only the sandbox is configured; adding a provider closes it, unless [sign_up] open = true"
        }
        (false, _) => "closed; create accounts with `tollhouse user create`, the first one as `tollhouse serve` says",
    }
}

/// Host and port of a provider that is called over the network.
fn address(provider: &ProviderConfig) -> Option<(String, u16)> {
    let (ProviderKind::OpenAi { base_url, .. } | ProviderKind::Anthropic { base_url, .. }) = &provider.kind else {
        return None;
    };
    let url: axum::http::Uri = base_url.parse().ok()?;
    let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("https") { 443 } else { 80 });
    Some((url.host()?.to_owned(), port))
}

fn data_folder(config: &Config) -> Result<String, String> {
    let folder = &config.data;
    data_folder::create(folder).map_err(|error| format!("{} can't be created: {error}", folder.display()))?;
    let probe = folder.join(".doctor");
    std::fs::write(&probe, b"").map_err(|error| format!("{} isn't writable: {error}", folder.display()))?;
    std::fs::remove_file(&probe).map_err(|error| error.to_string())?;
    if data_folder::is_open_to_others(folder) {
        return Err(format!("{}: {}", folder.display(), data_folder::OPEN_WARNING));
    }
    Ok(format!("{} is writable", folder.display()))
}

async fn database(config: &Config) -> Result<String, String> {
    let services = Services::start(config.database(), Arc::new(SystemClock))
        .await
        .map_err(|error| CliError::from(error).to_string())?;
    services.database().ping().await.map_err(|error| error.to_string())?;
    Ok(format!("{}, schema up to date", if services.database().is_postgres() { "PostgreSQL" } else { "SQLite" }))
}

/// Checks for journals whose servers are gone: their calls are missing in the figures.
async fn journals(config: &Config) -> Check {
    let list = async {
        let services = Services::open(config.database(), Arc::new(SystemClock)).await?;
        metering::abandoned_journals(&services).await
    };
    match list.await {
        Ok(journals) if journals.is_empty() => Check::of("journals", Ok("all are in use".to_owned())),
        Ok(journals) => {
            let places = journals.iter().map(|journal| {
                let AbandonedJournal { host, folder, seen_at } = journal;
                format!("{folder} on {host}, last seen at {}", seen_at.to_chrono().to_rfc3339())
            });
            let places = places.collect::<Vec<_>>().join("; ");
            let detail = format!(
                "calls aren't stored yet, because no server uses their journal: {places}; start a server there"
            );
            Check { warns: true, ..Check::of("journals", Ok(detail)) }
        }
        Err(error) => Check::of("journals", Err(error.to_string())),
    }
}

/// Checks the clock: one set to before this version was built would give calls wrong times.
fn clock() -> Result<String, String> {
    let now = chrono::Utc::now();
    let built = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
    if now.date_naive() < built { Err(format!("set to {now}, which is in the past")) } else { Ok(now.to_rfc3339()) }
}

fn dashboard() -> Result<String, String> {
    if crate::dashboard::is_built() {
        Ok("built in".to_owned())
    } else {
        Err("not built in; build with `make build`".to_owned())
    }
}

async fn connect(host: &str, port: u16) -> Result<String, String> {
    match tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(format!("{host}:{port} accepts connections")),
        Ok(Err(error)) => Err(format!("{host}:{port}: {error}")),
        Err(_) => Err(format!("{host}:{port} didn't accept a connection within {} seconds", CONNECT_TIMEOUT.as_secs())),
    }
}
