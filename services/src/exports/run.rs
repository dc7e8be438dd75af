//! Writes a file within a job, with its progress.

use std::time::{Duration, Instant};

use domain::{
    exports::{ExportState, NewExport},
    ids::{ExportId, OrganizationId, UserId},
    notifications::Notice,
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};

use super::{
    MAX_STORED_BYTES,
    content::{CHUNK_BYTES, delete_chunks, insert_chunk},
    folder::{ExportFolder, PartFile},
    policy, rows, scope,
    start::expiration,
};
use crate::{
    Actor, ServiceError, ServiceResult, Services, accounts,
    database::DatabaseTransaction,
    entities::exports,
    jobs::Job,
    notifications::{self, Delivery},
    projects,
};

/// How often the progress of a file is stored, which is also how soon its writing ends once it is canceled.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);
/// Time after which a page that showed the progress counts as left.
const UNWATCHED_MILLIS: i64 = 12_000;
/// The reason that a member reads for a file that the server has no place for.
const NOT_CREATED: &str = "The server couldn't create the file. Tell its operator, or download the file directly.";

/// An attempt at a file.
pub struct ExportRun {
    services: Services,
    organization: OrganizationId,
    id: ExportId,
    user: UserId,
    new: NewExport,
    started_at: Timestamp,
    attempt: i32,
    target: ContentTarget,
    /// Content that isn't stored yet.
    pending: Vec<u8>,
    rows: i64,
    bytes: i64,
    stored_at: Instant,
}

#[derive(Debug)]
enum ContentTarget {
    File(PartFile),
    /// The next chunk's number.
    Chunks(i32),
}

/// Whether an attempt goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum WriteOutcome {
    Stored,
    /// The export was canceled, or another attempt writes it.
    Stopped,
}

impl ExportRun {
    /// Begins the next attempt at the export of `job`, for the member who started it. `None` if it was canceled or is over.
    ///
    /// # Errors
    /// The member isn't one any more: not found.
    pub async fn begin(services: &Services, folder: &ExportFolder, job: &Job) -> ServiceResult<Option<(Self, Actor)>> {
        let id: ExportId = job.cause().parse().map_err(|error| ServiceError::Internal(format!("export: {error}")))?;
        let organization = job.organization().ok_or(ServiceError::NotFound)?;
        let transaction = services.database.begin().await?;
        let started = exports::Entity::update_many()
            .col_expr(exports::Column::State, Expr::value(ExportState::Running.name()))
            .col_expr(exports::Column::Attempt, Expr::col(exports::Column::Attempt).add(1))
            .col_expr(exports::Column::Rows, Expr::value(0_i64))
            .col_expr(exports::Column::Bytes, Expr::value(0_i64))
            .filter(exports::Column::OrganizationId.eq(organization.uuid()))
            .filter(exports::Column::Id.eq(id.uuid()))
            .filter(exports::Column::State.is_in([ExportState::Waiting, ExportState::Running].map(ExportState::name)))
            .filter(exports::Column::ExpiresAt.gt(services.now().millis()))
            .exec(&transaction)
            .await?;
        if started.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(None);
        }
        delete_chunks(&transaction, organization, id).await?;
        let row = exports::Entity::find_by_id((organization.uuid(), id.uuid())).one(&transaction).await?;
        let row = row.ok_or(ServiceError::NotFound)?;
        transaction.commit().await?;
        let user = UserId::new(row.user_id);
        let (attempt, query) = (row.attempt, row.query.clone());
        let export = rows::to_export(row)?;
        let mut run = Self {
            services: services.clone(),
            organization,
            id,
            user,
            new: NewExport { source: export.source, format: export.format, query },
            started_at: export.created_at,
            attempt,
            target: ContentTarget::Chunks(0),
            pending: Vec::with_capacity(CHUNK_BYTES),
            rows: 0,
            bytes: 0,
            stored_at: Instant::now(),
        };
        if !services.database.is_postgres() {
            match folder.create(id, attempt).await {
                Ok(file) => run.target = ContentTarget::File(file),
                Err(error) => {
                    if job.attempt() >= policy().max_attempts {
                        run.fail(NOT_CREATED).await?;
                    }
                    return Err(error);
                }
            }
        }
        let actor = match accounts::absent_member(services, organization, user).await {
            Ok(actor) => actor,
            Err(error) => {
                run.fail("You are no longer a member of the organization.").await?;
                return Err(error);
            }
        };
        match run.store_scope(&actor).await {
            // Who may no longer see any of the data learns it when the file's query is read.
            Ok(()) | Err(ServiceError::Forbidden(_)) => Ok(Some((run, actor))),
            Err(error) => Err(error),
        }
    }

    /// Stores the projects of which this attempt writes, by which the file is given out: they may have become more since the
    /// export was started.
    async fn store_scope(&self, actor: &Actor) -> ServiceResult<()> {
        let transaction = self.services.database.begin().await?;
        let reached = projects::scope(&transaction, actor, self.new.source.permission()).await?;
        self.update()
            .col_expr(exports::Column::Scope, Expr::value(scope::to_text(&reached)))
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// The file that is wanted.
    pub fn new_export(&self) -> &NewExport {
        &self.new
    }

    /// The time at which the member wanted it.
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Appends a part of the file with this number of rows.
    pub async fn write(&mut self, mut part: &[u8], rows: u64) -> ServiceResult<WriteOutcome> {
        self.rows = self.rows.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
        while !part.is_empty() {
            let room = CHUNK_BYTES - self.pending.len();
            let (now, later) = part.split_at(room.min(part.len()));
            self.pending.extend_from_slice(now);
            part = later;
            if self.pending.len() == CHUNK_BYTES && self.store_pending().await? == WriteOutcome::Stopped {
                return Ok(WriteOutcome::Stopped);
            }
        }
        if self.stored_at.elapsed() >= PROGRESS_INTERVAL {
            let transaction = self.services.database.begin().await?;
            return self.store_progress(transaction).await;
        }
        Ok(WriteOutcome::Stored)
    }

    /// Stores the rest and makes the file ready. A member whose page was left is notified.
    pub async fn finish(&mut self) -> ServiceResult<WriteOutcome> {
        if !self.pending.is_empty() && self.store_pending().await? == WriteOutcome::Stopped {
            return Ok(WriteOutcome::Stopped);
        }
        if let ContentTarget::File(file) = &self.target {
            file.sync().await?;
        }
        let now = self.services.now();
        let until = expiration(now);
        let transaction = self.services.database.begin().await?;
        let ended = self
            .update()
            .col_expr(exports::Column::State, Expr::value(ExportState::Ready.name()))
            .col_expr(exports::Column::Rows, Expr::value(self.rows))
            .col_expr(exports::Column::Bytes, Expr::value(self.bytes))
            .col_expr(exports::Column::FinishedAt, Expr::value(now.millis()))
            .col_expr(exports::Column::ExpiresAt, Expr::value(until.millis()))
            .exec(&transaction)
            .await?;
        if ended.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(WriteOutcome::Stopped);
        }
        // Only once it is certain that the file is wanted. If the commit fails, the next attempt replaces it.
        if let ContentTarget::File(file) = &self.target {
            file.publish().await?;
        }
        if self.is_unwatched(&transaction, now.millis()).await? {
            let rows = self.rows.unsigned_abs();
            let notice = Notice::ExportReady { export: self.id, source: self.new.source, rows, until };
            let delivery = Delivery { users: vec![self.user], occasion: format!("export/{}", self.id), notice };
            notifications::deliver(&transaction, now, self.organization, vec![delivery]).await?;
        }
        transaction.commit().await?;
        Ok(WriteOutcome::Stored)
    }

    /// Ends the export without a file; `reason` is for the member.
    pub async fn fail(&self, reason: &str) -> ServiceResult<()> {
        let transaction = self.services.database.begin().await?;
        self.update()
            .col_expr(exports::Column::State, Expr::value(ExportState::Failed.name()))
            .col_expr(exports::Column::Error, Expr::value(reason))
            .col_expr(exports::Column::Bytes, Expr::value(0_i64))
            .col_expr(exports::Column::FinishedAt, Expr::value(self.services.now().millis()))
            .exec(&transaction)
            .await?;
        delete_chunks(&transaction, self.organization, self.id).await?;
        Ok(transaction.commit().await?)
    }

    async fn store_pending(&mut self) -> ServiceResult<WriteOutcome> {
        let content = std::mem::replace(&mut self.pending, Vec::with_capacity(CHUNK_BYTES));
        self.bytes = self.bytes.saturating_add(i64::try_from(content.len()).unwrap_or(i64::MAX));
        if self.bytes > MAX_STORED_BYTES {
            self.fail("The file is longer than 4 GB. Choose a shorter range, or download the file directly.").await?;
            return Ok(WriteOutcome::Stopped);
        }
        match &mut self.target {
            ContentTarget::File(file) => {
                file.append(content).await?;
                Ok(WriteOutcome::Stored)
            }
            ContentTarget::Chunks(number) => {
                let (number, next) = (*number, *number + 1);
                let transaction = self.services.database.begin().await?;
                insert_chunk(&transaction, self.organization, self.id, number, &content).await?;
                self.target = ContentTarget::Chunks(next);
                // In the same transaction: an attempt that has lost the export to another adds no chunk to it.
                self.store_progress(transaction).await
            }
        }
    }

    /// Stores the progress, and commits if the export still is this attempt's.
    async fn store_progress(&mut self, transaction: DatabaseTransaction) -> ServiceResult<WriteOutcome> {
        let updated = self
            .update()
            .col_expr(exports::Column::Rows, Expr::value(self.rows))
            .col_expr(exports::Column::Bytes, Expr::value(self.bytes))
            .exec(&transaction)
            .await?;
        if updated.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(WriteOutcome::Stopped);
        }
        transaction.commit().await?;
        self.stored_at = Instant::now();
        Ok(WriteOutcome::Stored)
    }

    /// An update of the row, as long as this attempt writes the file.
    fn update(&self) -> sea_orm::UpdateMany<exports::Entity> {
        exports::Entity::update_many()
            .filter(exports::Column::OrganizationId.eq(self.organization.uuid()))
            .filter(exports::Column::Id.eq(self.id.uuid()))
            .filter(exports::Column::Attempt.eq(self.attempt))
            .filter(exports::Column::State.eq(ExportState::Running.name()))
    }

    /// Whether no page has shown the progress lately, and the member has an inbox.
    async fn is_unwatched(&self, transaction: &DatabaseTransaction, now: i64) -> ServiceResult<bool> {
        let row = exports::Entity::find_by_id((self.organization.uuid(), self.id.uuid())).one(transaction).await?;
        if row.is_none_or(|row| now - row.watched_at < UNWATCHED_MILLIS) {
            return Ok(false);
        }
        let actor = accounts::absent_member(&self.services, self.organization, self.user).await?;
        Ok(actor.reach(Permission::ViewNotifications).is_ok())
    }
}
