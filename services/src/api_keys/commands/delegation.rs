//! What a key may hand on when it makes, changes or rotates keys: never more than it may do itself.

use domain::{
    api_keys::{Level, Network, Scope},
    ids::ApiKeyId,
    rate_limits::RateLimits,
    time::Timestamp,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{ServiceError, ServiceResult, audited_change::Acting, entities::api_keys, rate_limits::of_row};

/// What somebody may hand on. People and the command line are bound by their permissions alone.
pub(in crate::api_keys) struct Bounds(Option<Limits>);

/// What a key may do, as it is stored.
struct Limits {
    level: Level,
    scopes: Vec<Scope>,
    models: Vec<String>,
    networks: Vec<Network>,
    expires_at: Option<i64>,
    rate_limits: RateLimits,
}

/// What whoever acts may hand on now.
pub(in crate::api_keys) fn of(acting: &Acting) -> ServiceResult<Bounds> {
    Ok(Bounds(acting.api_key().map(Limits::read).transpose()?))
}

impl Bounds {
    /// Refuses where `key`, of which a secret is handed out, may do more, or for longer: what a key gave away ends with it.
    pub(in crate::api_keys) fn check(&self, key: &api_keys::Model) -> ServiceResult<()> {
        let Some(own) = &self.0 else { return Ok(()) };
        let other = Limits::read(key)?;
        refuse(own.exceeded_by(&other).or_else(|| own.outlived_by(&other)))
    }

    /// Refuses where `key` may do more, before or after it is changed to `edited`; or for longer, where the change lets it
    /// do more than before.
    pub(in crate::api_keys) fn check_edit(&self, key: &api_keys::Model, edited: &api_keys::Model) -> ServiceResult<()> {
        let Some(own) = &self.0 else { return Ok(()) };
        let (before, after) = (Limits::read(key)?, Limits::read(edited)?);
        let widens =
            before.level == Level::Admin || key.project_id != edited.project_id || before.exceeded_by(&after).is_some();
        let outlived = || widens.then(|| own.outlived_by(&after)).flatten();
        refuse(own.exceeded_by(&before).or_else(|| own.exceeded_by(&after)).or_else(outlived))
    }

    /// Refuses where a secret of `key` that shall work until `end` may do more, or for longer.
    pub(in crate::api_keys) fn check_until(&self, key: &api_keys::Model, end: Timestamp) -> ServiceResult<()> {
        let expires_at = Some(key.expires_at.map_or(end.millis(), |own| own.min(end.millis())));
        self.check(&api_keys::Model { expires_at, ..key.clone() })
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
        None
    }

    /// By how much `other` works longer, if it does.
    fn outlived_by(&self, other: &Self) -> Option<String> {
        let ends = |limits: &Self| limits.expires_at.unwrap_or(i64::MAX);
        let end = self.expires_at.map(Timestamp::from_millis)?;
        (ends(other) > ends(self)).then(|| format!("this one expires sooner, on {end}"))
    }
}

fn refuse(why: Option<String>) -> ServiceResult<()> {
    why.map_or(Ok(()), |what| {
        Err(ServiceError::Forbidden(format!("A key can't make, change or rotate one that may do more: {what}.")))
    })
}

/// Whether the list `other` lets something through that `own` doesn't; an empty one lets everything through.
fn exceeds<T>(own: &[T], other: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    let covered = |other: &T| own.iter().any(|own| covers(own, other));
    !own.is_empty() && (other.is_empty() || !other.iter().all(covered))
}

/// What a key's column holds as JSON.
pub(in crate::api_keys) fn list<T: DeserializeOwned>(stored: &Value, key: &api_keys::Model) -> ServiceResult<Vec<T>> {
    let id = ApiKeyId::new(key.id);
    Vec::deserialize(stored).map_err(|error| ServiceError::Internal(format!("a list of {id}: {error}")))
}
