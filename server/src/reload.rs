//! Takes up a changed configuration file while calls run, at SIGHUP.
//!
//! The file is read and checked as a whole. A wrong one is refused with a line
//! in the log, and everything stays as it was. A right one holds for calls and
//! requests that come from then on; those under way end as they began. What a
//! process is started with (flags, environment, the meter's journal) stays
//! until the next start.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    cli::{CliError, take_up_prices},
    config::{Config, Options},
    gateway::Gateway,
    hub::Hub,
};

/// What reads the configuration anew.
pub(crate) struct Reloader {
    options: Options,
    hub: Hub,
    gateway: Gateway,
}

impl Reloader {
    pub(crate) fn new(options: Options, hub: Hub, gateway: Gateway) -> Self {
        Self { options, hub, gateway }
    }

    /// Reads the file at each SIGHUP until the server ends. From its return on the signal doesn't end the process.
    pub(crate) fn start(self) -> std::io::Result<()> {
        let mut signals: Signal = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let outcome = self.reload().await;
                self.gateway.metrics().reloaded(outcome.is_ok());
                if let Err(error) = outcome {
                    tracing::error!(%error, "the configuration wasn't taken up; the one before stays");
                }
            }
        });
        Ok(())
    }

    async fn reload(&self) -> Result<(), CliError> {
        let config = Config::load(&self.options)?;
        // Everything that can be wrong is, before anything is changed.
        self.gateway.check(&config)?;
        take_up_prices(&self.hub.services, &config).await?;
        self.gateway.take_up(&config)?;
        let (models, providers) = (config.models.len(), config.providers.len());
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        for setting in self.hub.take_up(config) {
            tracing::warn!(setting, "what was changed here takes effect at the next start");
        }
        tracing::info!(models, providers, "the configuration was read anew and taken up");
        Ok(())
    }
}
