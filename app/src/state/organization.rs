use domain::{
    accounts::Membership,
    permissions::{self, Permission, Reach},
    projects::Project,
};
use leptos::prelude::*;

use super::load::{QueryState, load};
use crate::api;

/// The open organization and the user's membership in it. Another organization is another page.
#[derive(Clone, Copy)]
pub struct CurrentOrganization {
    membership: StoredValue<Membership>,
    /// Projects that the member may see.
    pub projects: QueryState<Vec<Project>>,
}

impl CurrentOrganization {
    pub fn provide(membership: Membership) -> Self {
        let slug = membership.slug.clone();
        let organization = Self {
            membership: StoredValue::new(membership),
            projects: load(move || api::projects::List { organization: slug.clone() }),
        };
        provide_context(organization);
        organization
    }

    pub fn slug(&self) -> String {
        self.membership.with_value(|membership| membership.slug.clone())
    }

    pub fn membership(&self) -> Membership {
        self.membership.get_value()
    }

    /// The organization's IANA time zone.
    pub fn time_zone(&self) -> String {
        self.membership.with_value(|membership| membership.time_zone.clone())
    }

    /// Whether the member sees only the projects assigned to them, and there are none.
    pub fn has_no_project(&self) -> bool {
        self.reach(Permission::ViewUsage).is_some_and(|reach| !reach.is_organization_wide())
            && self.projects.with(|projects| projects.is_some_and(Vec::is_empty))
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.reach(permission).is_some()
    }

    /// How far the member's `permission` reaches; `None` without it.
    pub fn reach(&self, permission: Permission) -> Option<Reach> {
        permissions::reach(self.membership.with_value(|membership| membership.role), permission)
    }
}

pub fn use_organization() -> CurrentOrganization {
    expect_context()
}
