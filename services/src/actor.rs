//! Who acts, and how far they may.

use std::net::IpAddr;

use domain::{
    ids::{OrganizationId, UserId},
    permissions::{self, Permission, Reach, Role},
};

use crate::{ServiceError, ServiceResult};

/// Somebody acting within one organization.
#[derive(Clone, Debug)]
pub struct Actor {
    pub organization: Organization,
    pub who: Who,
    /// Where the request came from; `None` on the command line.
    pub ip: Option<IpAddr>,
}

/// The organization somebody acts in.
#[derive(Clone, Debug)]
pub struct Organization {
    pub id: OrganizationId,
    pub slug: String,
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: chrono_tz::Tz,
}

#[derive(Clone, Debug)]
pub enum Who {
    Member {
        id: UserId,
        name: String,
        role: Role,
    },
    /// Whoever runs commands on the server: trusted, since they hold the database.
    CommandLine,
}

impl Actor {
    /// How far the actor may exercise `permission`.
    pub fn reach(&self, permission: Permission) -> ServiceResult<Reach> {
        match &self.who {
            Who::CommandLine => Ok(Reach::Organization),
            Who::Member { role, .. } => permissions::reach(*role, permission).ok_or_else(|| {
                ServiceError::Forbidden(format!(
                    "Your role, {}, doesn't allow this. An owner or admin can change it.",
                    role.label()
                ))
            }),
        }
    }

    pub fn user_id(&self) -> Option<UserId> {
        match &self.who {
            Who::Member { id, .. } => Some(*id),
            Who::CommandLine => None,
        }
    }
}
