//! Who acts, and how far they may.

use std::net::IpAddr;

use domain::{
    api_keys::{Level, Scope},
    ids::{ApiKeyId, OrganizationId, ProjectId, SecretId, SessionId, UserId},
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
#[derive(Clone, Debug, Eq, PartialEq)]
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
        /// The session that they showed; `None` where none is asked for.
        session: Option<SessionId>,
    },
    /// A program with a key, by the management API.
    ApiKey {
        id: ApiKeyId,
        /// Which of its secrets was shown.
        secret: SecretId,
        name: String,
        level: Level,
        /// Empty for all of its level.
        scopes: Vec<Scope>,
        /// The only project it reaches; `None` for all.
        project_id: Option<ProjectId>,
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
            Who::ApiKey { level, scopes, .. } => permissions::reach_of_key(*level, scopes, permission)
                .ok_or_else(|| ServiceError::Forbidden("This key's level or scopes don't allow this.".to_owned())),
        }
    }

    pub fn user_id(&self) -> Option<UserId> {
        match &self.who {
            Who::Member { id, .. } => Some(*id),
            Who::ApiKey { .. } | Who::CommandLine => None,
        }
    }

    /// The only project that a key reaches, if it belongs to one.
    pub fn project_id(&self) -> Option<ProjectId> {
        match &self.who {
            Who::ApiKey { project_id, .. } => *project_id,
            Who::Member { .. } | Who::CommandLine => None,
        }
    }
}
