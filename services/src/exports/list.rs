//! A member's exports of the last day: their progress, and their end.

use domain::{
    exports::{Export, ExportSource, ExportState},
    ids::{ExportId, OrganizationId, UserId},
    permissions::Permission,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::{content, rows};
use crate::{
    Actor, ServiceError, ServiceResult, Services, audited_change::AuditedChange, database::DatabaseTransaction,
    entities::exports,
};

/// Most exports that are listed.
const MAX_LISTED: u64 = 50;

/// How often it is stored that a page shows the progress of exports.
const WATCH_INTERVAL_MILLIS: i64 = 4_000;

/// Lists the actor's exports that haven't expired, newest first. Where a page shows them (`is_watched`), the member needn't be notified of
/// one that gets ready.
pub async fn list(services: &Services, actor: &Actor, is_watched: bool) -> ServiceResult<Vec<Export>> {
    let (organization, user, now) = (actor.organization.id, rows::member(actor)?, services.now().millis());
    let found = exports::of(organization, user)
        .filter(exports::Column::ExpiresAt.gt(now))
        .order_by_desc(exports::Column::Id)
        .limit(MAX_LISTED)
        .all(services.database.read())
        .await?;
    let is_due = |row: &exports::Model| now - row.watched_at >= WATCH_INTERVAL_MILLIS && row.finished_at.is_none();
    if is_watched && found.iter().any(is_due) {
        let change = AuditedChange::begin(services, actor, &permissions()).await?;
        exports::Entity::update_many()
            .col_expr(exports::Column::WatchedAt, Expr::value(change.now().millis()))
            .filter(exports::Column::OrganizationId.eq(organization.uuid()))
            .filter(exports::Column::UserId.eq(user.uuid()))
            .filter(exports::Column::FinishedAt.is_null())
            .exec(change.transaction())
            .await?;
        change.commit().await?;
    }
    found.into_iter().map(rows::to_export).collect()
}

/// Ends one of the actor's exports, or deletes its file if it is ready.
///
/// # Errors
/// It isn't theirs or has expired: not found.
pub async fn cancel(services: &Services, actor: &Actor, id: ExportId) -> ServiceResult<Export> {
    let (organization, user) = (actor.organization.id, rows::member(actor)?);
    find(services, organization, user, id).one(services.database.read()).await?.ok_or(ServiceError::NotFound)?;
    let change = AuditedChange::begin(services, actor, &permissions()).await?;
    set_canceled(services, change.transaction(), (organization, id), change.now().millis()).await?;
    let row = find(services, organization, user, id).one(change.transaction()).await?;
    let export = rows::to_export(row.ok_or(ServiceError::NotFound)?)?;
    change.commit().await?;
    Ok(export)
}

/// A job that writes the file notices when it stores its progress. A file that is ready is deleted now with PostgreSQL; with SQLite it
/// goes with the next upkeep, and its bytes count until then.
async fn set_canceled(
    services: &Services,
    transaction: &DatabaseTransaction,
    (organization, id): (OrganizationId, ExportId),
    now: i64,
) -> ServiceResult<()> {
    let cancel = || {
        exports::Entity::update_many()
            .col_expr(exports::Column::State, Expr::value(ExportState::Canceled.name()))
            .col_expr(exports::Column::FinishedAt, Expr::value(now))
            .filter(exports::Column::OrganizationId.eq(organization.uuid()))
            .filter(exports::Column::Id.eq(id.uuid()))
    };
    let mut deleted = vec![ExportState::Waiting.name(), ExportState::Running.name()];
    if services.database.is_postgres() {
        deleted.push(ExportState::Ready.name());
    }
    cancel()
        .col_expr(exports::Column::Bytes, Expr::value(0_i64))
        .filter(exports::Column::State.is_in(deleted))
        .exec(transaction)
        .await?;
    cancel().filter(exports::Column::State.eq(ExportState::Ready.name())).exec(transaction).await?;
    content::delete_chunks(transaction, organization, id).await
}

fn find(
    services: &Services,
    organization: OrganizationId,
    user: UserId,
    id: ExportId,
) -> sea_orm::Select<exports::Entity> {
    exports::of(organization, user)
        .filter(exports::Column::Id.eq(id.uuid()))
        .filter(exports::Column::ExpiresAt.gt(services.now().millis()))
}

/// The permissions of which whoever has an export has, or had, one.
fn permissions() -> [Permission; ExportSource::ALL.len()] {
    ExportSource::ALL.map(ExportSource::permission)
}
