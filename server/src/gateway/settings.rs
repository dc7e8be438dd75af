//! What the configuration says of the gateway, taken up at the start and whenever it is read anew.
//!
//! A call works with what it was let in with: its offer, and with it the
//! providers, are its own until it ends; its price is that of the moment it arrived.

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
    security::client_ip::Proxies,
};

#[derive(Debug)]
pub(crate) struct Settings {
    offers: Arc<Offers>,
    limits: GatewayConfig,
    /// Whose word for a client's address is believed.
    pub(crate) proxies: Proxies,
    /// Where people and programs reach the server, if the operator says it.
    public_url: Option<Arc<str>>,
    /// Whose pages may call from a browser.
    cors_origins: Arc<[Box<str>]>,
    /// How fast calls may come where nobody set another limit.
    pub(super) rate_limits: KeyLimits,
    /// What no answer of a provider may tell.
    secrets: Secrets,
}

impl Settings {
    /// Providers that stay as they are in `before` keep their connections, and what is known of their failures.
    pub(super) fn new(services: &Services, config: &Config, before: Option<&Self>) -> Result<Self, ConfigError> {
        let offers = Offers::new(services, config, before.map(|before| &*before.offers))?;
        Ok(Self {
            offers: Arc::new(offers),
            limits: config.gateway,
            proxies: config.proxies(),
            public_url: config.public_url.as_deref().map(Arc::from),
            cors_origins: Arc::clone(&config.cors_origins),
            rate_limits: config.rate_limits,
            secrets: Secrets::new(config.secrets().iter().map(String::as_str)),
        })
    }
}

impl Gateway {
    /// Whether a configuration could be taken up.
    pub(crate) fn check(&self, config: &Config) -> Result<(), ConfigError> {
        Settings::new(&self.services, config, Some(&self.settings.load())).map(|_| ())
    }

    /// Takes up another configuration, for calls that come from now on; a wrong one changes nothing.
    pub(crate) fn take_up(&self, config: &Config) -> Result<(), ConfigError> {
        let settings = Settings::new(&self.services, config, Some(&self.settings.load()))?;
        self.settings.store(Arc::new(settings));
        Ok(())
    }

    /// Scheme and authority by which a client reaches the server, such as `https://hub.example`.
    pub(super) fn origin(&self, request: &Parts) -> String {
        let settings = self.settings.load();
        let peer = context::peer(&request.extensions);
        context::origin(settings.public_url.as_deref(), &settings.proxies, peer, &request.headers)
    }

    /// Whose pages may call from a browser, as `Origin` names them.
    pub(super) fn cors_origins(&self) -> Arc<[Box<str>]> {
        Arc::clone(&self.settings.load().cors_origins)
    }

    pub(super) fn limits(&self) -> GatewayConfig {
        self.settings.load().limits
    }

    /// The limits of a call that this provider answers.
    pub(super) fn limits_for(&self, provider: &Provider) -> GatewayConfig {
        GatewayConfig { idle_timeout: provider.timeouts.idle, ..self.limits() }
    }

    /// What no answer of a provider may tell.
    pub(super) fn secrets(&self) -> Secrets {
        self.settings.load().secrets.clone()
    }

    pub(super) fn offers(&self) -> Arc<Offers> {
        Arc::clone(&self.settings.load().offers)
    }

    /// The model of this name, if it is on offer.
    pub(crate) fn offer(&self, model: &str) -> Option<Arc<Offer>> {
        self.settings.load().offers.get(model).cloned()
    }

    /// What `endpoint` calls where a request names no model.
    pub(super) fn default_model(&self, endpoint: &Endpoint) -> Option<Arc<str>> {
        self.settings.load().offers.default_for(endpoint).cloned()
    }

    /// The provider of this name, if it is configured.
    pub(super) fn provider(&self, name: &str) -> Option<Arc<Provider>> {
        self.settings.load().offers.provider(name).cloned()
    }

    /// Who keeps files, where a request names no model.
    pub(super) fn files_provider(&self) -> Option<Arc<Provider>> {
        self.settings.load().offers.files_provider.clone()
    }

    /// The model whose price storage has.
    pub(super) fn storage_model(&self) -> Option<Arc<str>> {
        self.settings.load().offers.storage_model.clone()
    }
}
