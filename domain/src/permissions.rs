//! Permissions of roles and keys: the one table that every server function, route and menu entry asks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::api_keys::{Level, Scope};

/// A member's role within an organization. Each role has the permissions of those before it, but for the
/// table's exceptions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "A member's role within an organization.")
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Developer,
    Admin,
    Owner,
}

impl Role {
    /// All roles, the least powerful first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Developer, Self::Admin, Self::Owner];

    /// The role's name in the API, the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The label shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Developer => "Developer",
            Self::Admin => "Admin",
            Self::Owner => "Owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| "Must be owner, admin, developer or viewer.".to_owned())
    }
}

/// A permission of a member or a key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    ViewOverview,
    ViewApiKeys,
    ManageApiKeys,
    ViewAdminKeys,
    ManageAdminKeys,
    ViewLogs,
    /// Reads the request and response bodies of calls.
    ViewBodies,
    ViewUsage,
    CreateProject,
    ManageSettings,
    ViewAuditLog,
    ViewNotifications,
    SendEvents,
    VerifyKeys,
    /// Lets a proxy ask whether requests may pass.
    AuthorizeRequests,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 15] = [
        Self::ViewOverview,
        Self::ViewApiKeys,
        Self::ManageApiKeys,
        Self::ViewAdminKeys,
        Self::ManageAdminKeys,
        Self::ViewLogs,
        Self::ViewBodies,
        Self::ViewUsage,
        Self::CreateProject,
        Self::ManageSettings,
        Self::ViewAuditLog,
        Self::ViewNotifications,
        Self::SendEvents,
        Self::VerifyKeys,
        Self::AuthorizeRequests,
    ];

    /// The scope that gives a key this permission; `None` where no key can have it.
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::ViewUsage => Some(Scope::UsageRead),
            Self::ViewApiKeys => Some(Scope::ApiKeysRead),
            Self::ManageApiKeys => Some(Scope::ApiKeysWrite),
            Self::ViewAdminKeys => Some(Scope::AdminApiKeysRead),
            Self::ManageAdminKeys => Some(Scope::AdminApiKeysWrite),
            Self::SendEvents => Some(Scope::EventsWrite),
            Self::VerifyKeys => Some(Scope::KeysVerify),
            Self::AuthorizeRequests => Some(Scope::Authz),
            Self::ViewOverview
            | Self::ViewLogs
            | Self::ViewBodies
            | Self::CreateProject
            | Self::ManageSettings
            | Self::ViewAuditLog
            | Self::ViewNotifications => None,
        }
    }
}

/// The reach of a permission. It has no order: a member manages some of the projects assigned to them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Things that the member created, in projects assigned to them.
    Own,
    /// Projects assigned to the member.
    Assigned,
    /// Projects that the member manages, and everything in them.
    Managed,
    /// The whole organization.
    Organization,
    /// All organizations, and what belongs to none: the operator's reach.
    Installation,
}

impl Reach {
    /// Whether nothing of an organization is out of reach.
    pub const fn is_organization_wide(self) -> bool {
        matches!(self, Self::Organization | Self::Installation)
    }
}

/// The reach of `permission` for `role`; `None` where the role lacks it.
pub const fn reach(role: Role, permission: Permission) -> Option<Reach> {
    use Permission as P;
    use Reach::{Assigned, Organization, Own};
    use Role::{Admin, Developer, Owner, Viewer};
    match (permission, role) {
        (P::ViewOverview | P::ViewUsage, Viewer | Admin | Owner) => Some(Organization),
        (P::ViewOverview | P::ViewUsage, Developer) => Some(Assigned),

        (P::ViewApiKeys | P::ManageApiKeys, Developer) => Some(Own),
        (P::ViewApiKeys | P::ManageApiKeys, Admin | Owner) => Some(Organization),
        (P::ViewApiKeys | P::ManageApiKeys, Viewer) => None,

        (P::ViewLogs | P::ViewBodies, Developer) => Some(Assigned),
        (P::ViewLogs | P::ViewBodies, Admin | Owner) => Some(Organization),
        (P::ViewLogs | P::ViewBodies, Viewer) => None,

        (P::CreateProject, Developer | Admin | Owner) => Some(Organization),
        (P::CreateProject, Viewer) => None,

        (
            P::ViewAdminKeys
            | P::ManageAdminKeys
            | P::ManageSettings
            | P::ViewAuditLog
            | P::SendEvents
            | P::VerifyKeys
            | P::AuthorizeRequests,
            Admin | Owner,
        ) => Some(Organization),
        (
            P::ViewAdminKeys
            | P::ManageAdminKeys
            | P::ManageSettings
            | P::ViewAuditLog
            | P::SendEvents
            | P::VerifyKeys
            | P::AuthorizeRequests,
            Viewer | Developer,
        ) => None,

        (P::ViewNotifications, Developer | Admin | Owner) => Some(Own),
        (P::ViewNotifications, Viewer) => None,
    }
}

/// The reach of `permission` for a key of `level` with these scopes; `None` where the key lacks it. A
/// project's key reaches no further than its project.
pub fn reach_of_key(level: Level, scopes: &[Scope], permission: Permission) -> Option<Reach> {
    let reach = if level.needs_project() { Reach::Assigned } else { Reach::Organization };
    permission.scope()?.is_granted(level, scopes).then_some(reach)
}

/// Whether `role` has `permission`, with any reach.
pub const fn may(role: Role, permission: Permission) -> bool {
    reach(role, permission).is_some()
}

#[cfg(test)]
mod tests;
