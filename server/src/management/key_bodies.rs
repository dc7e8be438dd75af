//! Request bodies for creating, editing and rotating keys.

use domain::{
    api_keys::{ApiKeyChanges, Expiration, Level, Network, NewApiKey, Rotation, Scope},
    ids::ProjectId,
    rate_limits::RateLimits,
    time::Timestamp,
};
use serde::Deserialize;
use services::api_keys::location::KeyLocation;
use utoipa::ToSchema;

use crate::v1::error::V1Error;

/// Default grace period of an old secret, in seconds: long enough that nothing breaks.
const DEFAULT_GRACE: u32 = 24 * 60 * 60;

/// A key to create. OpenAI's API has `name`, and for admin keys `expires_in_seconds`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateKeyBody {
    /// Name of the key, on one line.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// Purpose of the key.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// For a project's key `read` or `standard`, the default. An admin key is always `admin`.
    #[serde(default)]
    level: Option<Level>,
    /// Seconds until the key expires, which can't be changed later; it never does if this is left out.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
    /// Scopes to restrict the key to; empty for all of its level.
    #[serde(default)]
    scopes: Vec<Scope>,
    /// Models to restrict the key to; empty for all.
    #[serde(default)]
    #[schema(max_items = 200)]
    models: Vec<String>,
    /// Networks from which the key may be used; empty for all.
    #[serde(default)]
    #[schema(max_items = 100)]
    ip_allowlist: Vec<Network>,
    /// Age of a secret in days at which the key's owners are reminded to rotate it.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 730)]
    rotate_every_days: Option<u32>,
    #[serde(default)]
    rate_limits: RateLimits,
    /// Whether requests and responses of the key's calls are never stored, whatever the organization stores.
    #[serde(default)]
    metadata_only: bool,
}

impl CreateKeyBody {
    /// Converts the body for the services; an expiration counts from `now`.
    pub(super) fn into_new_key(self, location: KeyLocation, now: Timestamp) -> Result<NewApiKey, V1Error> {
        let (project_id, level) = match (location, self.level) {
            (KeyLocation::Organization, None | Some(Level::Admin)) => (None, Level::Admin),
            (KeyLocation::Organization, Some(_)) => {
                return Err(V1Error::invalid("level", "Must be admin at this path."));
            }
            (KeyLocation::Project(_), Some(Level::Admin)) => {
                return Err(V1Error::invalid(
                    "level",
                    "Admin keys don't belong to a project. Create them at /v1/organization/admin_api_keys.",
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
            metadata_only: self.metadata_only,
        })
    }
}

/// Changes of a key. Fields that are left out or `null` don't change.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EditKeyBody {
    /// Name of the key, on one line.
    #[schema(min_length = 1, max_length = 80)]
    name: Option<String>,
    /// Purpose of the key.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Scopes to restrict the key to; empty for all of its level.
    scopes: Option<Vec<Scope>>,
    /// Models to restrict the key to; empty for all.
    #[schema(max_items = 200)]
    models: Option<Vec<String>>,
    /// Networks from which the key may be used; empty for all.
    #[schema(max_items = 100)]
    ip_allowlist: Option<Vec<Network>>,
    /// Project to move the key to.
    project_id: Option<ProjectId>,
    /// Age of a secret in days at which the key's owners are reminded to rotate it; 0 for no reminder.
    #[schema(maximum = 730)]
    rotate_every_days: Option<u32>,
    /// Replaces both limits; one that is left out is removed.
    rate_limits: Option<RateLimits>,
    /// Whether requests and responses of the key's later calls are never stored, whatever the organization stores.
    metadata_only: Option<bool>,
    /// OpenAI's field; the expiration of a key can't be changed, so that any value is rejected.
    #[schema(deprecated)]
    expires_in_seconds: Option<i64>,
}

impl EditKeyBody {
    pub(super) fn into_changes(self) -> Result<ApiKeyChanges, V1Error> {
        if self.expires_in_seconds.is_some() {
            let message = "A key's expiration can't be changed. Create another key.";
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
            metadata_only: self.metadata_only,
        })
    }
}

/// The grace period of a rotation, or a new one for the old secret, counted from now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateKeyBody {
    /// Seconds for which the old secret keeps working; 0 ends it at once.
    #[serde(default = "default_grace")]
    #[schema(default = default_grace, maximum = 2592000)]
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
