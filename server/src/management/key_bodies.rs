//! Request bodies for creating, editing and rotating keys.

use domain::{
    api_keys::{ApiKeyChanges, Expiration, Level, Network, NewApiKey, Rotation, Scope},
    ids::ProjectId,
    rate_limits::RateLimits,
    time::Timestamp,
};
use serde::Deserialize;
use services::api_keys::location::KeyLocation;

use crate::v1::error::V1Error;

/// Default grace period of an old secret, in seconds: long enough that nothing breaks.
const DEFAULT_GRACE: u32 = 24 * 60 * 60;

/// A new key. OpenAI's has a name, and an admin key an expiration; the other fields are ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateKeyBody {
    name: String,
    #[serde(default)]
    description: String,
    /// For a project's key `read` or `standard`.
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    expires_in_seconds: Option<u32>,
    #[serde(default)]
    scopes: Vec<Scope>,
    #[serde(default)]
    models: Vec<String>,
    #[serde(default)]
    ip_allowlist: Vec<Network>,
    #[serde(default)]
    rotate_every_days: Option<u32>,
    #[serde(default)]
    rate_limits: RateLimits,
}

impl CreateKeyBody {
    /// Converts the body for the services; an expiration counts from `now`.
    pub(super) fn into_new_key(self, location: KeyLocation, now: Timestamp) -> Result<NewApiKey, V1Error> {
        let (project_id, level) = match (location, self.level) {
            (KeyLocation::Organization, None | Some(Level::Admin)) => (None, Level::Admin),
            (KeyLocation::Organization, Some(_)) => return Err(V1Error::invalid("level", "Here are admin keys only.")),
            (KeyLocation::Project(_), Some(Level::Admin)) => {
                return Err(V1Error::invalid(
                    "level",
                    "An admin key belongs to no project: make it at /v1/organization/admin_api_keys.",
                ));
            }
            (KeyLocation::Project(id), level) => (Some(id), level.unwrap_or(Level::Standard)),
        };
        Ok(NewApiKey {
            name: self.name,
            description: self.description,
            project_id,
            level,
            scopes: self.scopes,
            models: self.models,
            ip_allowlist: self.ip_allowlist,
            life: self
                .expires_in_seconds
                .map_or(Expiration::Never, |seconds| Expiration::At(now.plus_millis(i64::from(seconds) * 1000))),
            rotate_every_days: self.rotate_every_days,
            rate_limits: self.rate_limits,
        })
    }
}

/// Changes of a key. OpenAI's has the scopes of a project's key; the other fields are ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct EditKeyBody {
    name: Option<String>,
    description: Option<String>,
    scopes: Option<Vec<Scope>>,
    models: Option<Vec<String>>,
    ip_allowlist: Option<Vec<Network>>,
    /// The project to move it to.
    project_id: Option<ProjectId>,
    /// 0 for no reminder.
    rotate_every_days: Option<u32>,
    /// Replaces both limits; one that isn't given is removed.
    rate_limits: Option<RateLimits>,
    /// OpenAI's; here a key's expiration never changes.
    expires_in_seconds: Option<i64>,
}

impl EditKeyBody {
    pub(super) fn into_changes(self) -> Result<ApiKeyChanges, V1Error> {
        if self.expires_in_seconds.is_some() {
            let message = "When a key expires can't be changed. Make another one that lives longer.";
            return Err(V1Error::invalid("expires_in_seconds", message));
        }
        Ok(ApiKeyChanges {
            name: self.name,
            description: self.description,
            scopes: self.scopes,
            models: self.models,
            ip_allowlist: self.ip_allowlist,
            project_id: self.project_id,
            rotate_every_days: self.rotate_every_days,
            rate_limits: self.rate_limits,
        })
    }
}

/// The grace period of a rotation, or a new one for the old secret, counted from now.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateKeyBody {
    #[serde(default = "default_grace")]
    pub(super) grace_seconds: u32,
}

fn default_grace() -> u32 {
    DEFAULT_GRACE
}

impl RotateKeyBody {
    pub(super) fn rotation(self, request: Option<String>) -> Rotation {
        Rotation { grace_seconds: self.grace_seconds, request }
    }
}
