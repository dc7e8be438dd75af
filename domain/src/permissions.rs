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
            .ok_or_else(|| "A role is owner, admin, developer or viewer.".to_owned())
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
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 14] = [
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
    ];
}

/// The reach of a permission.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reach {
    /// Things that the member created, in projects assigned to them.
    Own,
    /// Projects assigned to the member.
    Assigned,
    /// The whole organization.
    Organization,
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
            P::ViewAdminKeys | P::ManageAdminKeys | P::ManageSettings | P::ViewAuditLog | P::SendEvents | P::VerifyKeys,
            Admin | Owner,
        ) => Some(Organization),
        (
            P::ViewAdminKeys | P::ManageAdminKeys | P::ManageSettings | P::ViewAuditLog | P::SendEvents | P::VerifyKeys,
            Viewer | Developer,
        ) => None,

        (P::ViewNotifications, Developer | Admin | Owner) => Some(Own),
        (P::ViewNotifications, Viewer) => None,
    }
}

/// The reach of `permission` for a key of `level` with these scopes; `None` where the key lacks it. A
/// project's key reaches no further than its project.
pub fn reach_of_key(level: Level, scopes: &[Scope], permission: Permission) -> Option<Reach> {
    use Permission as P;
    let scope = match permission {
        P::ViewUsage => Scope::UsageRead,
        P::ViewApiKeys => Scope::ApiKeysRead,
        P::ManageApiKeys => Scope::ApiKeysWrite,
        P::ViewAdminKeys => Scope::AdminApiKeysRead,
        P::ManageAdminKeys => Scope::AdminApiKeysWrite,
        P::SendEvents => Scope::EventsWrite,
        P::VerifyKeys => Scope::KeysVerify,
        P::ViewOverview
        | P::ViewLogs
        | P::ViewBodies
        | P::CreateProject
        | P::ManageSettings
        | P::ViewAuditLog
        | P::ViewNotifications => return None,
    };
    let reach = if level.needs_project() { Reach::Assigned } else { Reach::Organization };
    scope.is_granted(level, scopes).then_some(reach)
}

/// Whether `role` has `permission`, with any reach.
pub const fn may(role: Role, permission: Permission) -> bool {
    reach(role, permission).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_reads_usage_and_nothing_else() {
        for permission in Permission::ALL {
            let reads_usage = matches!(permission, Permission::ViewOverview | Permission::ViewUsage);
            assert_eq!(may(Role::Viewer, permission), reads_usage, "{permission:?}");
        }
    }

    #[test]
    fn owners_and_admins_reach_the_whole_organization() {
        for permission in Permission::ALL {
            // Each member has an inbox of their own, in every role.
            let expected = if permission == Permission::ViewNotifications { Reach::Own } else { Reach::Organization };
            assert_eq!(reach(Role::Owner, permission), Some(expected));
            assert_eq!(reach(Role::Admin, permission), Some(expected));
        }
    }

    #[test]
    fn a_developer_stays_within_assigned_projects() {
        assert_eq!(reach(Role::Developer, Permission::ViewUsage), Some(Reach::Assigned));
        assert_eq!(reach(Role::Developer, Permission::ManageApiKeys), Some(Reach::Own));
        assert!(!may(Role::Developer, Permission::ManageAdminKeys));
    }

    #[test]
    fn a_read_key_reads_its_projects_usage_and_a_standard_key_manages_nothing() {
        for permission in Permission::ALL {
            let expected = (permission == Permission::ViewUsage).then_some(Reach::Assigned);
            assert_eq!(reach_of_key(Level::Read, &[], permission), expected, "{permission:?}");
            assert_eq!(reach_of_key(Level::Standard, &[], permission), None, "{permission:?}");
        }
    }

    #[test]
    fn an_admin_key_does_what_its_scopes_say() {
        let scopes = [Scope::ApiKeysRead];
        assert_eq!(reach_of_key(Level::Admin, &scopes, Permission::ViewApiKeys), Some(Reach::Organization));
        assert_eq!(reach_of_key(Level::Admin, &scopes, Permission::ManageApiKeys), None);
        assert_eq!(reach_of_key(Level::Admin, &[], Permission::ManageAdminKeys), Some(Reach::Organization));
        assert_eq!(reach_of_key(Level::Admin, &[], Permission::ManageSettings), None);
    }
}
