//! Applies the configured prices at the start, and a changed configuration file at SIGHUP, while calls run.
//!
//! A changed file is read and checked as a whole. A faulty one is rejected with a line in the log, and nothing
//! changes. A valid one applies to new calls and requests; open ones end under the old configuration.
//! Settings of the process (flags, environment, the meter's journal) stay until the next start.

use services::{ServiceError, ServiceResult, Services};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    config::{Config, ConfigError, ProcessOptions},
    gateway::Gateway,
    hub::Hub,
    v1::state::V1State,
};

/// The reason why a configuration isn't applied.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Service(#[from] ServiceError),
}

/// Reloads the configuration.
pub(crate) struct Reloader {
    options: ProcessOptions,
    hub: Hub,
    v1: V1State,
    gateway: Gateway,
}

impl Reloader {
    pub(crate) fn new(options: ProcessOptions, hub: Hub, v1: V1State, gateway: Gateway) -> Self {
        Self { options, hub, v1, gateway }
    }

    /// Reloads the file at each SIGHUP until the server ends. Once this has returned, the signal doesn't end
    /// the process.
    pub(crate) fn start(self) -> std::io::Result<()> {
        let mut signals: Signal = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let outcome = self.reload().await;
                self.gateway.metrics().record_reload(outcome.is_ok());
                if let Err(error) = outcome {
                    tracing::error!(%error, "the configuration wasn't taken up; the one before stays");
                }
            }
        });
        Ok(())
    }

    async fn reload(&self) -> Result<(), ReloadError> {
        let config = Config::load(&self.options)?;
        // Everything that can fail comes before anything is changed.
        self.gateway.check(&config)?;
        apply_prices(&self.hub.services, &config).await?;
        self.hub.services.set_quotas(config.quotas).await?;
        self.v1.replace_proxies(config.proxies());
        self.gateway.replace_config(&config)?;
        let (models, providers) = (config.models.len(), config.providers.len());
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        for setting in self.hub.replace_config(config) {
            tracing::warn!(setting, "what was changed here takes effect at the next start");
        }
        tracing::info!(models, providers, "the configuration was read anew and taken up");
        Ok(())
    }
}

/// Offers the configured models at the file's prices, unless a newer file set other prices.
pub(crate) async fn apply_prices(services: &Services, config: &Config) -> ServiceResult<()> {
    let changed_at = config.file_changed_at.unwrap_or_else(|| services.now());
    services::models::apply_file(services, config.offered_models(), changed_at).await
}
