//! Announcements of changes to all servers, which drop the changed things from their caches.
//!
//! A change is announced in its own transaction; each server's [`Watcher`] reads the announcements four times
//! a second. That works alike for several servers on PostgreSQL and for a command next to a server on SQLite.

mod watcher;

use std::str::FromStr;

use domain::{ids::OrganizationId, time::Timestamp};
use futures::future::BoxFuture;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

pub use watcher::{Watcher, WatcherEvent};

use crate::{ServiceError, ServiceResult, Services, entities::changes};

/// The kind of a changed thing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ChangeKind {
    ApiKey,
    /// A key was disabled because it leaked, so its running calls end too.
    LeakedApiKey,
    Project,
    Organization,
    /// A price got a new version; prices belong to no organization.
    Price,
    /// Jobs were enqueued.
    Jobs,
}

impl ChangeKind {
    const ALL: [Self; 6] =
        [Self::ApiKey, Self::LeakedApiKey, Self::Project, Self::Organization, Self::Price, Self::Jobs];

    const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::LeakedApiKey => "leaked_api_key",
            Self::Project => "project",
            Self::Organization => "organization",
            Self::Price => "price",
            Self::Jobs => "jobs",
        }
    }
}

impl FromStr for ChangeKind {
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
    pub kind: ChangeKind,
    pub organization_id: OrganizationId,
    /// Id of the thing itself.
    pub subject_id: Uuid,
}

/// A part of [`Services`] that each [`Watcher`] notifies when things of one kind change, such as a cache.
#[derive(Clone, Copy)]
pub(crate) struct ChangeListener {
    pub(crate) kind: ChangeKind,
    /// Takes up all changes. If it fails, it is called again with the next poll.
    pub(crate) respond: fn(&Services) -> BoxFuture<'_, ServiceResult<()>>,
}

/// Maximum number of announcements inserted by one statement.
const BATCH_SIZE: usize = 500;

/// Announces changes of one organization to all servers, effective when the transaction commits. Should be
/// the last step of the transaction.
pub(crate) async fn announce(
    transaction: &impl ConnectionTrait,
    now: Timestamp,
    organization: OrganizationId,
    subjects: Vec<(ChangeKind, Uuid)>,
) -> ServiceResult<()> {
    for subjects in subjects.chunks(BATCH_SIZE) {
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
