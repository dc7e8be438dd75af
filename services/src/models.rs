//! The models that are offered, and what they cost.
//!
//! The configuration says what is offered; the database keeps every price that
//! ever held, since a call is charged at the price of its moment.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    ids::PriceId,
    models::{Model, Service},
    money::{Money, Price},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::{Actor, ServiceResult, Services, database::DatabaseTransaction, database::Lock, entities::prices, random};

/// A model as the configuration offers it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfferedModel {
    pub name: String,
    pub service: Service,
    /// `None` where nothing is known of its price: its calls have no cost then.
    pub price: Option<Price>,
}

/// The models on offer, in memory, since every call asks for its price.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    models: Arc<RwLock<BTreeMap<String, Entry>>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    service: Service,
    price: Option<(PriceId, Price)>,
}

impl Catalog {
    fn read<T>(&self, look: impl FnOnce(&BTreeMap<String, Entry>) -> T) -> T {
        look(&self.models.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn offers(&self, model: &str) -> bool {
        self.read(|models| models.contains_key(model))
    }

    /// What kind of work a model does, if it is on offer.
    pub(crate) fn service(&self, model: &str) -> Option<Service> {
        self.read(|models| models.get(model).map(|entry| entry.service))
    }

    /// All models.
    pub(crate) fn names(&self) -> Vec<String> {
        self.read(|models| models.keys().cloned().collect())
    }

    /// A model that a first call can name.
    pub(crate) fn example(&self) -> Option<String> {
        self.read(|models| {
            let chat = models.iter().find(|(_, entry)| entry.service == Service::Chat);
            chat.or_else(|| models.iter().next()).map(|(name, _)| name.clone())
        })
    }
}

/// Offers `models` and no others. A price that differs from the last one is a new version from now on.
pub async fn apply(services: &Services, models: Vec<OfferedModel>) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    // Several servers start at once with the same file, and only one of them may write a version.
    services.database.lock(&transaction, Lock::Prices).await?;
    let mut offered = BTreeMap::new();
    for model in models {
        let price = match model.price {
            Some(price) => Some((version(&transaction, services.now(), &model.name, price).await?, price)),
            None => None,
        };
        offered.insert(model.name, Entry { service: model.service, price });
    }
    transaction.commit().await?;
    *services.catalog.models.write().unwrap_or_else(PoisonError::into_inner) = offered;
    Ok(())
}

/// The version that says `price`: the latest, or a new one.
async fn version(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    model: &str,
    price: Price,
) -> ServiceResult<PriceId> {
    let latest = prices::Entity::find()
        .filter(prices::Column::Model.eq(model))
        .order_by_desc(prices::Column::EffectiveFrom)
        .one(transaction)
        .await?;
    if let Some(latest) = latest.as_ref().filter(|latest| price_of(latest) == price) {
        return Ok(PriceId::new(latest.id));
    }
    // Later than the last one, even where the clock was set back.
    let effective_from = latest.map_or(now.millis(), |latest| now.millis().max(latest.effective_from + 1));
    add_version(transaction, model, Timestamp::from_millis(effective_from), price).await
}

/// Stores a version of a price, from a moment that no version of this model has yet.
pub(crate) async fn add_version(
    database: &impl ConnectionTrait,
    model: &str,
    effective_from: Timestamp,
    price: Price,
) -> ServiceResult<PriceId> {
    let nanos = |part: Option<Money>| part.map(Money::nanos);
    let row = prices::Model {
        id: random::uuid(effective_from)?,
        model: model.to_owned(),
        effective_from: effective_from.millis(),
        input_per_million: nanos(price.input_per_million),
        cached_input_per_million: nanos(price.cached_input_per_million),
        cache_write_input_per_million: nanos(price.cache_write_input_per_million),
        output_per_million: nanos(price.output_per_million),
        per_call: nanos(price.per_call),
        per_image: nanos(price.per_image),
        per_minute: nanos(price.per_minute),
        per_gb_month: nanos(price.per_gb_month),
    };
    let id = PriceId::new(row.id);
    prices::Entity::insert(prices::ActiveModel::from(row)).exec_without_returning(database).await?;
    Ok(id)
}

pub(crate) fn price_of(row: &prices::Model) -> Price {
    let money = |nanos: Option<i64>| nanos.map(Money::from_nanos);
    Price {
        input_per_million: money(row.input_per_million),
        cached_input_per_million: money(row.cached_input_per_million),
        cache_write_input_per_million: money(row.cache_write_input_per_million),
        output_per_million: money(row.output_per_million),
        per_call: money(row.per_call),
        per_image: money(row.per_image),
        per_minute: money(row.per_minute),
        per_gb_month: money(row.per_gb_month),
    }
}

/// All models, by name.
pub async fn list(services: &Services, actor: &Actor) -> ServiceResult<Vec<Model>> {
    actor.reach(Permission::ViewOverview)?;
    Ok(services.catalog.read(|models| {
        let shown = |(name, entry): (&String, &Entry)| Model {
            name: name.clone(),
            service: entry.service,
            price: entry.price.map(|(_, price)| price),
        };
        models.iter().map(shown).collect()
    }))
}

/// What a call to `model` costs now, and which version of its price says so. Asks no database.
pub fn current_price(services: &Services, model: &str) -> Option<(PriceId, Price)> {
    services.catalog.read(|models| models.get(model)?.price)
}
