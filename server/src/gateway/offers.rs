//! The models on offer, and who answers for them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{models::Service, time::Timestamp};
use services::Services;

use super::{
    endpoint::{Dialect, ENDPOINTS, Endpoint},
    provider::{Client, Provider},
};
use crate::config::{Config, ConfigError, DefaultFor, ProviderConfig, ProviderKind};

/// A model on offer.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(super) name: Arc<str>,
    pub(super) service: Service,
    /// The providers' name for it, as a JSON text.
    pub(super) upstream_json: String,
    /// How many tokens question and answer may have together, as clients are told.
    pub(super) context_window: Option<u32>,
    /// How many tokens an answer may have at most.
    pub(super) max_output_tokens: Option<u32>,
    /// In the order in which they stand; never empty.
    pub(super) providers: Vec<Arc<Provider>>,
    /// Of those that have one, by name.
    pub(super) weights: Arc<BTreeMap<Arc<str>, u32>>,
    /// The model whose price its calls have; `None` where they cost nothing.
    pub(super) priced_as: Option<Arc<str>>,
}

impl Offer {
    /// What only one provider can answer, since it keeps what the call is about; it costs nothing.
    pub(super) fn of(name: Arc<str>, service: Service, provider: Arc<Provider>) -> Self {
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

    /// The providers' weights, place by place.
    pub(super) fn providers_weights(&self) -> Vec<Option<u32>> {
        self.providers.iter().map(|provider| self.weights.get(&provider.name).copied()).collect()
    }

    /// The same with some of its providers only.
    pub(super) fn by(&self, some: impl Fn(&Provider) -> bool) -> Self {
        let some = self.providers.iter().filter(|provider| some(provider));
        Self {
            name: Arc::clone(&self.name),
            upstream_json: self.upstream_json.clone(),
            providers: some.cloned().collect(),
            weights: Arc::clone(&self.weights),
            priced_as: self.priced_as.clone(),
            ..*self
        }
    }

    /// The paths by which it may be called, of those that call models.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &'static Endpoint> {
        let called = ENDPOINTS.iter().filter(|endpoint| endpoint.calls_models() && endpoint.service == self.service);
        called.filter(|endpoint| self.is_spoken_to_in(endpoint.dialect))
    }

    /// Whether one of its providers understands calls of this kind.
    pub(super) fn is_spoken_to_in(&self, dialect: Dialect) -> bool {
        self.providers.iter().any(|provider| provider.speaks(dialect))
    }

    /// The providers' name for it.
    pub(super) fn upstream_name(&self) -> String {
        // It was made from a text.
        serde_json::from_str(&self.upstream_json).unwrap_or_default()
    }
}

#[derive(Debug)]
pub(super) struct Offers {
    by_name: BTreeMap<Arc<str>, Arc<Offer>>,
    /// What is called where a request names no model.
    defaults: BTreeMap<DefaultFor, Arc<str>>,
    providers: BTreeMap<Arc<str>, (ProviderConfig, Arc<Provider>)>,
    /// Who keeps files, where a request names no model.
    pub(super) files_provider: Option<Arc<Provider>>,
    /// The model whose price storage has.
    pub(super) storage_model: Option<Arc<str>>,
    /// Since when this server offers models.
    pub(super) since: Timestamp,
}

impl Offers {
    /// Those of `config`, with the providers that stay as they are in `before`.
    pub(super) fn new(services: &Services, config: &Config, before: Option<&Self>) -> Result<Self, ConfigError> {
        // Providers that may take as long to accept a connection share their keeper of connections.
        let mut clients: BTreeMap<Duration, Client> = BTreeMap::new();
        let mut providers = BTreeMap::new();
        for provider in &config.providers {
            let unchanged = before.and_then(|before| before.providers.get(&provider.name));
            let kept = match unchanged.filter(|(config, _)| config == provider) {
                Some((_, kept)) => Arc::clone(kept),
                None => {
                    let connect = provider.timeouts.connect;
                    let client = match clients.get(&connect) {
                        Some(client) => client,
                        None => clients.entry(connect).or_insert(Client::new(connect)?),
                    };
                    Arc::new(Provider::new(provider, client)?)
                }
            };
            providers.insert(Arc::clone(&provider.name), (provider.clone(), kept));
        }
        let by_name = config.models.iter().map(|model| {
            // The configuration was checked: all of them are there.
            let found = model.providers.iter().filter_map(|wanted| providers.get(&wanted.name));
            let providers = found.map(|(_, provider)| Arc::clone(provider)).collect();
            let weights = model.providers.iter().filter_map(|wanted| Some((Arc::clone(&wanted.name), wanted.weight?)));
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
            defaults.map(|of| (*of, Arc::clone(&model.name)))
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

    /// What `endpoint` calls where a request names no model.
    pub(super) fn default_for(&self, endpoint: &Endpoint) -> Option<&Arc<str>> {
        self.defaults.get(&endpoint.default_for()?)
    }

    /// By name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Offer>> {
        self.by_name.values()
    }

    /// The provider of this name, if it is configured.
    pub(super) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.get(name).map(|(_, provider)| provider)
    }

    /// All that are configured, by name.
    pub(super) fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values().map(|(_, provider)| provider)
    }
}
