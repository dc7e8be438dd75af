//! A key as the gateway caches it.

use std::{net::IpAddr, sync::Arc};

use domain::{
    api_keys::{Level, Network, Scope, allows},
    bodies::BodySettings,
    ids::{ApiKeyId, ProjectId, SecretId, UserId},
    permissions::{self, Permission},
    time::Timestamp,
};

use super::KeyVerification;
use crate::{Actor, ActorKind, Organization, rate_limits::KeyLimits};

/// A key as the gateway caches it. Kept small, since a server holds hundreds of thousands.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// Shared by all of its keys.
    pub organization: Arc<Organization>,
    /// `None` for a key that belongs to no project.
    pub project_id: Option<ProjectId>,
    pub project_archived: bool,
    pub api_key_id: ApiKeyId,
    /// The secret that was presented.
    pub secret_id: SecretId,
    pub name: Box<str>,
    pub level: Level,
    /// Empty for all of its level.
    pub scopes: Box<[Scope]>,
    /// Empty for all.
    pub ip_allowlist: Box<[Network]>,
    /// The user who made the key.
    pub member_id: Option<UserId>,
    /// Empty for all.
    pub(super) models: Box<[Box<str>]>,
    /// When the secret stops working, on its own or with its key.
    pub(super) expires_at: Option<Timestamp>,
    pub(super) revoked: bool,
    pub(super) disabled: bool,
    /// When the record was looked up.
    pub(super) read_at: Timestamp,
    /// Rate limits of the key, its project and its organization; `None` without any.
    pub limits: Option<Box<KeyLimits>>,
    /// Whether bodies of its calls are never stored, whatever its organization stores.
    pub metadata_only: bool,
    /// How its organization stores bodies of calls; `None` for the default, which is not at all.
    pub(super) bodies: Option<Box<BodySettings>>,
}

impl KeyRecord {
    /// Whether the key has `scope`.
    pub fn grants(&self, scope: Scope) -> bool {
        scope.is_granted(self.level, &self.scopes)
    }

    /// Whether the key has `permission`, with any reach.
    pub fn has_permission(&self, permission: Permission) -> bool {
        permissions::reach_of_key(self.level, &self.scopes, permission).is_some()
    }

    /// Whether the key may call `model`. One without a list may call all.
    pub fn allows_model(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|allowed| **allowed == *model)
    }

    /// Whether the key may be used from `ip`. One without a list may be used from everywhere.
    pub fn allows_ip(&self, ip: IpAddr) -> bool {
        allows(&self.ip_allowlist, ip)
    }

    /// Whether and how its organization stores bodies of calls. [`Self::metadata_only`] and a request's header keep
    /// those of this key out.
    pub fn bodies(&self) -> BodySettings {
        self.bodies.as_deref().cloned().unwrap_or_default()
    }

    /// JSON fields whose values its organization doesn't want stored: see [`BodySettings::redact`].
    pub fn redacted_fields(&self) -> &[String] {
        self.bodies.as_deref().map_or(&[], |bodies| &bodies.redact)
    }

    /// The key as an actor in its organization, from `ip`.
    pub fn actor(&self, ip: Option<IpAddr>) -> Actor {
        let kind = ActorKind::ApiKey {
            id: self.api_key_id,
            secret: self.secret_id,
            name: self.name.to_string(),
            level: self.level,
            scopes: self.scopes.to_vec(),
            project_id: self.project_id,
        };
        Actor { organization: Organization::clone(&self.organization), kind, ip }
    }

    /// When the presented secret stops working.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    pub(super) fn judge(self: Arc<Self>, now: Timestamp) -> KeyVerification {
        if self.revoked {
            KeyVerification::Revoked(self)
        } else if self.disabled {
            KeyVerification::Disabled(self)
        } else if self.expires_at.is_some_and(|expiry| expiry <= now) {
            KeyVerification::Expired(self)
        } else {
            KeyVerification::Active(self)
        }
    }
}
