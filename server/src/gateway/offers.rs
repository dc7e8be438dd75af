//! The models on offer, and who answers for them.

use std::{collections::BTreeMap, sync::Arc};

use domain::{models::Service, time::Timestamp};

use super::provider::{Client, Provider};
use crate::config::{Config, ConfigError};

/// A model on offer.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) name: Arc<str>,
    pub(super) service: Service,
    /// The providers' name for it, as a JSON text.
    pub(super) upstream_json: String,
    /// Tried in order; never empty.
    pub(super) providers: Vec<Arc<Provider>>,
}

#[derive(Debug)]
pub(super) struct Offers {
    by_name: BTreeMap<Arc<str>, Arc<Offer>>,
    /// Since when this server offers them.
    pub(super) since: Timestamp,
}

impl Offers {
    pub(super) fn new(config: &Config, now: Timestamp) -> Result<Self, ConfigError> {
        let client = Client::new(config.gateway.connect_timeout)?;
        let mut providers: BTreeMap<Arc<str>, Arc<Provider>> = BTreeMap::new();
        for provider in &config.providers {
            providers.insert(Arc::clone(&provider.name), Arc::new(Provider::new(provider, &client)?));
        }
        let by_name = config.models.iter().map(|model| {
            let offer = Offer {
                name: Arc::clone(&model.name),
                service: model.service,
                upstream_json: serde_json::Value::from(model.upstream_name.as_str()).to_string(),
                // The configuration was checked: all of them are there.
                providers: model.providers.iter().filter_map(|name| providers.get(name).cloned()).collect(),
            };
            (Arc::clone(&model.name), Arc::new(offer))
        });
        Ok(Self { by_name: by_name.collect(), since: now })
    }

    pub(super) fn get(&self, model: &str) -> Option<&Arc<Offer>> {
        self.by_name.get(model)
    }

    /// By name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Offer>> {
        self.by_name.values()
    }
}
