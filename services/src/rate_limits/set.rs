//! Limits of an organization and its projects. A key's are set with the key.

use domain::{
    ids::{OrganizationId, ProjectId},
    permissions::Permission,
    rate_limits::RateLimits,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::of_row;
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    audit::{self, Author, Deed},
    changes::{self, Kind},
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
    let now = services.now();
    let organization = actor.organization.id;
    let transaction = services.database.begin().await?;
    let (before, deed, kind, subject) = match project {
        Some(id) => {
            let before = of_project(&transaction, organization, id, limits).await?;
            (before, Deed::new("project.limits_changed", "project", id), Kind::Project, id.uuid())
        }
        None => {
            let before = of_organization(&transaction, organization, limits).await?;
            let deed = Deed::new("organization.limits_changed", "organization", organization);
            (before, deed, Kind::Organization, organization.uuid())
        }
    };
    if before == limits {
        return Ok(transaction.rollback().await?);
    }
    changes::announce(&transaction, now, organization, kind, [subject]).await?;
    let deed = deed.before(before)?.after(limits)?;
    audit::record(&transaction, now, organization, &Author::from(actor), deed).await?;
    Ok(transaction.commit().await?)
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

async fn of_organization(
    transaction: &DatabaseTransaction,
    id: OrganizationId,
    limits: RateLimits,
) -> ServiceResult<RateLimits> {
    let row = organizations::Entity::find_by_id(id.uuid()).lock_exclusive().one(transaction).await?;
    let row = row.ok_or(ServiceError::NotFound)?;
    organizations::Entity::update_many()
        .col_expr(organizations::Column::CallsPerMinute, stored(limits.calls_per_minute))
        .col_expr(organizations::Column::TokensPerMinute, stored(limits.tokens_per_minute))
        .filter(organizations::Column::Id.eq(id.uuid()))
        .exec(transaction)
        .await?;
    Ok(of_row(row.calls_per_minute, row.tokens_per_minute))
}

fn stored(limit: Option<u32>) -> Expr {
    Expr::value(limit.map(i64::from))
}
