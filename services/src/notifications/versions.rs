//! How inboxes stand: how many of their notifications aren't read, and after how many changes.

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

/// How an inbox stands. One that nothing has ever come to is at version 0.
pub(super) async fn read(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    user: UserId,
) -> ServiceResult<Unread> {
    let inbox = inboxes::Entity::find_by_id((organization.uuid(), user.uuid())).one(database).await?;
    Ok(inbox.map(|inbox| Unread { version: inbox.version, count: inbox.unread }).unwrap_or_default())
}

/// Counts anew in inboxes that were changed, each of which gets the next version and stays locked until the transaction
/// ends: changes of an inbox have an order, the one in which they are committed.
///
/// `users` are sorted, so that two who change the same inboxes can't wait for each other.
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
    let known = OnConflict::columns([organization_id, user_id]).value(inboxes::Column::Version, next).to_owned();
    inboxes::Entity::insert_many(users.iter().map(row)).on_conflict(known).exec_without_returning(database).await?;

    // A statement of its own: on PostgreSQL it sees what was committed while the one above waited for the lock.
    let unread = Query::select()
        .expr(Expr::col(notifications::Column::Id).count())
        .from(notifications::Entity)
        .and_where(
            Expr::col((notifications::Entity, notifications::Column::OrganizationId))
                .equals((inboxes::Entity, organization_id)),
        )
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
