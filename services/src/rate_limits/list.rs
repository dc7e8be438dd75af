//! Lists the limits of an organization and its projects.

use domain::{ids::ProjectId, permissions::Permission, projects::ProjectRef, rate_limits::SharedLimits};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use super::{KeyLimits, get, of_row, set::ceiling};
use crate::{Actor, ServiceResult, Services, entities::projects};

/// Lists the limits of the actor's organization and then of its projects, by name, each with the `configured`
/// default. Archived projects admit no calls and are left out.
pub async fn list(services: &Services, actor: &Actor, configured: KeyLimits) -> ServiceResult<Vec<SharedLimits>> {
    actor.reach(Permission::ManageSettings)?;
    let limits = get(services, actor, None).await?;
    let max = ceiling(services, actor).await?;
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
