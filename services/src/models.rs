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
use self::prices::{PriceChange, PriceUpdate, Prices};
use crate::{
    Actor, OperatorSource, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    database::Lock,
};

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

/// Offers `models` and no others, on the command line. A price that differs from the latest becomes a new
/// version, in effect now, which is recorded in the installation's audit chain.
pub async fn apply(services: &Services, models: Vec<OfferedModel>) -> ServiceResult<()> {
    apply_from(services, models, services.now(), OperatorSource::CommandLine).await
}

/// Like [`apply`], for a configuration file last modified at `changed_at`. A price in the database that a
/// newer file set stays, with a warning in the log.
pub async fn apply_file(services: &Services, models: Vec<OfferedModel>, changed_at: Timestamp) -> ServiceResult<()> {
    apply_from(services, models, changed_at, OperatorSource::ConfigurationFile).await
}

async fn apply_from(
    services: &Services,
    models: Vec<OfferedModel>,
    changed_at: Timestamp,
    source: OperatorSource,
) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    // Several servers may start at once with one file, and only one of them may write a version.
    services.database.lock(&transaction, Lock::Prices).await?;
    let now = services.now();
    let mut offered = BTreeMap::new();
    let (mut new, mut events) = (Vec::new(), Vec::new());
    for model in models {
        match prices::apply_file_price(&transaction, now, &model.name, model.price, changed_at.min(now)).await? {
            PriceUpdate::New(change) => {
                new.push(change.id);
                events.push(price_event(&model.name, &change)?);
            }
            PriceUpdate::Known => {}
            PriceUpdate::Older => tracing::warn!(
                model = model.name,
                "another price was said by a configuration file that was changed later than this one, and holds; write this \
                 file anew if its price is meant"
            ),
        }
        offered.insert(model.name, model.service);
    }
    audit::record_installation(&transaction, now, &AuditAuthor::operator(source), events).await?;
    prices::announce(&transaction, now, &new).await?;
    transaction.commit().await?;
    *services.catalog.models.write().unwrap_or_else(PoisonError::into_inner) = offered;
    prices::refresh(services).await
}

fn price_event(model: &str, change: &PriceChange) -> ServiceResult<AuditEvent> {
    let state = |price: Option<Price>| price.map(known_parts).transpose();
    let event = AuditEvent::new("model.price_changed", "model", model);
    Ok(AuditEvent { before: state(change.before)?, after: state(change.after)?, ..event })
}

/// The parts that a price has, as JSON.
fn known_parts(price: Price) -> ServiceResult<String> {
    let mut parts = audit::to_value(price)?;
    if let Some(parts) = parts.as_object_mut() {
        parts.retain(|_, part| !part.is_null());
    }
    Ok(parts.to_string())
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
