//! Checks whether a key permits a use.

use std::{net::IpAddr, sync::Arc};

use domain::{
    api_keys::{Scope, Secret},
    ids::OrganizationId,
};
use services::api_keys::directory::KeyRecord;

use super::ChecksState;
use crate::{
    gateway::Gateway,
    v1::{
        error::V1Error,
        state::{AuthenticatedKey, KeyRejection},
    },
};

/// The use a key is checked for; parts left out aren't checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RequestedUse {
    Anything,
    Scope(Scope),
    /// A path that isn't Tollhouse's: for keys that may call models and aren't restricted to scopes.
    Foreign,
}

impl RequestedUse {
    pub(super) fn of_path(path: &str) -> Self {
        Gateway::scope_of_path(path).map_or(Self::Foreign, Self::Scope)
    }
}

/// A key to check, and its intended use.
pub(super) struct KeyCheck<'a> {
    /// The caller's organization, whose keys it may check.
    pub(super) organization: OrganizationId,
    pub(super) secret: &'a Secret,
    pub(super) requested: RequestedUse,
    pub(super) model: Option<&'a str>,
    /// `None` if unknown: then only keys without an allowlist pass.
    pub(super) ip: Option<IpAddr>,
}

impl KeyCheck<'_> {
    /// Returns the key's record if the use is permitted.
    pub(super) async fn run(
        &self,
        ChecksState { v1, gateway }: &ChecksState,
    ) -> Result<AuthenticatedKey, KeyRejection> {
        let authenticated = v1.identify_in_organization(self.organization, self.secret, self.ip).await?;
        match self.refusal(gateway, &authenticated.key) {
            None => Ok(authenticated),
            Some(refusal) => Err(KeyRejection { refusal, key: Some(authenticated.key) }),
        }
    }

    fn refusal(&self, gateway: &Gateway, key: &Arc<KeyRecord>) -> Option<V1Error> {
        match self.requested {
            RequestedUse::Scope(scope) if !key.grants(scope) => return Some(V1Error::missing_scope(key.level, scope)),
            RequestedUse::Foreign if !key.level.may_call_models() => {
                let message = format!("A {} key can't be used for this.", key.level);
                return Some(V1Error::insufficient_permissions(message));
            }
            RequestedUse::Foreign if !key.scopes.is_empty() => {
                let message = "This key is restricted to scopes, none of which includes this path.";
                return Some(V1Error::insufficient_permissions(message));
            }
            _ => {}
        }
        if key.project_archived {
            return Some(V1Error::project_archived());
        }
        let model = self.model?;
        if !gateway.offers_model(model) {
            return Some(V1Error::model_not_found(model));
        }
        (!key.allows_model(model)).then(|| V1Error::model_not_allowed(model))
    }
}
