//! Limits what a key may hand on when it makes, changes or rotates keys: never more than it may do itself.

use domain::{
    api_keys::{Level, Network, Scope},
    rate_limits::RateLimits,
    time::Timestamp,
};

use crate::{ServiceError, ServiceResult, audited_change::AuditedChange, entities::api_keys, rate_limits::of_row};

/// The powers that an actor may hand on. Members and the command line are bound by their permissions alone.
pub(in crate::api_keys) struct Delegation(Option<KeyPowers>);

/// The powers of a key, as stored.
struct KeyPowers {
    level: Level,
    scopes: Vec<Scope>,
    models: Vec<String>,
    networks: Vec<Network>,
    expires_at: Option<i64>,
    rate_limits: RateLimits,
}

/// The powers that the actor may hand on now.
pub(in crate::api_keys) fn of(change: &AuditedChange) -> ServiceResult<Delegation> {
    Ok(Delegation(change.api_key().map(KeyPowers::read).transpose()?))
}

impl Delegation {
    /// Rejects handing out a secret of `key` if that may do more, or works longer: delegated powers end with
    /// the key that delegates.
    pub(in crate::api_keys) fn check(&self, key: &api_keys::Model) -> ServiceResult<()> {
        let Some(own) = &self.0 else { return Ok(()) };
        let other = KeyPowers::read(key)?;
        reject_if(own.exceeded_by(&other).or_else(|| own.outlived_by(&other)))
    }

    /// Rejects an edit if `key` may do more, before or after it becomes `edited`; or for longer, if the edit
    /// lets it do more than before.
    pub(in crate::api_keys) fn check_edit(&self, key: &api_keys::Model, edited: &api_keys::Model) -> ServiceResult<()> {
        let Some(own) = &self.0 else { return Ok(()) };
        let (before, after) = (KeyPowers::read(key)?, KeyPowers::read(edited)?);
        let widens =
            before.level == Level::Admin || key.project_id != edited.project_id || before.exceeded_by(&after).is_some();
        let outlived = || widens.then(|| own.outlived_by(&after)).flatten();
        reject_if(own.exceeded_by(&before).or_else(|| own.exceeded_by(&after)).or_else(outlived))
    }

    /// Rejects letting a secret of `key` work until `end` if it may do more, or for longer.
    pub(in crate::api_keys) fn check_until(&self, key: &api_keys::Model, end: Timestamp) -> ServiceResult<()> {
        let expires_at = Some(key.expires_at.map_or(end.millis(), |own| own.min(end.millis())));
        self.check(&api_keys::Model { expires_at, ..key.clone() })
    }
}

impl KeyPowers {
    fn read(row: &api_keys::Model) -> ServiceResult<Self> {
        Ok(Self {
            level: row.parse_level()?,
            scopes: row.parse_scopes()?,
            models: row.parse_models()?,
            networks: row.parse_networks()?,
            expires_at: row.expires_at,
            rate_limits: of_row(row.calls_per_minute, row.tokens_per_minute),
        })
    }

    /// Describes what `other` may do beyond this key, if anything.
    fn exceeded_by(&self, other: &Self) -> Option<String> {
        let grants = |key: &Self, scope: Scope| scope.is_granted(key.level, &key.scopes);
        if let Some(scope) = Scope::ALL.into_iter().find(|scope| grants(other, *scope) && !grants(self, *scope)) {
            return Some(format!("this key lacks the scope {scope}"));
        }
        if other.level.may_call_models() && exceeds(&self.models, &other.models, PartialEq::eq) {
            return Some("this key is restricted to certain models".to_owned());
        }
        if exceeds(&self.networks, &other.networks, |own, other| own.covers(*other)) {
            return Some("this key is restricted to certain networks".to_owned());
        }
        if other.level.may_call_models() && !self.rate_limits.covers(&other.rate_limits) {
            return Some("this key has lower rate limits".to_owned());
        }
        None
    }

    /// Describes how `other` outlives this key, if it does.
    fn outlived_by(&self, other: &Self) -> Option<String> {
        let ends = |key: &Self| key.expires_at.unwrap_or(i64::MAX);
        let end = self.expires_at.map(Timestamp::from_millis)?;
        (ends(other) > ends(self)).then(|| format!("this key expires sooner, on {end}"))
    }
}

fn reject_if(reason: Option<String>) -> ServiceResult<()> {
    reason.map_or(Ok(()), |reason| {
        let message = format!("A key can't create, edit or rotate a key with more permissions: {reason}.");
        Err(ServiceError::Forbidden(message))
    })
}

/// Whether the list `other` allows something that `own` doesn't; an empty list allows everything.
fn exceeds<T>(own: &[T], other: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    let covered = |other: &T| own.iter().any(|own| covers(own, other));
    !own.is_empty() && (other.is_empty() || !other.iter().all(covered))
}
