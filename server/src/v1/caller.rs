//! The caller of an API below `/v1` that doesn't forward calls: a key, and its permissions.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use domain::permissions::Permission;
use services::{Actor, address_limits::LimitedAction, api_keys::directory::KeyRecord, security::SecurityCaller};

use super::{
    error::V1Error,
    state::{AuthenticatedKey, V1State},
};
use crate::context::KnownCaller;

/// The prefix of the management API's paths.
const ORGANIZATION: &str = "/v1/organization/";

/// The caller of a request, with a valid key. Its permissions are checked by [`Caller::with`].
pub(crate) struct Caller(AuthenticatedKey);

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    V1State: FromRef<S>,
{
    type Rejection = V1Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, V1Error> {
        let v1 = V1State::from_ref(state);
        let bearer = v1.identify(parts).await.map_err(|rejection| rejection.refusal)?;
        if let Some(known) = parts.extensions.get::<KnownCaller>() {
            known.set(SecurityCaller::ApiKey(bearer.key.api_key_id));
        }
        // Other paths, such as those that verify keys, aren't limited: they are called for
        // every call to other servers.
        if parts.uri.path().starts_with(ORGANIZATION) {
            v1.services().address_limits().count(LimitedAction::Management, bearer.key.api_key_id)?;
        }
        v1.record_use(&bearer, parts);
        Ok(Self(bearer))
    }
}

impl Caller {
    /// Returns the actor, if the key has `permission`. The services decide what the actor may reach.
    pub(crate) fn with(&self, permission: Permission) -> Result<Actor, V1Error> {
        let AuthenticatedKey { key, ip } = &self.0;
        require(key, permission)?;
        Ok(key.actor(*ip))
    }
}

/// Rejects a key without `permission`.
pub(crate) fn require(key: &KeyRecord, permission: Permission) -> Result<(), V1Error> {
    if key.has_permission(permission) { Ok(()) } else { Err(V1Error::missing_permission(key.level, permission)) }
}
