//! Who calls: a key, and what it may do.

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::api_keys::Scope;
use services::{Actor, address_limits::Doing, security::Asker};

use super::{admission::Bearer, error::Refusal};
use crate::management::Management;
use crate::security::events::Known;

/// Where the paths of the management API begin.
const ORGANIZATION: &str = "/v1/organization/";

/// Somebody with a good key. What it may do is asked for by [`Caller::with`].
pub(crate) struct Caller(Bearer);

impl FromRequestParts<Management> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, management: &Management) -> Result<Self, Refusal> {
        let bearer = management.gateway.identify(parts).await.map_err(|denied| denied.refusal)?;
        if let Some(known) = parts.extensions.get::<Known>() {
            known.set(Asker::ApiKey(bearer.key.api_key_id));
        }
        // What is asked for each call of others' is as fast as those are.
        if parts.uri.path().starts_with(ORGANIZATION) {
            management.hub.services.address_limits().take(Doing::Management, bearer.key.api_key_id)?;
        }
        management.gateway.note_use(&bearer, parts);
        Ok(Self(bearer))
    }
}

impl Caller {
    /// Whoever acts, if their key has `scope`. How far that reaches, the services say.
    pub(crate) fn with(&self, scope: Scope) -> Result<Actor, Refusal> {
        let Bearer { key, ip } = &self.0;
        if !key.grants(scope) {
            return Err(Refusal::missing_scope(key.level, scope));
        }
        Ok(key.actor(*ip))
    }
}
