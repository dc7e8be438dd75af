//! Who may do what: the one table that every server function, route and menu entry asks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A member's role within an organization; each may do what those before it may, but for the table's exceptions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Developer,
    Admin,
    Owner,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Developer, Self::Admin, Self::Owner];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// As shown to people.
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

/// Something a member may be allowed to do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    ViewOverview,
    ViewApiKeys,
    ManageApiKeys,
    CreateAdminKey,
    ViewLogs,
    ViewUsage,
    CreateProject,
    ManageSettings,
    ViewAuditLog,
}

impl Permission {
    pub const ALL: [Self; 9] = [
        Self::ViewOverview,
        Self::ViewApiKeys,
        Self::ManageApiKeys,
        Self::CreateAdminKey,
        Self::ViewLogs,
        Self::ViewUsage,
        Self::CreateProject,
        Self::ManageSettings,
        Self::ViewAuditLog,
    ];
}

/// How far a permission reaches.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reach {
    /// What the member made, in projects assigned to them.
    Own,
    /// Projects assigned to the member.
    Assigned,
    /// The whole organization.
    Organization,
}

/// How far `role` may exercise `permission`; `None` is not at all.
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

        (P::ViewLogs, Developer) => Some(Assigned),
        (P::ViewLogs, Admin | Owner) => Some(Organization),
        (P::ViewLogs, Viewer) => None,

        (P::CreateProject, Developer | Admin | Owner) => Some(Organization),
        (P::CreateProject, Viewer) => None,

        (P::CreateAdminKey | P::ManageSettings | P::ViewAuditLog, Admin | Owner) => Some(Organization),
        (P::CreateAdminKey | P::ManageSettings | P::ViewAuditLog, Viewer | Developer) => None,
    }
}

/// Whether `role` may exercise `permission` at all.
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
            assert_eq!(reach(Role::Owner, permission), Some(Reach::Organization));
            assert_eq!(reach(Role::Admin, permission), Some(Reach::Organization));
        }
    }

    #[test]
    fn a_developer_stays_within_assigned_projects() {
        assert_eq!(reach(Role::Developer, Permission::ViewUsage), Some(Reach::Assigned));
        assert_eq!(reach(Role::Developer, Permission::ManageApiKeys), Some(Reach::Own));
        assert!(!may(Role::Developer, Permission::CreateAdminKey));
    }
}
