//! Keys in the form of OpenAI's administration API, with fields of our own.

use std::collections::HashMap;

use domain::{
    api_keys::{ApiKey, Descendant, Descendants, Level, Network, OldSecret, Scope, Status},
    ids::{ApiKeyId, ProjectId, UserId},
    permissions::Role,
    rate_limits::RateLimits,
    time::Timestamp,
};
use serde::Serialize;
use services::api_keys::Owner;

/// A key: an `organization.admin_api_key`, or an `organization.project.api_key`. Times are seconds of Unix
/// time.
#[derive(Serialize)]
pub(super) struct KeyObject {
    object: &'static str,
    pub(super) id: ApiKeyId,
    name: String,
    redacted_value: String,
    created_at: i64,
    last_used_at: Option<i64>,
    expires_at: Option<i64>,
    owner: Option<KeyOwner>,
    /// Whether the owner may still use the project; only for a project's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_project_access: Option<&'static str>,
    /// The secret, only in the response to creating or rotating the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Option<String>>,

    // Fields that OpenAI doesn't have.
    description: String,
    project_id: Option<ProjectId>,
    level: Level,
    status: Status,
    scopes: Vec<Scope>,
    models: Vec<String>,
    ip_allowlist: Vec<Network>,
    rotated_at: i64,
    rotate_every_days: Option<u32>,
    rate_limits: RateLimits,
    old_secret: Option<OldSecretObject>,
}

/// The old secret, which still works.
#[derive(Serialize)]
struct OldSecretObject {
    redacted_value: String,
    expires_at: i64,
    last_used_at: Option<i64>,
}

/// The key's creator.
#[derive(Serialize)]
#[serde(untagged)]
enum KeyOwner {
    OfAdminKey(User),
    OfProjectKey { r#type: Option<&'static str>, user: Option<User>, service_account: Option<()> },
}

#[derive(Clone, Serialize)]
struct User {
    r#type: &'static str,
    object: &'static str,
    id: UserId,
    name: String,
    email: String,
    created_at: i64,
    /// The user's role, which is finer than OpenAI's; `None` if they have left.
    role: Option<Role>,
}

impl KeyObject {
    pub(super) fn new(key: ApiKey, owners: &HashMap<UserId, Owner>) -> Self {
        let is_admin = key.level == Level::Admin;
        let owner = key.created_by.as_ref().and_then(|creator| owners.get(&creator.id));
        let user = owner.map(User::new);
        Self {
            object: if is_admin { "organization.admin_api_key" } else { "organization.project.api_key" },
            id: key.id,
            name: key.name,
            redacted_value: key.masked,
            created_at: seconds(key.created_at),
            last_used_at: key.last_use.map(|used| seconds(used.at)),
            expires_at: key.expires_at.map(seconds),
            owner: match user {
                user if !is_admin => Some(KeyOwner::OfProjectKey {
                    r#type: user.as_ref().map(|user| user.r#type),
                    user,
                    service_account: None,
                }),
                user => user.map(KeyOwner::OfAdminKey),
            },
            // A key without an owner, created by a command or another key, needs no owner's access.
            owner_project_access: (!is_admin)
                .then(|| if owner.is_none_or(|owner| owner.has_access) { "active" } else { "inactive" }),
            value: None,
            description: key.description,
            project_id: key.project.map(|project| project.id),
            level: key.level,
            status: key.status,
            scopes: key.scopes,
            models: key.models,
            ip_allowlist: key.ip_allowlist,
            rotated_at: seconds(key.rotated_at),
            rotate_every_days: key.rotate_every_days,
            rate_limits: key.rate_limits,
            old_secret: key.old_secret.map(OldSecretObject::new),
        }
    }

    /// Adds the secret, or `null` if it was returned before.
    pub(super) fn with_value(self, value: Option<String>) -> Self {
        Self { value: Some(value), ..self }
    }
}

impl OldSecretObject {
    fn new(old: OldSecret) -> Self {
        Self {
            redacted_value: old.masked,
            expires_at: seconds(old.ends_at),
            last_used_at: old.last_used_at.map(seconds),
        }
    }
}

impl User {
    fn new(owner: &Owner) -> Self {
        Self {
            r#type: "user",
            object: "organization.user",
            id: owner.id,
            name: owner.name.clone(),
            email: owner.email.clone(),
            created_at: seconds(owner.created_at),
            role: owner.role,
        }
    }
}

fn seconds(moment: Timestamp) -> i64 {
    moment.millis().div_euclid(1000)
}

/// Keys that a key created or rotated, the oldest first.
#[derive(Serialize)]
pub(super) struct DescendantKeys {
    object: &'static str,
    /// Number of all of them; `data` may hold only the first ones.
    count: i64,
    data: Vec<Descendant>,
}

impl DescendantKeys {
    pub(super) fn new(descendants: Descendants) -> Self {
        Self { object: "list", count: descendants.count, data: descendants.keys }
    }
}

/// The response for a revoked key.
#[derive(Serialize)]
pub(super) struct DeletedKey {
    object: &'static str,
    id: ApiKeyId,
    deleted: bool,
    /// Keys that it created or rotated and that still work.
    descendants: Option<DescendantKeys>,
    /// Keys that were revoked along with it.
    deleted_descendants: Vec<ApiKeyId>,
}

impl DeletedKey {
    pub(super) fn new(id: ApiKeyId, is_admin: bool) -> Self {
        let object =
            if is_admin { "organization.admin_api_key.deleted" } else { "organization.project.api_key.deleted" };
        Self { object, id, deleted: true, descendants: None, deleted_descendants: Vec::new() }
    }

    pub(super) fn with_usable_descendants(self, descendants: Option<Descendants>) -> Self {
        Self { descendants: descendants.map(DescendantKeys::new), ..self }
    }

    pub(super) fn with_descendants(self, deleted_descendants: Vec<ApiKeyId>) -> Self {
        Self { deleted_descendants, ..self }
    }
}
