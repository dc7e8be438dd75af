//! Versions of inboxes: each change gives an inbox the next version and a new count of unread notifications.

use domain::{
    ids::{OrganizationId, UserId},
    notifications::Unread,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use crate::{
    ServiceResult,
    entities::{inboxes, notifications},
};

/// Reads an inbox's version and unread count. One that never received anything is at version 0.
pub(super) async fn read(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    user: UserId,
) -> ServiceResult<Unread> {
    let inbox = inboxes::Entity::find_by_id((organization.uuid(), user.uuid())).one(database).await?;
    Ok(inbox.map(|inbox| Unread { version: inbox.version, count: inbox.unread }).unwrap_or_default())
}

/// Recounts changed inboxes. Each gets the next version and stays locked until the transaction ends: the
/// changes of an inbox are ordered as they are committed.
///
/// `users` are sorted, so that transactions that change the same inboxes can't deadlock.
pub(super) async fn advance(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    users: &[UserId],
) -> ServiceResult<()> {
    if users.is_empty() {
        return Ok(());
    }
    let row = |user: &UserId| inboxes::ActiveModel {
        organization_id: Set(organization.uuid()),
        user_id: Set(user.uuid()),
        version: Set(1),
        unread: Set(0),
    };
    let (organization_id, user_id) = (inboxes::Column::OrganizationId, inboxes::Column::UserId);
    let next = Expr::col((inboxes::Entity, inboxes::Column::Version)).add(1);
    let on_conflict = OnConflict::columns([organization_id, user_id]).value(inboxes::Column::Version, next).to_owned();
    inboxes::Entity::insert_many(users.iter().map(row))
        .on_conflict(on_conflict)
        .exec_without_returning(database)
        .await?;

    // A separate statement: on PostgreSQL it sees commits made while the one above waited for the lock.
    let unread = Query::select()
        .expr(Expr::col(notifications::Column::Id).count())
        .from(notifications::Entity)
        .and_where(Expr::col((notifications::Entity, notifications::Column::OrganizationId)).eq(organization.uuid()))
        .and_where(Expr::col((notifications::Entity, notifications::Column::UserId)).equals((inboxes::Entity, user_id)))
        .and_where(Expr::col((notifications::Entity, notifications::Column::ReadAt)).is_null())
        .to_owned();
    inboxes::Entity::update_many()
        .col_expr(inboxes::Column::Unread, Expr::SubQuery(None, Box::new(unread.into())))
        .filter(organization_id.eq(organization.uuid()))
        .filter(user_id.is_in(users.iter().map(|user| user.uuid())))
        .exec(database)
        .await?;
    Ok(())
}
