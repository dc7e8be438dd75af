//! Checks the objects that a request mentions, and finds the providers that it may go to.

use std::collections::{BTreeMap, BTreeSet};

use services::{
    ServiceResult,
    api_keys::directory::KeyRecord,
    provider_objects::{self, KnownObject},
};

use super::{Mentions, Reference, unavailable};
use crate::{gateway::Gateway, v1::error::V1Error};

/// Known objects by their ids in lowercase.
type ObjectsById = BTreeMap<String, Vec<KnownObject>>;

/// The providers that a request may go to.
#[derive(Debug, Default)]
pub(in crate::gateway) struct AllowedProviders {
    /// For each referenced object, the providers that keep it.
    required: Vec<BTreeSet<String>>,
    /// Providers where a mentioned id, which is the caller's elsewhere, is another owner's.
    excluded: BTreeSet<String>,
}

impl AllowedProviders {
    pub(in crate::gateway) fn includes(&self, provider: &str) -> bool {
        self.required.iter().all(|keepers| keepers.contains(provider)) && !self.excluded.contains(provider)
    }

    /// Whether all providers are allowed.
    pub(in crate::gateway) fn is_unlimited(&self) -> bool {
        self.required.is_empty() && self.excluded.is_empty()
    }
}

impl Mentions {
    /// Rejects mentions of objects that aren't the caller's, or whose owner can't be known.
    pub(in crate::gateway) async fn check(
        &self,
        gateway: &Gateway,
        key: &KeyRecord,
    ) -> Result<AllowedProviders, V1Error> {
        if self.is_empty() {
            return Ok(AllowedProviders::default());
        }
        if self.overflowed {
            return Err(Self::too_many());
        }
        let shared = gateway.limits().shared;
        if let Some((kind, param)) = self.untracked.iter().find(|(kind, _)| !shared.contains(*kind)) {
            return Err(V1Error::untracked(param, kind.name()));
        }
        let known = Box::pin(self.load_known(gateway, key)).await.map_err(|error| unavailable(&error))?;
        let mut allowed = AllowedProviders::default();
        for Reference { kind, param, id } in &self.references {
            let objects = known.get(&id.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
            let is_referenced = |object: &&KnownObject| {
                object.is_callers && object.is_live && object.kind == Some(*kind) && object.id == *id
            };
            let keepers: BTreeSet<String> =
                objects.iter().filter(is_referenced).map(|object| object.provider.clone()).collect();
            if keepers.is_empty() {
                return Err(V1Error::not_found().of_param(param));
            }
            allowed.required.push(keepers);
        }
        for objects in known.values() {
            if objects.iter().all(|object| !object.is_callers) {
                return Err(V1Error::not_found());
            }
            let is_callers_at =
                |provider: &str| objects.iter().any(|object| object.is_callers && object.provider == provider);
            let providers = objects.iter().map(|object| object.provider.clone());
            allowed.excluded.extend(providers.filter(|provider| !is_callers_at(provider)));
        }
        Ok(allowed)
    }

    async fn load_known(&self, gateway: &Gateway, key: &KeyRecord) -> ServiceResult<ObjectsById> {
        let ids = self.texts.iter().chain(self.references.iter().map(|reference| &reference.id)).map(String::as_str);
        let ids: Vec<&str> = ids.collect();
        let mut objects = ObjectsById::new();
        for object in provider_objects::find_by_ids(&gateway.services, key, &ids).await? {
            objects.entry(object.id.to_ascii_lowercase()).or_default().push(object);
        }
        Ok(objects)
    }
}
