//! The models on offer, and their providers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{models::Service, time::Timestamp};
use services::Services;

use super::{
    endpoint::{ENDPOINTS, Endpoint},
    provider::{Provider, ProviderClient},
};
use crate::{
    config::{Config, ConfigError, DefaultFor, ProviderConfig, ProviderKind},
    v1::dialect::Dialect,
};

/// A model on offer.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) name: Arc<str>,
    pub(super) service: Service,
    /// The providers' name for the model, as a JSON text.
    pub(super) upstream_json: String,
    /// Maximum of tokens in the prompt and the answer together.
    pub(super) context_window: Option<u32>,
    /// Maximum of tokens in an answer.
    pub(super) max_output_tokens: Option<u32>,
    /// In the order of the configuration; never empty.
    pub(super) providers: Vec<Arc<Provider>>,
    /// Weights of the providers that have one, by name.
    pub(super) weights: Arc<BTreeMap<Arc<str>, u32>>,
    /// The model whose price applies to the calls; `None` if they are free.
    pub(super) priced_as: Option<Arc<str>>,
}

impl Offer {
    /// Creates an offer of one provider, for free calls about objects that it keeps.
    pub(super) fn for_provider(name: Arc<str>, service: Service, provider: Arc<Provider>) -> Self {
        Self {
            upstream_json: serde_json::Value::from(&*name).to_string(),
            name,
            service,
            providers: vec![provider],
            weights: Arc::default(),
            context_window: None,
            max_output_tokens: None,
            priced_as: None,
        }
    }

    /// The weights of the providers, in their order.
    pub(super) fn provider_weights(&self) -> Vec<Option<u32>> {
        self.providers.iter().map(|provider| self.weights.get(&provider.name).copied()).collect()
    }

    /// Returns the offer with only the providers that `keep` accepts.
    pub(super) fn limited_to(&self, keep: impl Fn(&Provider) -> bool) -> Self {
        let kept = self.providers.iter().filter(|provider| keep(provider));
        Self {
            name: Arc::clone(&self.name),
            upstream_json: self.upstream_json.clone(),
            providers: kept.cloned().collect(),
            weights: Arc::clone(&self.weights),
            priced_as: self.priced_as.clone(),
            ..*self
        }
    }

    /// The endpoints that can call the model.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &'static Endpoint> {
        let of_service =
            ENDPOINTS.iter().filter(|endpoint| endpoint.calls_models() && endpoint.service == self.service);
        of_service.filter(|endpoint| self.supports(endpoint.dialect))
    }

    /// Whether one of the providers speaks this dialect.
    pub(super) fn supports(&self, dialect: Dialect) -> bool {
        self.providers.iter().any(|provider| provider.supports(dialect))
    }

    /// The providers' name for the model.
    pub(super) fn upstream_name(&self) -> String {
        // It was serialized from a text, so this can't fail.
        serde_json::from_str(&self.upstream_json).unwrap_or_default()
    }
}

#[derive(Debug)]
pub(super) struct Offers {
    by_name: BTreeMap<Arc<str>, Arc<Offer>>,
    /// The models for requests that name none.
    defaults: BTreeMap<DefaultFor, Arc<str>>,
    providers: BTreeMap<Arc<str>, (ProviderConfig, Arc<Provider>)>,
    /// The provider for files, whose requests name no model.
    pub(super) files_provider: Option<Arc<Provider>>,
    /// The model with the price of storage.
    pub(super) storage_model: Option<Arc<str>>,
    /// The start of this server, given as every model's creation time.
    pub(super) since: Timestamp,
}

impl Offers {
    /// Creates the offers of `config`. Providers with an unchanged configuration are taken from `before`.
    pub(super) fn new(services: &Services, config: &Config, before: Option<&Self>) -> Result<Self, ConfigError> {
        // Providers with one connect timeout share a client and its connection pool.
        let mut clients: BTreeMap<Duration, ProviderClient> = BTreeMap::new();
        let mut providers = BTreeMap::new();
        for provider in &config.providers {
            let unchanged = before.and_then(|before| before.providers.get(&provider.name));
            let shared = match unchanged.filter(|(config, _)| config == provider) {
                Some((_, existing)) => Arc::clone(existing),
                None => {
                    let connect = provider.timeouts.connect;
                    let client = match clients.get(&connect) {
                        Some(client) => client,
                        None => clients.entry(connect).or_insert(ProviderClient::new(connect)?),
                    };
                    Arc::new(Provider::new(provider, client)?)
                }
            };
            providers.insert(Arc::clone(&provider.name), (provider.clone(), shared));
        }
        let by_name = config.models.iter().map(|model| {
            // The configuration was checked, so all of them exist.
            let found = model.providers.iter().filter_map(|offered| providers.get(&offered.name));
            let providers = found.map(|(_, provider)| Arc::clone(provider)).collect();
            let weights =
                model.providers.iter().filter_map(|offered| Some((Arc::clone(&offered.name), offered.weight?)));
            let offer = Offer {
                name: Arc::clone(&model.name),
                service: model.service,
                upstream_json: serde_json::Value::from(model.upstream_name.as_str()).to_string(),
                providers,
                weights: Arc::new(weights.collect()),
                context_window: model.context_window,
                max_output_tokens: model.max_output_tokens,
                priced_as: Some(Arc::clone(&model.name)),
            };
            (Arc::clone(&model.name), Arc::new(offer))
        });
        let by_name = by_name.collect();
        let defaults = config.models.iter().flat_map(|model| {
            let defaults = model.default_for.iter();
            defaults.map(|group| (*group, Arc::clone(&model.name)))
        });
        let defaults = defaults.collect();
        let first = |kind: fn(&ProviderKind) -> bool| config.providers.iter().find(|provider| kind(&provider.kind));
        let files = match &config.gateway_files_provider {
            Some(name) => Some(name),
            None => first(|kind| matches!(kind, ProviderKind::OpenAi { .. }))
                .or_else(|| first(|kind| matches!(kind, ProviderKind::Sandbox)))
                .map(|provider| &provider.name),
        };
        let files_provider = files.and_then(|name| Some(Arc::clone(&providers.get(name)?.1)));
        let storage_model = config.models.iter().find(|model| model.service == Service::Storage);
        let storage_model = storage_model.map(|model| Arc::clone(&model.name));
        let since = before.map_or_else(|| services.now(), |before| before.since);
        Ok(Self { by_name, defaults, providers, files_provider, storage_model, since })
    }

    pub(super) fn get(&self, model: &str) -> Option<&Arc<Offer>> {
        self.by_name.get(model)
    }

    /// The model that `endpoint` calls if a request names none.
    pub(super) fn default_for(&self, endpoint: &Endpoint) -> Option<&Arc<str>> {
        self.defaults.get(&endpoint.default_for()?)
    }

    /// All models, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Offer>> {
        self.by_name.values()
    }

    /// The provider of this name, if it is configured.
    pub(super) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.get(name).map(|(_, provider)| provider)
    }

    /// All providers, sorted by name.
    pub(super) fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values().map(|(_, provider)| provider)
    }
}
