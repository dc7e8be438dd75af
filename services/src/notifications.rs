//! Members' inboxes, one in each of their organizations.

mod versions;

use domain::{
    errors::FieldErrors,
    ids::{NotificationId, OrganizationId, UserId},
    notifications::{InboxPage, Notice, Notification, PAGE_SIZE, Unread},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Actor, ServiceError, ServiceResult, Services, audited_change::AuditedChange, database::DatabaseTransaction,
    entities::notifications, random,
};

/// Maximum number of notifications that can be marked by their ids at once.
const MAX_MARKED: usize = 500;

/// Lists a page of the actor's inbox, newest first, optionally only notifications older than `before`, or
/// only unread ones.
pub async fn list(
    services: &Services,
    actor: &Actor,
    unread_only: bool,
    before: Option<NotificationId>,
) -> ServiceResult<InboxPage> {
    let user = owner(actor)?;
    // Read before the page, so that the page is never older than its version.
    let unread = unread(services, actor).await?;
    let mut page = notifications::of(actor.organization.id, user)
        .order_by_desc(notifications::Column::Id)
        .limit(u64::from(PAGE_SIZE) + 1);
    if let Some(before) = before {
        page = page.filter(notifications::Column::Id.lt(before.uuid()));
    }
    if unread_only {
        page = page.filter(notifications::Column::ReadAt.is_null());
    }
    let rows = page.all(services.database.read()).await?;
    let more = rows.len() > PAGE_SIZE as usize;
    let notifications = rows.into_iter().take(PAGE_SIZE as usize).map(to_notification).collect::<ServiceResult<_>>()?;
    Ok(InboxPage { unread, notifications, more })
}

/// Counts the actor's unread notifications.
pub async fn unread(services: &Services, actor: &Actor) -> ServiceResult<Unread> {
    versions::read(services.database.read(), actor.organization.id, owner(actor)?).await
}

/// Marks these of the actor's notifications as read or unread; without ids, all. Ignores those of other
/// members. Returns the unread count afterwards.
pub async fn mark(
    services: &Services,
    actor: &Actor,
    ids: Option<&[NotificationId]>,
    read: bool,
) -> ServiceResult<Unread> {
    let (organization, user) = (actor.organization.id, owner(actor)?);
    let read_at = notifications::Column::ReadAt;
    let (is_to_change, at) =
        if read { (read_at.is_null(), Some(services.now().millis())) } else { (read_at.is_not_null(), None) };
    let mut update = notifications::Entity::update_many()
        .col_expr(read_at, Expr::value(at))
        .filter(notifications::Column::OrganizationId.eq(organization.uuid()))
        .filter(notifications::Column::UserId.eq(user.uuid()))
        .filter(is_to_change);
    if let Some(ids) = ids {
        if ids.len() > MAX_MARKED {
            return Err(FieldErrors::of("ids", format!("Mark at most {MAX_MARKED} notifications per request.")).into());
        }
        update = update.filter(notifications::Column::Id.is_in(ids.iter().map(|id| id.uuid())));
    }
    let change = AuditedChange::begin(services, actor, &[Permission::ViewNotifications]).await?;
    update.exec(change.transaction()).await?;
    versions::advance(change.transaction(), organization, &[user]).await?;
    let unread = versions::read(change.transaction(), organization, user).await?;
    change.commit().await?;
    Ok(unread)
}

/// A notice for several inboxes.
pub(crate) struct Delivery {
    pub(crate) users: Vec<UserId>,
    /// Identifies the event: each user gets one notification for it, however often and by however many
    /// servers it is sent.
    pub(crate) occasion: String,
    pub(crate) notice: Notice,
}

/// Delivers notices to inboxes. Takes all deliveries of a transaction to an organization at once, since it
/// locks the inboxes.
pub(crate) async fn deliver(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    deliveries: Vec<Delivery>,
) -> ServiceResult<()> {
    let mut recipients = Vec::new();
    for delivery in deliveries {
        recipients.extend(insert(transaction, now, organization, delivery).await?);
    }
    recipients.sort_unstable();
    recipients.dedup();
    versions::advance(transaction, organization, &recipients).await
}

/// Stores a notice for the users who haven't had it yet; returns those.
async fn insert(
    database: &impl ConnectionTrait,
    now: Timestamp,
    organization: OrganizationId,
    Delivery { mut users, occasion, notice }: Delivery,
) -> ServiceResult<Vec<UserId>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let notice = serde_json::to_value(notice).map_err(|error| ServiceError::Internal(format!("notice: {error}")))?;
    // Always in one order, so that concurrent inserts can't deadlock.
    users.sort_unstable();
    let row = |user: UserId| {
        Ok(notifications::ActiveModel {
            organization_id: Set(organization.uuid()),
            user_id: Set(user.uuid()),
            id: Set(random::uuid(now)?),
            occasion: Set(occasion.clone()),
            notice: Set(notice.clone()),
            at: Set(now.millis()),
            read_at: Set(None),
        })
    };
    let rows = users.into_iter().map(row).collect::<ServiceResult<Vec<_>>>()?;
    let ignore_known = OnConflict::columns([
        notifications::Column::OrganizationId,
        notifications::Column::UserId,
        notifications::Column::Occasion,
    ])
    .do_nothing()
    .to_owned();
    let inserted =
        notifications::Entity::insert_many(rows).on_conflict(ignore_known).exec_with_returning_keys(database).await?;
    Ok(inserted.into_iter().map(|(_, user, _)| UserId::new(user)).collect())
}

/// The member whose inbox is the actor's.
fn owner(actor: &Actor) -> ServiceResult<UserId> {
    actor.reach(Permission::ViewNotifications)?;
    actor.user_id().ok_or_else(|| ServiceError::Forbidden("Only a member has an inbox.".to_owned()))
}

fn to_notification(row: notifications::Model) -> ServiceResult<Notification> {
    let unreadable = |error| ServiceError::Internal(format!("a stored notice can't be read: {error}"));
    Ok(Notification {
        id: NotificationId::new(row.id),
        at: Timestamp::from_millis(row.at),
        read: row.read_at.is_some(),
        notice: serde_json::from_value(row.notice).map_err(unreadable)?,
    })
}
