//! Offered models and their prices.
//!
//! The configuration lists the offered models; the database keeps every price that was ever in effect, since
//! a call is charged at the price of its time.

pub(crate) mod prices;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    ids::PriceId,
    models::{Model, Service},
    money::Price,
    permissions::Permission,
    time::Timestamp,
};

pub use self::prices::price_at;
use self::prices::{PriceUpdate, Prices};
use crate::{Actor, ServiceResult, Services, database::Lock};

/// A model as the configuration offers it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfferedModel {
    pub name: String,
    pub service: Service,
    /// `None` where the price is unknown, so that its calls have no cost.
    pub price: Option<Price>,
}

/// The offered models and all prices, in memory.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    models: Arc<RwLock<BTreeMap<String, Service>>>,
    pub(crate) prices: Prices,
}

impl Catalog {
    fn read<T>(&self, f: impl FnOnce(&BTreeMap<String, Service>) -> T) -> T {
        f(&self.models.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn offers(&self, model: &str) -> bool {
        self.read(|models| models.contains_key(model))
    }

    /// The kind of work that a model does, if it is offered.
    pub(crate) fn service(&self, model: &str) -> Option<Service> {
        self.read(|models| models.get(model).copied())
    }

    /// Names of all offered models.
    pub(crate) fn names(&self) -> Vec<String> {
        self.read(|models| models.keys().cloned().collect())
    }

    /// A model for the example of a first call: a chat model if there is one.
    pub(crate) fn example(&self) -> Option<String> {
        self.read(|models| {
            let chat = models.iter().find(|(_, service)| **service == Service::Chat);
            chat.or_else(|| models.iter().next()).map(|(name, _)| name.clone())
        })
    }
}

/// Offers `models` and no others. A price that differs from the latest becomes a new version, in effect now.
pub async fn apply(services: &Services, models: Vec<OfferedModel>) -> ServiceResult<()> {
    apply_file(services, models, services.now()).await
}

/// Like [`apply`], for a configuration file last modified at `changed_at`. A price in the database that a
/// newer file set stays, with a warning in the log.
pub async fn apply_file(services: &Services, models: Vec<OfferedModel>, changed_at: Timestamp) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    // Several servers may start at once with one file, and only one of them may write a version.
    services.database.lock(&transaction, Lock::Prices).await?;
    let now = services.now();
    let mut offered = BTreeMap::new();
    let mut new = Vec::new();
    for model in models {
        match prices::apply_file_price(&transaction, now, &model.name, model.price, changed_at.min(now)).await? {
            PriceUpdate::New(version) => new.push(version),
            PriceUpdate::Known => {}
            PriceUpdate::Older => tracing::warn!(
                model = model.name,
                "another price was said by a configuration file that was changed later than this one, and holds; write this \
                 file anew if its price is meant"
            ),
        }
        offered.insert(model.name, model.service);
    }
    prices::announce(&transaction, now, new).await?;
    transaction.commit().await?;
    *services.catalog.models.write().unwrap_or_else(PoisonError::into_inner) = offered;
    prices::refresh(services).await
}

/// Lists all offered models, sorted by name.
pub async fn list(services: &Services, actor: &Actor) -> ServiceResult<Vec<Model>> {
    actor.reach(Permission::ViewOverview)?;
    let models = services.catalog.read(BTreeMap::clone);
    let shown = |(name, service): (String, Service)| Model {
        price: current_price(services, &name).map(|(_, price)| price),
        name,
        service,
    };
    Ok(models.into_iter().map(shown).collect())
}

/// The latest price of a model and its version, from memory.
pub fn current_price(services: &Services, model: &str) -> Option<(PriceId, Price)> {
    services.catalog.prices.newest(model)
}
