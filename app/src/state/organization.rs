use domain::{
    accounts::Membership,
    permissions::{self, Permission, Reach},
    projects::Project,
};
use leptos::prelude::*;

use super::{Answer, load};
use crate::api;

/// The organization whose page is open, and one's place in it. Another one is another page.
#[derive(Clone, Copy)]
pub struct Organization {
    membership: StoredValue<Membership>,
    /// The projects one may see.
    pub projects: Answer<Vec<Project>>,
}

impl Organization {
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

    /// Its IANA time zone.
    pub fn time_zone(&self) -> String {
        self.membership.with_value(|membership| membership.time_zone.clone())
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.reach(permission).is_some()
    }

    /// How far one may exercise `permission` here.
    pub fn reach(&self, permission: Permission) -> Option<Reach> {
        permissions::reach(self.membership.with_value(|membership| membership.role), permission)
    }
}

pub fn use_organization() -> Organization {
    expect_context()
}
