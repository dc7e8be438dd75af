//! What a key may hand on when it makes, changes or rotates keys: never more than it may do itself.

use domain::{
    api_keys::{Level, Network, Scope},
    ids::ApiKeyId,
    rate_limits::RateLimits,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::locked;
use crate::{Actor, ServiceError, ServiceResult, Who, entities::api_keys, rate_limits::of_row};

/// What somebody may hand on. People and the command line are bound by their permissions alone.
pub(super) struct Bounds(Option<Limits>);

/// What a key may do, as it is stored.
struct Limits {
    level: Level,
    scopes: Vec<Scope>,
    models: Vec<String>,
    networks: Vec<Network>,
    expires_at: Option<i64>,
    rate_limits: RateLimits,
}

/// What `actor` may hand on.
///
/// A key is read anew, since what was known when it was presented may be a second old: one that was revoked meanwhile
/// must leave nothing behind.
pub(super) async fn of(transaction: &DatabaseTransaction, actor: &Actor, now: Timestamp) -> ServiceResult<Bounds> {
    let Who::ApiKey { id, .. } = &actor.who else { return Ok(Bounds(None)) };
    let row = api_keys::of(actor.organization.id).filter(api_keys::Column::Id.eq(id.uuid())).one(transaction).await?;
    let row = row.filter(|row| locked::ended(row, now).is_usable());
    let row = row.ok_or_else(|| ServiceError::Forbidden("This key can't be used any more.".to_owned()))?;
    Ok(Bounds(Some(Limits::read(&row)?)))
}

impl Bounds {
    /// Refuses where `key` may do more.
    pub(super) fn check(&self, key: &api_keys::Model) -> ServiceResult<()> {
        let Some(own) = &self.0 else { return Ok(()) };
        own.exceeded_by(&Limits::read(key)?).map_or(Ok(()), |what| {
            Err(ServiceError::Forbidden(format!("A key can't make, change or rotate one that may do more: {what}.")))
        })
    }
}

impl Limits {
    fn read(row: &api_keys::Model) -> ServiceResult<Self> {
        Ok(Self {
            level: row.level.parse().map_err(ServiceError::Internal)?,
            scopes: list(&row.scopes, row)?,
            models: list(&row.models, row)?,
            networks: list(&row.ip_allowlist, row)?,
            expires_at: row.expires_at,
            rate_limits: of_row(row.calls_per_minute, row.tokens_per_minute),
        })
    }

    /// What `other` may do beyond this, if anything.
    fn exceeded_by(&self, other: &Self) -> Option<String> {
        let grants = |limits: &Self, scope: Scope| scope.is_granted(limits.level, &limits.scopes);
        if let Some(scope) = Scope::ALL.into_iter().find(|scope| grants(other, *scope) && !grants(self, *scope)) {
            return Some(format!("this one lacks the scope {scope}"));
        }
        if other.level.may_call_models() && exceeds(&self.models, &other.models, PartialEq::eq) {
            return Some("this one may call certain models only".to_owned());
        }
        if exceeds(&self.networks, &other.networks, |own, other| own.covers(*other)) {
            return Some("this one may be used from certain networks only".to_owned());
        }
        if other.level.may_call_models() && !self.rate_limits.covers(&other.rate_limits) {
            return Some("this one may be used so fast only".to_owned());
        }
        // Other levels manage nothing: what they do after this one has ended is what they were made for.
        let ends = |limits: &Self| limits.expires_at.unwrap_or(i64::MAX);
        (other.level == Level::Admin && ends(other) > ends(self)).then(|| "this one expires sooner".to_owned())
    }
}

/// Whether the list `other` lets something through that `own` doesn't; an empty one lets everything through.
fn exceeds<T>(own: &[T], other: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    let covered = |other: &T| own.iter().any(|own| covers(own, other));
    !own.is_empty() && (other.is_empty() || !other.iter().all(covered))
}

/// What a key's column holds as JSON.
pub(super) fn list<T: DeserializeOwned>(stored: &Value, key: &api_keys::Model) -> ServiceResult<Vec<T>> {
    let id = ApiKeyId::new(key.id);
    Vec::deserialize(stored).map_err(|error| ServiceError::Internal(format!("a list of {id}: {error}")))
}
