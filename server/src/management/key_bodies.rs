//! What is said of a key that is to be made, changed or rotated.

use domain::{
    api_keys::{ApiKeyChanges, Level, Life, Network, NewApiKey, Rotation, Scope},
    ids::ProjectId,
    rate_limits::RateLimits,
    time::Timestamp,
};
use serde::Deserialize;
use services::api_keys::queries::location::Place;

use crate::v1::error::Refusal;

/// How long an old secret lives on where nobody says: long enough that nothing breaks.
const USUAL_GRACE: u32 = 24 * 60 * 60;

/// A new key. OpenAI's has a name, and an admin key an expiry; the rest is ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    name: String,
    #[serde(default)]
    description: String,
    /// Of a project's key: `read` or `standard`.
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

impl NewKey {
    /// The same for the services, at `now`.
    pub(super) fn asked(self, place: Place, now: Timestamp) -> Result<NewApiKey, Refusal> {
        let (project_id, level) = match (place, self.level) {
            (Place::Organization, None | Some(Level::Admin)) => (None, Level::Admin),
            (Place::Organization, Some(_)) => return Err(Refusal::invalid("level", "Here are admin keys only.")),
            (Place::Project(_), Some(Level::Admin)) => {
                return Err(Refusal::invalid(
                    "level",
                    "An admin key belongs to no project: make it at /v1/organization/admin_api_keys.",
                ));
            }
            (Place::Project(id), level) => (Some(id), level.unwrap_or(Level::Standard)),
        };
        Ok(NewApiKey {
            name: self.name,
            description: self.description,
            project_id,
            level,
            scopes: self.scopes,
            models: self.models,
            ip_allowlist: self.ip_allowlist,
            life: self.expires_in_seconds.map_or(Life::Never, |life| Life::At(now.plus_millis(i64::from(life) * 1000))),
            rotate_every_days: self.rotate_every_days,
            rate_limits: self.rate_limits,
        })
    }
}

/// What is to be changed of a key. OpenAI's has the scopes of a project's key; the rest is ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct Changes {
    name: Option<String>,
    description: Option<String>,
    scopes: Option<Vec<Scope>>,
    models: Option<Vec<String>>,
    ip_allowlist: Option<Vec<Network>>,
    /// The project to move it to.
    project_id: Option<ProjectId>,
    /// 0 for no reminder.
    rotate_every_days: Option<u32>,
    /// Both anew; what isn't named in it is no limit.
    rate_limits: Option<RateLimits>,
    /// OpenAI's; here a key's end never changes.
    expires_in_seconds: Option<i64>,
}

impl Changes {
    pub(super) fn asked(self) -> Result<ApiKeyChanges, Refusal> {
        if self.expires_in_seconds.is_some() {
            let message = "When a key expires can't be changed. Make another one that lives longer.";
            return Err(Refusal::invalid("expires_in_seconds", message));
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

/// How to rotate, or how long the old secret is to live from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grace {
    #[serde(default = "usual_grace")]
    pub(super) grace_seconds: u32,
}

fn usual_grace() -> u32 {
    USUAL_GRACE
}

impl Grace {
    pub(super) fn rotation(self, request: Option<String>) -> Rotation {
        Rotation { grace_seconds: self.grace_seconds, request }
    }
}
