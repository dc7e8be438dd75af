//! Versions of models' prices, each with the moment from which it holds.
//!
//! The database's versions are authoritative, even if another server's file differs. Each server caches them
//! in memory, since every call needs its price; a new one is announced (see [`changes`](crate::changes)), so
//! that all servers know it within a second.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    ids::{OrganizationId, PriceId},
    money::{Factor, Money, Price},
    time::Timestamp,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    ServiceResult, Services,
    changes::{self, ChangeKind, ChangeListener},
    entities::prices,
    random,
};

/// A price, and the moment from which it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PriceVersion {
    pub(crate) effective_from: Timestamp,
    pub(crate) id: PriceId,
    /// `None` if no price is known from that moment on.
    pub(crate) price: Option<Price>,
}

impl PriceVersion {
    pub(crate) fn of(row: &prices::Model) -> Self {
        let effective_from = Timestamp::from_millis(row.effective_from);
        Self { effective_from, id: PriceId::new(row.id), price: non_empty(price_of(row)) }
    }
}

/// Returns the last of `versions`, which are in order, that holds at `moment`.
pub(crate) fn at(versions: &[PriceVersion], moment: Timestamp) -> Option<(PriceId, Price)> {
    let version = versions.iter().rfind(|version| version.effective_from <= moment)?;
    Some((version.id, version.price?))
}

/// All versions, by model, in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prices(Arc<RwLock<HashMap<String, Vec<PriceVersion>>>>);

impl Prices {
    fn read<T>(&self, model: &str, find: impl FnOnce(&[PriceVersion]) -> T) -> T {
        let versions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        find(versions.get(model).map(Vec::as_slice).unwrap_or_default())
    }

    /// Returns a model's newest price.
    pub(crate) fn newest(&self, model: &str) -> Option<(PriceId, Price)> {
        self.read(model, |versions| versions.last().and_then(|version| Some((version.id, version.price?))))
    }

    fn at(&self, model: &str, moment: Timestamp) -> Option<(PriceId, Price)> {
        self.read(model, |versions| at(versions, moment))
    }
}

/// Returns the price of a call to `model` at a `moment`, with the id of its version. Makes no query.
pub fn price_at(services: &Services, model: &str, moment: Timestamp) -> Option<(PriceId, Price)> {
    services.catalog.prices.at(model, moment)
}

/// Returns the price of something that lasted until `moment` and is counted later, such as a day's storage.
/// Reads the database; if no price was known by then, the first one holds.
pub(crate) async fn price_at_settlement(
    database: &impl ConnectionTrait,
    model: &str,
    moment: Timestamp,
) -> ServiceResult<Option<(PriceId, Price)>> {
    let rows = prices::Entity::find()
        .filter(prices::Column::Model.eq(model))
        .order_by_asc(prices::Column::EffectiveFrom)
        .all(database)
        .await?;
    let versions: Vec<PriceVersion> = rows.iter().map(PriceVersion::of).collect();
    let first = versions.first().map_or(moment, |first| first.effective_from);
    Ok(at(&versions, moment.max(first)))
}

/// Refreshes the cache of all versions when one is announced.
pub(crate) const LISTENER: ChangeListener =
    ChangeListener { kind: ChangeKind::Price, respond: |services| Box::pin(refresh(services)) };

/// Reads all versions from the database.
pub(super) async fn refresh(services: &Services) -> ServiceResult<()> {
    let rows = prices::Entity::find()
        .order_by_asc(prices::Column::EffectiveFrom)
        .all(services.database.control().read())
        .await?;
    let mut versions: HashMap<String, Vec<PriceVersion>> = HashMap::new();
    for row in rows {
        let version = PriceVersion::of(&row);
        versions.entry(row.model).or_default().push(version);
    }
    *services.catalog.prices.0.write().unwrap_or_else(PoisonError::into_inner) = versions;
    Ok(())
}

/// The outcome of applying a file's price.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PriceUpdate {
    /// The price holds already.
    Known,
    New(Box<PriceChange>),
    /// A newer file has another price, which stays.
    Older,
}

/// A new version of a model's price.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct PriceChange {
    pub(super) id: PriceId,
    /// `None` where no price was known.
    pub(super) before: Option<Price>,
    /// `None` if no price is known from now on.
    pub(super) after: Option<Price>,
}

/// Applies a model's price from a file that was last changed at `said_at`.
pub(super) async fn apply_file_price(
    transaction: &impl ConnectionTrait,
    now: Timestamp,
    model: &str,
    price: Option<Price>,
    said_at: Timestamp,
) -> ServiceResult<PriceUpdate> {
    let newest = prices::Entity::find()
        .filter(prices::Column::Model.eq(model))
        .order_by_desc(prices::Column::EffectiveFrom)
        .one(transaction)
        .await?;
    let price = price.and_then(non_empty);
    let Some(newest) = newest else {
        return match price {
            Some(price) => {
                let id = add_version(transaction, model, now, said_at, price).await?;
                Ok(PriceUpdate::New(Box::new(PriceChange { id, before: None, after: Some(price) })))
            }
            None => Ok(PriceUpdate::Known),
        };
    };
    let last_said_at = newest.said_at.unwrap_or(newest.effective_from);
    let before = non_empty(price_of(&newest));
    if before == price {
        if last_said_at < said_at.millis() {
            let confirmed = prices::ActiveModel { said_at: Set(Some(said_at.millis())), ..Default::default() };
            let is_newest = prices::Column::Id.eq(newest.id);
            prices::Entity::update_many().set(confirmed).filter(is_newest).exec(transaction).await?;
        }
        return Ok(PriceUpdate::Known);
    }
    if said_at.millis() < last_said_at {
        return Ok(PriceUpdate::Older);
    }
    // Later than the last one, even where the clock was set back.
    let effective_from = Timestamp::from_millis(now.millis().max(newest.effective_from + 1));
    let id = add_version(transaction, model, effective_from, said_at, price.unwrap_or_default()).await?;
    Ok(PriceUpdate::New(Box::new(PriceChange { id, before, after: price })))
}

/// Announces new versions to all servers. Must be the last step of a transaction.
pub(super) async fn announce(
    transaction: &impl ConnectionTrait,
    now: Timestamp,
    versions: &[PriceId],
) -> ServiceResult<()> {
    // They belong to no organization.
    let no_organization = OrganizationId::new(Uuid::nil());
    changes::announce(
        transaction,
        now,
        no_organization,
        versions.iter().map(|id| (ChangeKind::Price, id.uuid())).collect(),
    )
    .await
}

/// Stores a version of a price, from a moment that no version of this model has yet. One without any part
/// means that no price is known from then on.
pub(crate) async fn add_version(
    database: &impl ConnectionTrait,
    model: &str,
    effective_from: Timestamp,
    said_at: Timestamp,
    price: Price,
) -> ServiceResult<PriceId> {
    let nanos = |part: Option<Money>| part.map(Money::nanos);
    let row = prices::Model {
        id: random::uuid(effective_from)?,
        model: model.to_owned(),
        effective_from: effective_from.millis(),
        said_at: Some(said_at.millis()),
        input_per_million: nanos(price.input_per_million),
        cached_input_per_million: nanos(price.cached_input_per_million),
        cache_write_input_per_million: nanos(price.cache_write_input_per_million),
        cache_write_1h_input_per_million: nanos(price.cache_write_1h_input_per_million),
        audio_input_per_million: nanos(price.audio_input_per_million),
        output_per_million: nanos(price.output_per_million),
        audio_output_per_million: nanos(price.audio_output_per_million),
        reasoning_output_per_million: nanos(price.reasoning_output_per_million),
        per_million_characters: nanos(price.per_million_characters),
        per_call: nanos(price.per_call),
        per_image: nanos(price.per_image),
        per_minute: nanos(price.per_minute),
        per_gb_month: nanos(price.per_gb_month),
        per_search: nanos(price.per_search),
        per_tool_call: nanos(price.per_tool_call),
        batch_factor: price.batch_factor.map(Factor::thousandths),
        flex_factor: price.flex_factor.map(Factor::thousandths),
        priority_factor: price.priority_factor.map(Factor::thousandths),
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
        cache_write_1h_input_per_million: money(row.cache_write_1h_input_per_million),
        audio_input_per_million: money(row.audio_input_per_million),
        output_per_million: money(row.output_per_million),
        audio_output_per_million: money(row.audio_output_per_million),
        reasoning_output_per_million: money(row.reasoning_output_per_million),
        per_million_characters: money(row.per_million_characters),
        per_call: money(row.per_call),
        per_image: money(row.per_image),
        per_minute: money(row.per_minute),
        per_gb_month: money(row.per_gb_month),
        per_search: money(row.per_search),
        per_tool_call: money(row.per_tool_call),
        batch_factor: row.batch_factor.and_then(Factor::from_thousandths),
        flex_factor: row.flex_factor.and_then(Factor::from_thousandths),
        priority_factor: row.priority_factor.and_then(Factor::from_thousandths),
    }
}

/// Returns a price, unless it has no part.
fn non_empty(price: Price) -> Option<Price> {
    (price != Price::default()).then_some(price)
}
