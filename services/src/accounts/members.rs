//! The memberships of users, and the actors that they are in their organizations.

use std::net::IpAddr;

use domain::{
    accounts::{Membership, Viewer},
    ids::{OrganizationId, UserId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use super::SignedInUser;
use crate::{
    Actor, ActorKind, Organization, ServiceError, ServiceResult, Services,
    entities::{memberships, organizations, users},
};

/// Returns the signed-in user, as every page of the dashboard needs them.
pub async fn viewer(services: &Services, user: &SignedInUser) -> ServiceResult<Viewer> {
    let found = active_memberships(user.user_id)
        .select_also(organizations::Entity)
        .order_by_asc(organizations::Column::Name)
        .order_by_asc(organizations::Column::Slug)
        .all(services.database.read())
        .await?;
    let mut memberships = Vec::with_capacity(found.len());
    for (membership, organization) in found {
        let Some(organization) = organization else { continue };
        memberships.push(Membership {
            id: OrganizationId::new(organization.id),
            name: organization.name,
            slug: organization.slug,
            time_zone: organization.time_zone,
            role: memberships::role(&membership)?,
        });
    }
    let last = memberships.iter().find(|membership| Some(membership.id) == user.last_organization);
    let last_organization = last.or(memberships.first()).map(|membership| membership.slug.clone());
    Ok(Viewer { id: user.user_id, name: user.name.clone(), email: user.email.clone(), memberships, last_organization })
}

/// Returns `user` as an actor in the organization with this `slug`, and stores it as their last one.
///
/// If they aren't a member, the organization is not found.
pub async fn actor(services: &Services, user: &SignedInUser, slug: &str, ip: Option<IpAddr>) -> ServiceResult<Actor> {
    let found = active_memberships(user.user_id)
        .select_also(organizations::Entity)
        .filter(organizations::Column::Slug.eq(slug))
        .one(services.database.read())
        .await?;
    let Some((membership, Some(organization))) = found else { return Err(ServiceError::NotFound) };
    let role = memberships::role(&membership)?;
    let organization = Organization::from(organization);
    if user.last_organization != Some(organization.id) {
        let transaction = services.database.begin().await?;
        users::Entity::update_many()
            .col_expr(users::Column::LastOrganizationId, Expr::value(organization.id.uuid()))
            .filter(users::Column::Id.eq(user.user_id.uuid()))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
    }
    let kind = ActorKind::Member { id: user.user_id, name: user.name.clone(), role, session: Some(user.session_id) };
    Ok(Actor { organization, kind, ip })
}

/// Returns a member as an actor without a session, for what they have started and left.
///
/// # Errors
/// They are no longer a member, or suspended: not found.
pub(crate) async fn absent_member(
    services: &Services,
    organization: OrganizationId,
    user: UserId,
) -> ServiceResult<Actor> {
    let database = services.database.read();
    let found = active_memberships(user)
        .select_also(organizations::Entity)
        .filter(memberships::Column::OrganizationId.eq(organization.uuid()))
        .one(database)
        .await?;
    let Some((membership, Some(organization))) = found else { return Err(ServiceError::NotFound) };
    let name = users::Entity::find_by_id(user.uuid()).one(database).await?.ok_or(ServiceError::NotFound)?.name;
    let kind = ActorKind::Member { id: user, name, role: memberships::role(&membership)?, session: None };
    Ok(Actor { organization: Organization::from(organization), kind, ip: None })
}

/// The memberships of a user that aren't suspended, joined with their organizations.
fn active_memberships(user_id: UserId) -> sea_orm::Select<memberships::Entity> {
    memberships::Entity::find()
        .join(JoinType::InnerJoin, memberships::organization())
        .filter(memberships::Column::UserId.eq(user_id.uuid()))
        .filter(memberships::Column::SuspendedAt.is_null())
}

/// Returns the organizations whose audit logs record what a user does to their account.
pub(super) async fn organizations_of(
    database: &impl ConnectionTrait,
    user_id: UserId,
) -> ServiceResult<Vec<OrganizationId>> {
    let ids = memberships::Entity::find()
        .select_only()
        .column(memberships::Column::OrganizationId)
        .filter(memberships::Column::UserId.eq(user_id.uuid()))
        .into_tuple::<uuid::Uuid>()
        .all(database)
        .await?;
    Ok(ids.into_iter().map(OrganizationId::new).collect())
}

/// Returns the names of the organizations where `user_id` is a member.
pub(super) async fn names_of_organizations(
    database: &impl ConnectionTrait,
    user_id: UserId,
) -> ServiceResult<Vec<String>> {
    let names = memberships::Entity::find()
        .select_only()
        .join(JoinType::InnerJoin, memberships::organization())
        .column(organizations::Column::Name)
        .filter(memberships::Column::UserId.eq(user_id.uuid()))
        .into_tuple::<String>()
        .all(database)
        .await?;
    Ok(names)
}
