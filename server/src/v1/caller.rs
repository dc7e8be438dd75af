//! The caller of the management API: a key, and its permissions.

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::api_keys::Scope;
use services::{Actor, address_limits::LimitedAction, security::SecurityCaller};

use super::{admission::AuthenticatedKey, error::V1Error};
use crate::{context::KnownCaller, management::Management};

/// The prefix of the management API's paths.
const ORGANIZATION: &str = "/v1/organization/";

/// The caller of a request, with a valid key. Its scopes are checked by [`Caller::with`].
pub(crate) struct Caller(AuthenticatedKey);

impl FromRequestParts<Management> for Caller {
    type Rejection = V1Error;

    async fn from_request_parts(parts: &mut Parts, management: &Management) -> Result<Self, V1Error> {
        let bearer = management.gateway.identify(parts).await.map_err(|rejection| rejection.refusal)?;
        if let Some(known) = parts.extensions.get::<KnownCaller>() {
            known.set(SecurityCaller::ApiKey(bearer.key.api_key_id));
        }
        // Other paths, such as those that verify keys, aren't limited: they are called for
        // every call to other servers.
        if parts.uri.path().starts_with(ORGANIZATION) {
            management.hub.services.address_limits().count(LimitedAction::Management, bearer.key.api_key_id)?;
        }
        management.gateway.record_use(&bearer, parts);
        Ok(Self(bearer))
    }
}

impl Caller {
    /// Returns the actor, if the key has `scope`. The services decide what the actor may reach.
    pub(crate) fn with(&self, scope: Scope) -> Result<Actor, V1Error> {
        let AuthenticatedKey { key, ip } = &self.0;
        if !key.grants(scope) {
            return Err(V1Error::missing_scope(key.level, scope));
        }
        Ok(key.actor(*ip))
    }
}
