//! Keys in the form of OpenAI's administration API, with additional fields.

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
use utoipa::ToSchema;

/// An API key. Times are in seconds of Unix time.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyObject {
    #[schema(inline)]
    object: KeyObjectName,
    pub(super) id: ApiKeyId,
    name: String,
    /// Prefix and last four characters of the secret.
    redacted_value: String,
    created_at: i64,
    /// Time of the last use; `null` if the key was never used.
    #[schema(required)]
    last_used_at: Option<i64>,
    /// End of the key's life; `null` if it never expires.
    #[schema(required)]
    expires_at: Option<i64>,
    /// Creator of the key; `null` for an admin key that was created by a command or another key.
    #[schema(required)]
    owner: Option<KeyOwner>,
    /// Whether the owner may still use the project. Only keys of a project have this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    owner_project_access: Option<ProjectAccess>,
    /// The secret, only in the response to creating or rotating the key; `null` there if the request was
    /// repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    value: Option<Option<String>>,

    /// Purpose of the key. This and the following fields aren't in OpenAI's API.
    description: String,
    /// Project of the key; `null` for an admin key.
    #[schema(required)]
    project_id: Option<ProjectId>,
    level: Level,
    status: Status,
    /// Scopes that the key is restricted to; empty for all of its level.
    scopes: Vec<Scope>,
    /// Models that the key is restricted to; empty for all.
    models: Vec<String>,
    /// Networks from which the key may be used; empty for all.
    ip_allowlist: Vec<Network>,
    /// Creation time of the secret.
    rotated_at: i64,
    /// Age of a secret in days at which the key's owners are reminded to rotate it; `null` for no reminder.
    #[schema(required)]
    rotate_every_days: Option<u32>,
    rate_limits: RateLimits,
    /// Whether requests and responses of the key's calls are never stored, whatever the organization stores.
    metadata_only: bool,
    /// The replaced secret that still works, while the key is rotating.
    #[schema(required)]
    old_secret: Option<OldSecretObject>,
}

/// Kind of a key, by OpenAI's name.
#[derive(Serialize, ToSchema)]
enum KeyObjectName {
    #[serde(rename = "organization.admin_api_key")]
    AdminKey,
    #[serde(rename = "organization.project.api_key")]
    ProjectKey,
}

/// Whether a key's owner may use its project.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ProjectAccess {
    Active,
    Inactive,
}

/// A replaced secret that works until its grace period ends. Times are in seconds of Unix time.
#[derive(Serialize, ToSchema)]
struct OldSecretObject {
    /// Prefix and last four characters of the secret.
    redacted_value: String,
    /// End of the grace period.
    expires_at: i64,
    /// Time of its last use; `null` if it was never used.
    #[schema(required)]
    last_used_at: Option<i64>,
}

/// The creator of a key: of an admin key a user, and of a project's key a user within an object.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum KeyOwner {
    OfAdminKey(User),
    OfProjectKey(ProjectKeyOwner),
}

/// The creator of a project's key. Its fields are `null` if it was created by a command or another key.
#[derive(Serialize, ToSchema)]
struct ProjectKeyOwner {
    #[schema(required, example = "user")]
    r#type: Option<&'static str>,
    #[schema(required)]
    user: Option<User>,
    /// Always `null`: there are no service accounts.
    #[schema(required, value_type = Option<String>)]
    service_account: Option<()>,
}

/// A user of the organization.
#[derive(Clone, Serialize, ToSchema)]
struct User {
    #[schema(example = "user")]
    r#type: &'static str,
    #[schema(example = "organization.user")]
    object: &'static str,
    id: UserId,
    name: String,
    email: String,
    /// Creation time of the user, in seconds of Unix time.
    created_at: i64,
    /// Role of the user, of which there are more than in OpenAI's API; `null` if they left the organization.
    #[schema(required)]
    role: Option<Role>,
}

impl KeyObject {
    pub(super) fn new(key: ApiKey, owners: &HashMap<UserId, Owner>) -> Self {
        let is_admin = key.level == Level::Admin;
        let owner = key.created_by.as_ref().and_then(|creator| owners.get(&creator.id));
        let user = owner.map(User::new);
        Self {
            object: if is_admin { KeyObjectName::AdminKey } else { KeyObjectName::ProjectKey },
            id: key.id,
            name: key.name,
            redacted_value: key.masked,
            created_at: seconds(key.created_at),
            last_used_at: key.last_use.map(|used| seconds(used.at)),
            expires_at: key.expires_at.map(seconds),
            owner: match user {
                user if !is_admin => Some(KeyOwner::OfProjectKey(ProjectKeyOwner {
                    r#type: user.as_ref().map(|user| user.r#type),
                    user,
                    service_account: None,
                })),
                user => user.map(KeyOwner::OfAdminKey),
            },
            // A key without an owner, created by a command or another key, needs no owner's access.
            owner_project_access: (!is_admin).then_some(match owner {
                Some(owner) if !owner.has_access => ProjectAccess::Inactive,
                _ => ProjectAccess::Active,
            }),
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
            metadata_only: key.metadata_only,
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

/// Keys that an admin key created or rotated, the oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct DescendantKeys {
    #[schema(example = "list")]
    object: &'static str,
    /// Number of all of them.
    count: i64,
    /// The first hundred of them.
    data: Vec<Descendant>,
}

impl DescendantKeys {
    pub(super) fn new(descendants: Descendants) -> Self {
        Self { object: "list", count: descendants.count, data: descendants.keys }
    }
}

/// A key that was revoked.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedKey {
    #[schema(inline)]
    object: DeletedKeyName,
    id: ApiKeyId,
    /// Always `true`.
    deleted: bool,
    /// Keys that it created or rotated and that still work; `null` for a key of a project, which can't create
    /// keys. This field isn't in OpenAI's API.
    #[schema(required)]
    descendants: Option<DescendantKeys>,
    /// Keys that were revoked along with it. This field isn't in OpenAI's API.
    deleted_descendants: Vec<ApiKeyId>,
}

/// Kind of a revoked key, by OpenAI's name.
#[derive(Serialize, ToSchema)]
enum DeletedKeyName {
    #[serde(rename = "organization.admin_api_key.deleted")]
    AdminKey,
    #[serde(rename = "organization.project.api_key.deleted")]
    ProjectKey,
}

impl DeletedKey {
    pub(super) fn new(id: ApiKeyId, is_admin: bool) -> Self {
        let object = if is_admin { DeletedKeyName::AdminKey } else { DeletedKeyName::ProjectKey };
        Self { object, id, deleted: true, descendants: None, deleted_descendants: Vec::new() }
    }

    pub(super) fn with_usable_descendants(self, descendants: Option<Descendants>) -> Self {
        Self { descendants: descendants.map(DescendantKeys::new), ..self }
    }

    pub(super) fn with_descendants(self, deleted_descendants: Vec<ApiKeyId>) -> Self {
        Self { deleted_descendants, ..self }
    }
}
