//! Views of usage and log that members saved under a name.
//!
//! A personal view exists only for the member who saved it, and a shared one for all members who see its page. A view is an address: it
//! shows each member what they may see. Shared views are in the audit log, personal ones aren't.

use domain::{
    errors::FieldErrors,
    ids::{OrganizationId, SavedViewId, UserId},
    permissions::Permission,
    saved_views::{MAX_SAVED_VIEWS, NewSavedView, SHARE_VIEWS, SavedView, SavedViewChanges, ViewedPage},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Actor, ServiceError, ServiceResult, Services, audit::AuditEvent, audited_change::AuditedChange,
    entities::saved_views, random,
};

/// Most views that are listed: a member's own, and the shared ones of others.
const MAX_LISTED: u64 = 1_000;

/// Lists the views that the actor sees, by name.
pub async fn list(services: &Services, actor: &Actor) -> ServiceResult<Vec<SavedView>> {
    let user = member(actor)?;
    let pages: Vec<&str> = ViewedPage::ALL
        .into_iter()
        .filter(|page| actor.reach(page.permission()).is_ok())
        .map(ViewedPage::name)
        .collect();
    let rows = visible(actor.organization.id, user)
        .filter(saved_views::Column::Page.is_in(pages))
        .order_by_asc(saved_views::Column::Name)
        .order_by_asc(saved_views::Column::Id)
        .limit(MAX_LISTED)
        .all(services.database.read())
        .await?;
    Ok(rows.into_iter().filter_map(|row| to_view(row, user)).collect())
}

/// Saves a view for the actor, or for all members.
///
/// # Errors
/// The actor doesn't see the page, or may not share; they have too many views.
pub async fn create(services: &Services, actor: &Actor, new: NewSavedView) -> ServiceResult<SavedView> {
    let user = member(actor)?;
    actor.reach(new.page.permission())?;
    let new = new.validated()?;
    let mut change = AuditedChange::begin(services, actor, &[new.page.permission()]).await?;
    if new.shared {
        change.actor().reach(SHARE_VIEWS)?;
    }
    let (organization, transaction) = (actor.organization.id, change.transaction());
    let own = saved_views::of(organization).filter(saved_views::Column::UserId.eq(user.uuid()));
    let ids = own.select_only().column(saved_views::Column::Id).into_tuple::<Uuid>().all(transaction).await?;
    if ids.len() >= MAX_SAVED_VIEWS {
        let message = format!("You have {MAX_SAVED_VIEWS} views. Delete one first.");
        return Err(FieldErrors::of("name", message).into());
    }
    let row = saved_views::Model {
        organization_id: organization.uuid(),
        id: random::uuid(change.now())?,
        user_id: user.uuid(),
        page: new.page.name().to_owned(),
        name: new.name.clone(),
        query: new.query.clone(),
        shared: new.shared,
        created_at: change.now().millis(),
    };
    saved_views::Entity::insert(saved_views::ActiveModel::from(row.clone()))
        .exec_without_returning(transaction)
        .await?;
    if row.shared {
        let event = AuditEvent::new("saved_view.created", "saved_view", SavedViewId::new(row.id));
        change.record(event.after(audited(&row))?);
    }
    change.commit().await?;
    to_view(row, user).ok_or(ServiceError::NotFound)
}

/// Renames a view, shares it, or ends that. A view that is shared no more is the personal one of the member who saved it.
///
/// # Errors
/// The actor doesn't see the view: not found. It is or gets shared, and they may not share.
pub async fn edit(services: &Services, actor: &Actor, id: SavedViewId, changes: SavedViewChanges) -> ServiceResult<()> {
    let changes = changes.validated()?;
    let (mut change, before) = begin(services, actor, id).await?;
    let after = saved_views::Model {
        name: changes.name.unwrap_or_else(|| before.name.clone()),
        shared: changes.shared.unwrap_or(before.shared),
        ..before.clone()
    };
    if after.shared {
        change.actor().reach(SHARE_VIEWS)?;
    }
    saved_views::Entity::update_many()
        .col_expr(saved_views::Column::Name, Expr::value(after.name.clone()))
        .col_expr(saved_views::Column::Shared, Expr::value(after.shared))
        .filter(saved_views::Column::OrganizationId.eq(before.organization_id))
        .filter(saved_views::Column::Id.eq(id.uuid()))
        .exec(change.transaction())
        .await?;
    if (before.shared || after.shared) && before != after {
        let event = AuditEvent::new("saved_view.changed", "saved_view", id);
        change.record(event.before(audited(&before))?.after(audited(&after))?);
    }
    change.commit().await
}

/// Deletes a view.
///
/// # Errors
/// The actor doesn't see the view: not found. It is shared, and they may not share.
pub async fn delete(services: &Services, actor: &Actor, id: SavedViewId) -> ServiceResult<()> {
    let (mut change, row) = begin(services, actor, id).await?;
    saved_views::Entity::delete_by_id((row.organization_id, row.id)).exec(change.transaction()).await?;
    if row.shared {
        change.record(AuditEvent::new("saved_view.deleted", "saved_view", id).before(audited(&row))?);
    }
    change.commit().await
}

/// Begins a change of a view that the actor sees, and may change if it is shared.
async fn begin(
    services: &Services,
    actor: &Actor,
    id: SavedViewId,
) -> ServiceResult<(AuditedChange, saved_views::Model)> {
    let user = member(actor)?;
    let change = AuditedChange::begin(services, actor, &ViewedPage::ALL.map(ViewedPage::permission)).await?;
    let row = visible(actor.organization.id, user)
        .filter(saved_views::Column::Id.eq(id.uuid()))
        .one(change.transaction())
        .await?
        .ok_or(ServiceError::NotFound)?;
    let page: Option<ViewedPage> = row.page.parse().ok();
    if page.is_none_or(|page| change.actor().reach(page.permission()).is_err()) {
        return Err(ServiceError::NotFound);
    }
    if row.shared {
        change.actor().reach(SHARE_VIEWS)?;
    }
    Ok((change, row))
}

/// The member's own views, and the shared ones.
fn visible(organization: OrganizationId, user: UserId) -> Select<saved_views::Entity> {
    saved_views::of(organization).filter(
        Condition::any().add(saved_views::Column::UserId.eq(user.uuid())).add(saved_views::Column::Shared.eq(true)),
    )
}

/// Converts a row; `None` for the page of a newer server.
fn to_view(row: saved_views::Model, user: UserId) -> Option<SavedView> {
    Some(SavedView {
        id: SavedViewId::new(row.id),
        page: row.page.parse().ok()?,
        name: row.name,
        query: row.query,
        shared: row.shared,
        own: row.user_id == user.uuid(),
    })
}

fn audited(row: &saved_views::Model) -> serde_json::Value {
    json!({ "page": row.page, "name": row.name, "query": row.query, "shared": row.shared })
}

/// The member whose views are the actor's.
fn member(actor: &Actor) -> ServiceResult<UserId> {
    // All roles see one of the pages; a caller without any isn't told of views.
    actor.reach(Permission::ViewUsage).or_else(|_| actor.reach(Permission::ViewLogs))?;
    actor.user_id().ok_or_else(|| ServiceError::Forbidden("Only a member has saved views.".to_owned()))
}
