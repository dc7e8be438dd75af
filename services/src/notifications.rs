//! Everybody's inbox: what members are told, in each of their organizations.

mod versions;

use domain::{
    errors::FieldErrors,
    ids::{NotificationId, OrganizationId, UserId},
    notifications::{Inbox, Notice, Notification, PAGE_SIZE, Unread},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Actor, ServiceError, ServiceResult, Services, audited_change::Acting, database::DatabaseTransaction,
    entities::notifications, random,
};

/// How many notifications can be marked by their ids at once.
const MOST_MARKED: usize = 500;

/// A page of the asker's inbox, the newest first, or those older than `before`; all of them, or only those that aren't
/// read.
pub async fn list(
    services: &Services,
    actor: &Actor,
    unread_only: bool,
    before: Option<NotificationId>,
) -> ServiceResult<Inbox> {
    let user = owner(actor)?;
    // Before the page, which so is never older than the version it goes under.
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
    let notifications = rows.into_iter().take(PAGE_SIZE as usize).map(shown).collect::<ServiceResult<_>>()?;
    Ok(Inbox { unread, notifications, more })
}

/// How many of the asker's notifications aren't read.
pub async fn unread(services: &Services, actor: &Actor) -> ServiceResult<Unread> {
    versions::read(services.database.read(), actor.organization.id, owner(actor)?).await
}

/// Marks these of the asker's notifications as read or unread; without ids, all. Others' are left alone. How the inbox
/// stands afterwards.
pub async fn mark(
    services: &Services,
    actor: &Actor,
    ids: Option<&[NotificationId]>,
    read: bool,
) -> ServiceResult<Unread> {
    let (organization, user) = (actor.organization.id, owner(actor)?);
    let read_at = notifications::Column::ReadAt;
    let (wrong, at) =
        if read { (read_at.is_null(), Some(services.now().millis())) } else { (read_at.is_not_null(), None) };
    let mut update = notifications::Entity::update_many()
        .col_expr(read_at, Expr::value(at))
        .filter(notifications::Column::OrganizationId.eq(organization.uuid()))
        .filter(notifications::Column::UserId.eq(user.uuid()))
        .filter(wrong);
    if let Some(ids) = ids {
        if ids.len() > MOST_MARKED {
            return Err(FieldErrors::of("ids", format!("Mark at most {MOST_MARKED} at once.")).into());
        }
        update = update.filter(notifications::Column::Id.is_in(ids.iter().map(|id| id.uuid())));
    }
    let acting = Acting::begin(services, actor, &[Permission::ViewNotifications]).await?;
    update.exec(acting.transaction()).await?;
    versions::advance(acting.transaction(), organization, &[user]).await?;
    let unread = versions::read(acting.transaction(), organization, user).await?;
    acting.commit().await?;
    Ok(unread)
}

/// A notice for some inboxes.
pub(crate) struct Delivery {
    pub(crate) users: Vec<UserId>,
    /// What makes it the same as another, of which each gets one, however often and by however many servers it is sent.
    pub(crate) occasion: String,
    pub(crate) notice: Notice,
}

/// Puts notices into inboxes: all that a transaction has for an organization, since it keeps those inboxes locked.
pub(crate) async fn deliver(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    deliveries: Vec<Delivery>,
) -> ServiceResult<()> {
    let mut reached = Vec::new();
    for delivery in deliveries {
        reached.extend(insert(transaction, now, organization, delivery).await?);
    }
    reached.sort_unstable();
    reached.dedup();
    versions::advance(transaction, organization, &reached).await
}

/// Stores a notice for those who haven't had it yet; who they are.
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
    // Always in the same order, so that two who insert the same at once can't wait for each other.
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
    let known = OnConflict::columns([
        notifications::Column::OrganizationId,
        notifications::Column::UserId,
        notifications::Column::Occasion,
    ])
    .do_nothing()
    .to_owned();
    let inserted =
        notifications::Entity::insert_many(rows).on_conflict(known).exec_with_returning_keys(database).await?;
    Ok(inserted.into_iter().map(|(_, user, _)| UserId::new(user)).collect())
}

/// Whose inbox the asker's is: a member's.
fn owner(actor: &Actor) -> ServiceResult<UserId> {
    actor.reach(Permission::ViewNotifications)?;
    actor.user_id().ok_or_else(|| ServiceError::Forbidden("Only a member has an inbox.".to_owned()))
}

fn shown(row: notifications::Model) -> ServiceResult<Notification> {
    let broken = |error| ServiceError::Internal(format!("a stored notice can't be read: {error}"));
    Ok(Notification {
        id: NotificationId::new(row.id),
        at: Timestamp::from_millis(row.at),
        read: row.read_at.is_some(),
        notice: serde_json::from_value(row.notice).map_err(broken)?,
    })
}
