//! The gateway's settings from the configuration, replaced whenever it is reloaded.
//!
//! A running call keeps its offer, and with it the providers, until it ends. Its
//! price is that of its arrival.

use std::sync::Arc;

use axum::http::request::Parts;
use services::{Services, rate_limits::KeyLimits};

use super::{
    Gateway,
    endpoint::Endpoint,
    offers::{Offer, Offers},
    provider::{Provider, Secrets},
};
use crate::{
    config::{Config, ConfigError, GatewayConfig},
    context,
};

#[derive(Debug)]
pub(super) struct GatewaySettings {
    offers: Arc<Offers>,
    limits: GatewayConfig,
    /// The server's public URL, if configured.
    public_url: Option<Arc<str>>,
    /// Origins whose pages may call from a browser.
    cors_origins: Arc<[Box<str>]>,
    /// Default rate limits.
    pub(super) rate_limits: KeyLimits,
    /// Secrets that are erased from providers' answers.
    secrets: Secrets,
}

impl GatewaySettings {
    /// Creates the settings of `config`. Unchanged providers of `before` keep their connections and breakers.
    pub(super) fn new(services: &Services, config: &Config, before: Option<&Self>) -> Result<Self, ConfigError> {
        let offers = Offers::new(services, config, before.map(|before| &*before.offers))?;
        Ok(Self {
            offers: Arc::new(offers),
            limits: config.gateway,
            public_url: config.public_url.as_deref().map(Arc::from),
            cors_origins: Arc::clone(&config.cors_origins),
            rate_limits: config.rate_limits,
            secrets: Secrets::new(config.secrets().iter().map(String::as_str)),
        })
    }
}

impl Gateway {
    /// Checks whether a configuration could be applied.
    pub(crate) fn check(&self, config: &Config) -> Result<(), ConfigError> {
        GatewaySettings::new(&self.services, config, Some(&self.settings.load())).map(|_| ())
    }

    /// Applies another configuration to future calls. An invalid one changes nothing.
    pub(crate) fn replace_config(&self, config: &Config) -> Result<(), ConfigError> {
        let settings = GatewaySettings::new(&self.services, config, Some(&self.settings.load()))?;
        self.settings.store(Arc::new(settings));
        Ok(())
    }

    /// The scheme and authority by which a client reaches the server, such as `https://hub.example`.
    pub(super) fn origin(&self, request: &Parts) -> String {
        let settings = self.settings.load();
        let peer = context::peer(&request.extensions);
        context::origin(settings.public_url.as_deref(), &self.v1.proxies(), peer, &request.headers)
    }

    /// Origins whose pages may call from a browser, in the form of `Origin`.
    pub(super) fn cors_origins(&self) -> Arc<[Box<str>]> {
        Arc::clone(&self.settings.load().cors_origins)
    }

    pub(super) fn limits(&self) -> GatewayConfig {
        self.settings.load().limits
    }

    /// The limits of calls to this provider.
    pub(super) fn limits_for(&self, provider: &Provider) -> GatewayConfig {
        GatewayConfig { idle_timeout: provider.timeouts.idle, ..self.limits() }
    }

    /// Secrets that are erased from providers' answers.
    pub(super) fn secrets(&self) -> Secrets {
        self.settings.load().secrets.clone()
    }

    pub(super) fn offers(&self) -> Arc<Offers> {
        Arc::clone(&self.settings.load().offers)
    }

    /// The model of this name, if it is on offer.
    pub(super) fn offer(&self, model: &str) -> Option<Arc<Offer>> {
        self.settings.load().offers.get(model).cloned()
    }

    /// The model that `endpoint` calls if a request names none.
    pub(super) fn default_model(&self, endpoint: &Endpoint) -> Option<Arc<str>> {
        self.settings.load().offers.default_for(endpoint).cloned()
    }

    /// The provider of this name, if it is configured.
    pub(super) fn provider(&self, name: &str) -> Option<Arc<Provider>> {
        self.settings.load().offers.provider(name).cloned()
    }

    /// The provider for files, whose requests name no model.
    pub(super) fn files_provider(&self) -> Option<Arc<Provider>> {
        self.settings.load().offers.files_provider.clone()
    }

    /// The model with the price of storage.
    pub(super) fn storage_model(&self) -> Option<Arc<str>> {
        self.settings.load().offers.storage_model.clone()
    }
}
