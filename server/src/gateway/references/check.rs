//! Whether what a request mentions may be mentioned, and who of the providers it may be said to.

use std::collections::{BTreeMap, BTreeSet};

use services::{
    ServiceResult,
    api_keys::directory::KeyRecord,
    provider_objects::{self, Kept},
};

use super::{Mentions, Reference};
use crate::{
    gateway::{Gateway, provider_objects::unavailable},
    v1::error::Refusal,
};

/// What is kept under an id, by the id in small letters.
type ById = BTreeMap<String, Vec<Kept>>;

/// Which providers a request may go to.
#[derive(Debug, Default)]
pub(in crate::gateway) struct May {
    /// Of each thing that it must find there, who keeps it.
    only: Vec<BTreeSet<String>>,
    /// Who keeps something else under an id that the asker has somewhere else.
    never: BTreeSet<String>,
}

impl May {
    pub(in crate::gateway) fn go_to(&self, provider: &str) -> bool {
        self.only.iter().all(|keepers| keepers.contains(provider)) && !self.never.contains(provider)
    }

    /// Whether that is everybody.
    pub(in crate::gateway) fn is_unlimited(&self) -> bool {
        self.only.is_empty() && self.never.is_empty()
    }
}

impl Mentions {
    /// Refuses what isn't the asker's, and what nobody can tell whose it is.
    pub(in crate::gateway) async fn check(&self, gateway: &Gateway, key: &KeyRecord) -> Result<May, Refusal> {
        if self.is_empty() {
            return Ok(May::default());
        }
        if self.overflown {
            return Err(Self::too_many());
        }
        let shared = gateway.limits().shared;
        if let Some((kind, param)) = self.untracked.iter().find(|(kind, _)| !shared.holds(*kind)) {
            return Err(Refusal::untracked(param, kind.name()));
        }
        let kept = Box::pin(self.kept(gateway, key)).await.map_err(|error| unavailable(&error))?;
        let mut may = May::default();
        for Reference { kind, param, id } in &self.named {
            let under = kept.get(&id.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
            let is_it = |kept: &&Kept| kept.is_askers && kept.lives && kept.kind == Some(*kind) && kept.id == *id;
            let keepers: BTreeSet<String> = under.iter().filter(is_it).map(|kept| kept.provider.clone()).collect();
            if keepers.is_empty() {
                return Err(Refusal::not_found().of_param(param));
            }
            may.only.push(keepers);
        }
        for under in kept.values() {
            if under.iter().all(|kept| !kept.is_askers) {
                return Err(Refusal::not_found());
            }
            let is_askers_at = |provider: &str| under.iter().any(|kept| kept.is_askers && kept.provider == provider);
            may.never.extend(under.iter().map(|kept| kept.provider.clone()).filter(|provider| !is_askers_at(provider)));
        }
        Ok(may)
    }

    async fn kept(&self, gateway: &Gateway, key: &KeyRecord) -> ServiceResult<ById> {
        let ids = self.texts.iter().chain(self.named.iter().map(|reference| &reference.id)).map(String::as_str);
        let ids: Vec<&str> = ids.collect();
        let mut by_id = ById::new();
        for kept in provider_objects::whose(&gateway.services, key, &ids).await? {
            by_id.entry(kept.id.to_ascii_lowercase()).or_default().push(kept);
        }
        Ok(by_id)
    }
}
