//! Lists, reads and sets the limits of organizations and projects. Those of keys are edited with the key.

use domain::{
    errors::FieldErrors,
    ids::{OrganizationId, ProjectId},
    permissions::Permission,
    projects::ProjectRef,
    rate_limits::{RateLimits, SharedLimits},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::{KeyLimits, ceiling_of_row, of_row};
use crate::{
    Actor, ActorKind, ServiceError, ServiceResult, Services,
    audit::AuditEvent,
    audited_change::AuditedChange,
    changes::ChangeKind,
    database::DatabaseTransaction,
    entities::{organizations, projects},
};

/// Lists the limits of the actor's organization and then of its projects, by name, each with the `configured`
/// default. Archived projects admit no calls and are left out.
pub async fn list(services: &Services, actor: &Actor, configured: KeyLimits) -> ServiceResult<Vec<SharedLimits>> {
    actor.reach(Permission::ManageSettings)?;
    let limits = get(services, actor, None).await?;
    let max = load_ceiling(services, actor).await?;
    let rows = projects::of(actor.organization.id)
        .filter(projects::Column::ArchivedAt.is_null())
        .order_by_asc(projects::Column::Name)
        .order_by_asc(projects::Column::Slug)
        .all(services.database.read())
        .await?;
    let to_shared_limits = |row: projects::Model| SharedLimits {
        limits: of_row(row.calls_per_minute, row.tokens_per_minute),
        project: Some(ProjectRef { id: ProjectId::new(row.id), name: row.name }),
        configured: configured.project,
    };
    let organization_limits = SharedLimits { project: None, limits, configured: configured.organization.capped(max) };
    Ok(std::iter::once(organization_limits).chain(rows.into_iter().map(to_shared_limits)).collect())
}

/// Returns the limits of a project, or of the actor's organization.
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

/// Sets the limits of a project, or of the actor's organization. All servers apply them within a second.
pub async fn set(
    services: &Services,
    actor: &Actor,
    project: Option<ProjectId>,
    limits: RateLimits,
) -> ServiceResult<()> {
    actor.reach(Permission::ManageSettings)?;
    let limits = limits.validated()?;
    let organization = actor.organization.id;
    let mut change = AuditedChange::begin(services, actor, &[Permission::ManageSettings]).await?;
    let transaction = change.transaction();
    let (unchanged, before, event, kind, subject) = match project {
        Some(id) => {
            let before = update_project(transaction, organization, id, limits).await?;
            (
                before == limits,
                before,
                AuditEvent::new("project.limits_changed", "project", id),
                ChangeKind::Project,
                id.uuid(),
            )
        }
        None => {
            let (unchanged, before) = update_organization(transaction, actor, limits).await?;
            let event = AuditEvent::new("organization.limits_changed", "organization", organization);
            (unchanged, before, event, ChangeKind::Organization, organization.uuid())
        }
    };
    if unchanged {
        return change.roll_back().await;
    }
    change.announce(kind, [subject]);
    change.record(event.before(before)?.after(limits)?);
    change.commit().await
}

/// Sets a project's limits and returns the previous ones.
async fn update_project(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    id: ProjectId,
    limits: RateLimits,
) -> ServiceResult<RateLimits> {
    let is_project = projects::Column::Id.eq(id.uuid());
    let row = projects::of(organization).filter(is_project.clone()).lock_exclusive().one(transaction).await?;
    let row = row.ok_or(ServiceError::NotFound)?;
    projects::Entity::update_many()
        .col_expr(projects::Column::CallsPerMinute, to_expr(limits.calls_per_minute))
        .col_expr(projects::Column::TokensPerMinute, to_expr(limits.tokens_per_minute))
        .filter(projects::Column::OrganizationId.eq(organization.uuid()))
        .filter(is_project)
        .exec(transaction)
        .await?;
    Ok(of_row(row.calls_per_minute, row.tokens_per_minute))
}

/// Returns the maximum limits of the actor's organization.
async fn load_ceiling(services: &Services, actor: &Actor) -> ServiceResult<RateLimits> {
    let id = actor.organization.id.uuid();
    let row = organizations::Entity::find_by_id(id).one(services.database.read()).await?;
    Ok(ceiling_of_row(row.ok_or(ServiceError::NotFound)?.most_calls_per_minute))
}

/// Sets the organization's limits. Returns whether they are unchanged, and
/// the previous ones. Administrators can't exceed the organization's maximum;
/// if there is one, limits set by the operator become the new maximum.
async fn update_organization(
    transaction: &DatabaseTransaction,
    actor: &Actor,
    limits: RateLimits,
) -> ServiceResult<(bool, RateLimits)> {
    let id = actor.organization.id;
    let row = organizations::Entity::find_by_id(id.uuid()).lock_exclusive().one(transaction).await?;
    let row = row.ok_or(ServiceError::NotFound)?;
    let before = of_row(row.calls_per_minute, row.tokens_per_minute);
    let max_before = ceiling_of_row(row.most_calls_per_minute);
    let mut max = max_before;
    if matches!(actor.kind, ActorKind::Operator(_)) && !max.is_none() {
        max = RateLimits { calls_per_minute: limits.calls_per_minute, ..RateLimits::NONE };
    }
    if let Some(max) = max.calls_per_minute
        && limits.calls_per_minute.is_some_and(|calls| calls > max)
    {
        let message = format!("The limit is {max} per minute. The operator of this server can raise it.");
        return Err(FieldErrors::of("calls_per_minute", message).into());
    }
    organizations::Entity::update_many()
        .col_expr(organizations::Column::MostCallsPerMinute, to_expr(max.calls_per_minute))
        .col_expr(organizations::Column::CallsPerMinute, to_expr(limits.calls_per_minute))
        .col_expr(organizations::Column::TokensPerMinute, to_expr(limits.tokens_per_minute))
        .filter(organizations::Column::Id.eq(id.uuid()))
        .exec(transaction)
        .await?;
    Ok((before == limits && max == max_before, before))
}

fn to_expr(limit: Option<u32>) -> Expr {
    Expr::value(limit.map(i64::from))
}
