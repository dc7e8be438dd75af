//! Limits of an organization and its projects. A key's are set with the key.

use domain::{
    errors::FieldErrors,
    ids::{OrganizationId, ProjectId},
    permissions::Permission,
    rate_limits::RateLimits,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::{most_of_row, of_row};
use crate::{
    Actor, ServiceError, ServiceResult, Services, Who,
    audit::Deed,
    audited_change::Acting,
    changes::Kind,
    database::DatabaseTransaction,
    entities::{organizations, projects},
};

/// The limits of a project, or of the actor's organization.
pub async fn get(services: &Services, actor: &Actor, project: Option<ProjectId>) -> ServiceResult<RateLimits> {
    actor.reach(Permission::ManageSettings)?;
    let database = services.database.read();
    let organization = actor.organization.id;
    let limits = match project {
        Some(id) => {
            let row = projects::of(organization).filter(projects::Column::Id.eq(id.uuid())).one(database).await?;
            row.map(|row| of_row(row.calls_per_minute, row.tokens_per_minute))
        }
        None => {
            let row = organizations::Entity::find_by_id(organization.uuid()).one(database).await?;
            row.map(|row| of_row(row.calls_per_minute, row.tokens_per_minute))
        }
    };
    limits.ok_or(ServiceError::NotFound)
}

/// Limits a project, or the actor's organization, on every server within a second.
pub async fn set(
    services: &Services,
    actor: &Actor,
    project: Option<ProjectId>,
    limits: RateLimits,
) -> ServiceResult<()> {
    actor.reach(Permission::ManageSettings)?;
    let limits = limits.validated()?;
    let organization = actor.organization.id;
    let mut acting = Acting::begin(services, actor, &[Permission::ManageSettings]).await?;
    let transaction = acting.transaction();
    let (unchanged, before, deed, kind, subject) = match project {
        Some(id) => {
            let before = of_project(transaction, organization, id, limits).await?;
            (before == limits, before, Deed::new("project.limits_changed", "project", id), Kind::Project, id.uuid())
        }
        None => {
            let (unchanged, before) = of_organization(transaction, actor, limits).await?;
            let deed = Deed::new("organization.limits_changed", "organization", organization);
            (unchanged, before, deed, Kind::Organization, organization.uuid())
        }
    };
    if unchanged {
        return acting.abandon().await;
    }
    acting.announce(kind, [subject]);
    acting.tell(deed.before(before)?.after(limits)?);
    acting.commit().await
}

/// Sets them, and tells what they were.
async fn of_project(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    id: ProjectId,
    limits: RateLimits,
) -> ServiceResult<RateLimits> {
    let its = projects::Column::Id.eq(id.uuid());
    let row = projects::of(organization).filter(its.clone()).lock_exclusive().one(transaction).await?;
    let row = row.ok_or(ServiceError::NotFound)?;
    projects::Entity::update_many()
        .col_expr(projects::Column::CallsPerMinute, stored(limits.calls_per_minute))
        .col_expr(projects::Column::TokensPerMinute, stored(limits.tokens_per_minute))
        .filter(projects::Column::OrganizationId.eq(organization.uuid()))
        .filter(its)
        .exec(transaction)
        .await?;
    Ok(of_row(row.calls_per_minute, row.tokens_per_minute))
}

/// What the actor's organization can't go beyond.
pub(super) async fn most(services: &Services, actor: &Actor) -> ServiceResult<RateLimits> {
    let id = actor.organization.id.uuid();
    let row = organizations::Entity::find_by_id(id).one(services.database.read()).await?;
    Ok(most_of_row(row.ok_or(ServiceError::NotFound)?.most_calls_per_minute))
}

/// Sets them, and tells whether they were the same, and what they were. Administrators can't go beyond what their
/// organization may at most; what the operator sets is from then on what it may.
async fn of_organization(
    transaction: &DatabaseTransaction,
    actor: &Actor,
    limits: RateLimits,
) -> ServiceResult<(bool, RateLimits)> {
    let id = actor.organization.id;
    let row = organizations::Entity::find_by_id(id.uuid()).lock_exclusive().one(transaction).await?;
    let row = row.ok_or(ServiceError::NotFound)?;
    let before = of_row(row.calls_per_minute, row.tokens_per_minute);
    let bound = most_of_row(row.most_calls_per_minute);
    let mut most = bound;
    if matches!(actor.who, Who::CommandLine) && !most.is_none() {
        most = RateLimits { calls_per_minute: limits.calls_per_minute, ..RateLimits::NONE };
    }
    if let Some(most) = most.calls_per_minute
        && limits.calls_per_minute.is_some_and(|calls| calls > most)
    {
        let why = format!("At most {most} a minute here. Whoever runs this hub can allow more.");
        return Err(FieldErrors::of("calls_per_minute", why).into());
    }
    organizations::Entity::update_many()
        .col_expr(organizations::Column::MostCallsPerMinute, stored(most.calls_per_minute))
        .col_expr(organizations::Column::CallsPerMinute, stored(limits.calls_per_minute))
        .col_expr(organizations::Column::TokensPerMinute, stored(limits.tokens_per_minute))
        .filter(organizations::Column::Id.eq(id.uuid()))
        .exec(transaction)
        .await?;
    Ok((before == limits && most == bound, before))
}

fn stored(limit: Option<u32>) -> Expr {
    Expr::value(limit.map(i64::from))
}
