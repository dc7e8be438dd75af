//! Whether a key would let somebody do something.

use std::{net::IpAddr, sync::Arc};

use domain::{
    api_keys::{Scope, Secret},
    ids::OrganizationId,
};
use services::api_keys::directory::KeyRecord;

use crate::{
    gateway::Gateway,
    v1::{
        admission::{Bearer, Denied, scope_of_path},
        error::Refusal,
    },
};

/// What somebody wants to do. What isn't said isn't checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    Anything,
    Scope(Scope),
    /// What isn't of ours: for keys that call models and weren't narrowed to something else.
    Foreign,
}

impl Wanted {
    pub(super) fn at(path: &str) -> Self {
        scope_of_path(path).map_or(Self::Foreign, Self::Scope)
    }
}

/// A key that is asked about, and what it is to be used for.
pub(super) struct Question<'a> {
    /// Whose keys the asker may ask about.
    pub(super) organization: OrganizationId,
    pub(super) secret: &'a Secret,
    pub(super) wanted: Wanted,
    pub(super) model: Option<&'a str>,
    /// `None` where nobody knows: then only keys without a list of networks are good.
    pub(super) ip: Option<IpAddr>,
}

impl Question<'_> {
    /// Who it is, if they may.
    pub(super) async fn answer(&self, gateway: &Gateway) -> Result<Bearer, Denied> {
        let bearer = gateway.identify_within(self.organization, self.secret, self.ip).await?;
        match self.refusal(gateway, &bearer.key) {
            None => Ok(bearer),
            Some(refusal) => Err(Denied { refusal, key: Some(bearer.key) }),
        }
    }

    fn refusal(&self, gateway: &Gateway, key: &Arc<KeyRecord>) -> Option<Refusal> {
        match self.wanted {
            Wanted::Scope(scope) if !key.grants(scope) => return Some(Refusal::missing_scope(key.level, scope)),
            Wanted::Foreign if !key.level.may_call_models() => {
                let message = format!("A {} key can't be used for this.", key.level);
                return Some(Refusal::insufficient_permissions(message));
            }
            Wanted::Foreign if !key.scopes.is_empty() => {
                let message = "This key is for certain scopes only, and this path belongs to none.";
                return Some(Refusal::insufficient_permissions(message));
            }
            _ => {}
        }
        if key.project_archived {
            return Some(Refusal::project_archived());
        }
        let model = self.model?;
        if !gateway.offers_model(model) {
            return Some(Refusal::model_not_found(model));
        }
        (!key.allows_model(model)).then(|| Refusal::model_not_allowed(model))
    }
}
