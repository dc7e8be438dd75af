//! Actors, and the reach of their permissions.

use std::net::IpAddr;

use chrono_tz::Tz;
use domain::{
    api_keys::{Level, Scope},
    ids::{ApiKeyId, OrganizationId, ProjectId, SecretId, SessionId, UserId},
    permissions::{self, Permission, Reach, Role},
};

use crate::{ServiceError, ServiceResult, entities::organizations};

/// An actor within one organization.
#[derive(Clone, Debug)]
pub struct Actor {
    pub organization: Organization,
    pub kind: ActorKind,
    /// Address of the request; `None` without one.
    pub ip: Option<IpAddr>,
}

/// The organization that an actor acts in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Organization {
    pub id: OrganizationId,
    pub slug: String,
    pub name: String,
    pub time_zone: Tz,
}

impl From<organizations::Model> for Organization {
    fn from(row: organizations::Model) -> Self {
        Self {
            id: OrganizationId::new(row.id),
            slug: row.slug,
            name: row.name,
            // Only known names are stored; one that a later version drops becomes UTC.
            time_zone: row.time_zone.parse().unwrap_or(Tz::UTC),
        }
    }
}

/// The kind of an actor.
#[derive(Clone, Debug)]
pub enum ActorKind {
    Member {
        id: UserId,
        name: String,
        role: Role,
        /// Session of the request; `None` where none is required.
        session: Option<SessionId>,
    },
    /// A program that uses a key with the management API.
    ApiKey {
        id: ApiKeyId,
        /// Secret of the request, one of the key's.
        secret: SecretId,
        name: String,
        level: Level,
        /// Granted scopes; empty for all of its level.
        scopes: Vec<Scope>,
        /// The only project that the key reaches; `None` for all.
        project_id: Option<ProjectId>,
    },
    /// The operator of the installation, trusted since they have access to its database.
    Operator(OperatorSource),
    /// The server itself. It has no permission: a task does what it is for, and nothing on request.
    System(SystemTask),
}

/// The place where the operator acts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OperatorSource {
    CommandLine,
    ConfigurationFile,
}

/// A task of the server that changes something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SystemTask {
    /// Disables keys of which anyone has reported a secret.
    LeakReport,
}

impl Actor {
    /// The reach of `permission` for the actor.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] where the actor lacks it.
    pub fn reach(&self, permission: Permission) -> ServiceResult<Reach> {
        match &self.kind {
            ActorKind::Operator(_) => Ok(Reach::Installation),
            ActorKind::System(_) => Err(ServiceError::Forbidden("Only the server does this.".to_owned())),
            ActorKind::Member { role, .. } => permissions::reach(*role, permission)
                .ok_or_else(|| ServiceError::Forbidden(format!("Your role, {}, doesn't allow this.", role.label()))),
            ActorKind::ApiKey { level, scopes, .. } => permissions::reach_of_key(*level, scopes, permission)
                .ok_or_else(|| ServiceError::Forbidden("This key's level or scopes don't allow this.".to_owned())),
        }
    }

    /// The acting member; `None` for keys and the command line.
    pub fn user_id(&self) -> Option<UserId> {
        match &self.kind {
            ActorKind::Member { id, .. } => Some(*id),
            ActorKind::ApiKey { .. } | ActorKind::Operator(_) | ActorKind::System(_) => None,
        }
    }

    /// The only project that the actor reaches, for a project's key.
    pub fn project_id(&self) -> Option<ProjectId> {
        match &self.kind {
            ActorKind::ApiKey { project_id, .. } => *project_id,
            ActorKind::Member { .. } | ActorKind::Operator(_) | ActorKind::System(_) => None,
        }
    }
}
