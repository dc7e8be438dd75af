//! Tells every server what changed that servers keep in memory.
//!
//! Whoever changes such a thing announces it in the same transaction; each
//! server's [`Watcher`] reads the announcements four times a second. That works
//! alike for several servers on PostgreSQL and for a command beside a server on SQLite.

mod watcher;

use std::str::FromStr;

use domain::{ids::OrganizationId, time::Timestamp};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

pub use watcher::{Notice, Watcher};

use crate::{ServiceError, ServiceResult, entities::changes};

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    ApiKey,
    /// A key was stopped because it leaked: what it has running ends too.
    LeakedApiKey,
    Project,
    Organization,
    /// There is a new version of a price, which belongs to no organization.
    Price,
}

impl Kind {
    const ALL: [Self; 5] = [Self::ApiKey, Self::LeakedApiKey, Self::Project, Self::Organization, Self::Price];

    const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::LeakedApiKey => "leaked_api_key",
            Self::Project => "project",
            Self::Organization => "organization",
            Self::Price => "price",
        }
    }
}

impl FromStr for Kind {
    type Err = ServiceError;

    fn from_str(text: &str) -> ServiceResult<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| ServiceError::Internal(format!("no kind of change: {text:?}")))
    }
}

/// A thing that changed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Change {
    pub kind: Kind,
    pub organization_id: OrganizationId,
    /// The id of the thing itself.
    pub subject_id: Uuid,
}

/// Announcements that are stored by one statement.
const AT_ONCE: usize = 500;

/// Announces that these things of one organization changed, to all servers, as soon as the transaction commits. The last
/// that a transaction does.
pub(crate) async fn announce(
    transaction: &impl ConnectionTrait,
    now: Timestamp,
    organization: OrganizationId,
    subjects: Vec<(Kind, Uuid)>,
) -> ServiceResult<()> {
    for subjects in subjects.chunks(AT_ONCE) {
        let rows = subjects.iter().map(|(kind, subject)| changes::ActiveModel {
            at: Set(now.millis()),
            kind: Set(kind.name().to_owned()),
            organization_id: Set(organization.uuid()),
            subject_id: Set(*subject),
            ..Default::default()
        });
        changes::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}
