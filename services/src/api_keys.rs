//! API keys.

mod commands;
pub mod directory;
pub mod queries;
pub mod uses;

use domain::ids::{ApiKeyId, OrganizationId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

pub use self::commands::create::create;
pub use self::commands::create_once::create_once;
pub use self::commands::edit::edit;
pub use self::commands::remind::remind;
pub use self::commands::report_leaks::{LeakReport, LeakVerdict, MAX_REPORTS, report_leaks};
pub use self::commands::revoke::{MAX_REVOKED_AT_ONCE, revoke, revoke_with_descendants};
pub use self::commands::rotate::{rotate, set_grace};
pub use self::queries::descendants::{descendants, revocable_descendants};
pub use self::queries::export::export;
pub use self::queries::get::get;
pub use self::queries::history::history;
pub(crate) use self::queries::list::count_active;
pub use self::queries::list::list;
pub use self::queries::owners::{Owner, owners};
pub use self::queries::recent_use::recent_use;
use self::queries::visibility::{KeyVisibility, visible_keys};

use crate::{
    Organization, ServiceError, ServiceResult, Services,
    entities::{api_keys, organizations},
};

/// Finds the organization of a key, for the operator.
pub async fn find_organization_of(services: &Services, id: ApiKeyId) -> ServiceResult<Organization> {
    let database = services.database.read();
    let key = api_keys::Entity::find().filter(api_keys::Column::Id.eq(id.uuid())).one(database).await?;
    let organization = OrganizationId::new(key.ok_or(ServiceError::NotFound)?.organization_id);
    let row = organizations::Entity::find_by_id(organization.uuid()).one(database).await?;
    row.map(Organization::from).ok_or(ServiceError::NotFound)
}
