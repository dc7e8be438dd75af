//! What is known of a key that exists.

use std::{net::IpAddr, sync::Arc};

use domain::{
    api_keys::{Level, Network, Scope, allows},
    bodies::BodySettings,
    ids::{ApiKeyId, ProjectId, SecretId, UserId},
    time::Timestamp,
};

use super::Verification;
use crate::{Actor, Organization, Who, rate_limits::KeyLimits};

/// What is known of a key that exists. A server keeps very many of these: they hold no more than they must.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// Shared by all of its keys.
    pub organization: Arc<Organization>,
    /// `None` for a key that belongs to no project.
    pub project_id: Option<ProjectId>,
    pub project_archived: bool,
    pub api_key_id: ApiKeyId,
    /// Which of the key's secrets was presented.
    pub secret_id: SecretId,
    pub name: Box<str>,
    pub level: Level,
    /// Empty for all of its level.
    pub scopes: Box<[Scope]>,
    /// Empty for all.
    pub ip_allowlist: Box<[Network]>,
    /// Who made the key.
    pub member_id: Option<UserId>,
    /// Empty for all.
    pub(super) models: Box<[Box<str>]>,
    /// When the secret stops to work, by itself or with its key.
    pub(super) expires_at: Option<Timestamp>,
    pub(super) revoked: bool,
    pub(super) disabled: bool,
    /// When it was looked up.
    pub(super) read_at: Timestamp,
    /// How fast it may be used; `None` where there are no limits.
    pub limits: Option<Box<KeyLimits>>,
    /// How what is said in its calls is kept; `None` as usual, which is what most organizations choose.
    pub(super) bodies: Option<Box<BodySettings>>,
}

impl KeyRecord {
    /// Whether the key may do what takes `scope`.
    pub fn grants(&self, scope: Scope) -> bool {
        scope.is_granted(self.level, &self.scopes)
    }

    /// Whether the key may call `model`. One without a list may call all.
    pub fn allows_model(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|allowed| **allowed == *model)
    }

    /// Whether the key may be used from `ip`. One without a list may be used from everywhere.
    pub fn allows_ip(&self, ip: IpAddr) -> bool {
        allows(&self.ip_allowlist, ip)
    }

    /// Whether and how what is said in its calls is kept.
    pub fn bodies(&self) -> BodySettings {
        self.bodies.as_deref().cloned().unwrap_or_default()
    }

    /// Whoever holds the key, acting in its organization from `ip`.
    pub fn actor(&self, ip: Option<IpAddr>) -> Actor {
        let who = Who::ApiKey {
            id: self.api_key_id,
            secret: self.secret_id,
            name: self.name.to_string(),
            level: self.level,
            scopes: self.scopes.to_vec(),
            project_id: self.project_id,
        };
        Actor { organization: Organization::clone(&self.organization), who, ip }
    }

    /// When the presented secret stops to work.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    pub(super) fn judge(self: Arc<Self>, now: Timestamp) -> Verification {
        if self.revoked {
            Verification::Revoked(self)
        } else if self.disabled {
            Verification::Disabled(self)
        } else if self.expires_at.is_some_and(|expiry| expiry <= now) {
            Verification::Expired(self)
        } else {
            Verification::Active(self)
        }
    }
}
