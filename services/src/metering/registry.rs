//! The database's list of journals, by which one that waits on a machine without a server is found, and the database's id, by
//! which a journal is stored in no other database.

use std::{
    path::{Path, absolute},
    sync::Arc,
    time::Duration,
};

use domain::time::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde::Serialize;
use uuid::Uuid;

use super::journal::Folder;
use crate::{
    Clock, Database, ServiceError, ServiceResult, Services,
    entities::{
        installation,
        journals::{ActiveModel, Column, Entity, Model},
    },
};

/// How often a server reports that it runs.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(30);
/// Age of the last report from which a journal counts as abandoned, in milliseconds.
const ABANDONED_AFTER_MS: i64 = 5 * 60 * 1000;

/// The list of journals, as one server uses it.
#[derive(Clone)]
pub(super) struct JournalRegistry {
    /// Id of the database.
    pub(super) installation: Uuid,
    database: Database,
    clock: Arc<dyn Clock>,
}

/// A journal whose server has ended, and which no other has taken over: its calls are missing in the figures.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AbandonedJournal {
    pub host: String,
    pub folder: String,
    /// When its server last reported that it runs.
    pub seen_at: Timestamp,
}

impl JournalRegistry {
    /// Reads the database's id.
    ///
    /// # Errors
    /// The database doesn't answer.
    pub(super) async fn open(services: &Services) -> ServiceResult<Self> {
        let database = services.database.clone();
        let row = installation::Entity::find().one(database.control().read()).await?;
        let row = row.ok_or_else(|| ServiceError::Internal("the database has no identity".to_owned()))?;
        Ok(Self { installation: row.id, database, clock: Arc::clone(&services.clock) })
    }

    /// Adds a new journal.
    ///
    /// # Errors
    /// The database doesn't answer.
    pub(super) async fn add(&self, folder: &Folder) -> ServiceResult<()> {
        let now = self.clock.now().millis();
        // Readable from wherever another process runs. Only an empty path has no absolute one.
        let path = absolute(folder.path()).unwrap_or_else(|_| folder.path().to_owned());
        let row = ActiveModel {
            name: Set(folder.name()),
            host: Set(host()),
            folder: Set(path.display().to_string()),
            started_at: Set(now),
            seen_at: Set(now),
        };
        let transaction = self.database.control().begin().await?;
        Entity::insert(row).exec_without_returning(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes this machine's abandoned journals whose folders are gone, since their servers could remove only those.
    ///
    /// # Errors
    /// The database doesn't answer.
    pub(super) async fn remove_missing(&self) -> ServiceResult<()> {
        let rows = Entity::find().filter(Column::Host.eq(host())).filter(is_abandoned(self.clock.now()));
        let rows = rows.all(self.database.control().read()).await?;
        let missing = rows.into_iter().filter(|row| !Path::new(&row.folder).exists()).map(|row| row.name);
        let missing: Vec<String> = missing.collect();
        if missing.is_empty() {
            return Ok(());
        }
        let transaction = self.database.control().begin().await?;
        Entity::delete_many().filter(Column::Name.is_in(missing)).exec(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Reports that the journal's server runs.
    ///
    /// # Errors
    /// The database doesn't answer.
    pub(super) async fn report(&self, folder: &Folder) -> ServiceResult<()> {
        let transaction = self.database.control().begin().await?;
        Entity::update_many()
            .col_expr(Column::SeenAt, Expr::value(self.clock.now().millis()))
            .filter(Column::Name.eq(folder.name()))
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Removes a journal whose calls are all stored.
    ///
    /// # Errors
    /// The database doesn't answer.
    pub(super) async fn remove(&self, folder: &Folder) -> ServiceResult<()> {
        let transaction = self.database.control().begin().await?;
        Entity::delete_by_id(folder.name()).exec(&transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// The machine's name.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The condition that a journal's server hasn't reported for long.
fn is_abandoned(now: Timestamp) -> Expr {
    Column::SeenAt.lt(now.millis() - ABANDONED_AFTER_MS)
}

/// Lists the journals whose servers haven't reported for five minutes, the oldest first. A server that is started with their
/// folder stores their calls.
///
/// # Errors
/// The database doesn't answer.
pub async fn abandoned_journals(services: &Services) -> ServiceResult<Vec<AbandonedJournal>> {
    let rows = Entity::find()
        .filter(is_abandoned(services.now()))
        .order_by_asc(Column::SeenAt)
        .all(services.database.control().read())
        .await?;
    let journal = |row: Model| AbandonedJournal {
        host: row.host,
        folder: row.folder,
        seen_at: Timestamp::from_millis(row.seen_at),
    };
    Ok(rows.into_iter().map(journal).collect())
}
