//! All limits of an organization but those of its keys.

use domain::{api_keys::ProjectRef, ids::ProjectId, permissions::Permission, rate_limits::SharedLimits};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use super::{KeyLimits, get, of_row, set::most};
use crate::{Actor, ServiceResult, Services, entities::projects};

/// Those of the actor's organization first, then those of its projects by name, with what `configured` says of each.
/// Archived projects let nothing through, and aren't among them.
pub async fn list(services: &Services, actor: &Actor, configured: KeyLimits) -> ServiceResult<Vec<SharedLimits>> {
    actor.reach(Permission::ManageSettings)?;
    let limits = get(services, actor, None).await?;
    let most = most(services, actor).await?;
    let rows = projects::of(actor.organization.id)
        .filter(projects::Column::ArchivedAt.is_null())
        .order_by_asc(projects::Column::Name)
        .order_by_asc(projects::Column::Slug)
        .all(services.database.read())
        .await?;
    let of_project = |row: projects::Model| SharedLimits {
        limits: of_row(row.calls_per_minute, row.tokens_per_minute),
        project: Some(ProjectRef { id: ProjectId::new(row.id), name: row.name }),
        configured: configured.project,
    };
    let of_organization = SharedLimits { project: None, limits, configured: configured.organization.within(most) };
    Ok(std::iter::once(of_organization).chain(rows.into_iter().map(of_project)).collect())
}
