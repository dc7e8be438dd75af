//! API keys.

mod acting;
mod bounds;
mod create;
mod create_once;
mod descendants;
pub mod directory;
mod edit;
mod export;
mod figures;
mod get;
mod hints;
mod history;
mod leak;
mod list;
mod locked;
mod owners;
pub mod place;
mod policy;
mod recent_use;
mod recipients;
mod remind;
mod revoke;
mod room;
mod rotate;
mod secrets;
mod selection;
pub mod uses;
mod visible;

use domain::ids::{ApiKeyId, OrganizationId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

pub(crate) use acting::{holder, lock_acting};
pub use create::create;
pub use create_once::create_once;
pub use descendants::{descendants, revocable};
pub use edit::edit;
pub use export::export;
pub use get::get;
pub use history::history;
pub use leak::{LeakReport, LeakVerdict, MOST_REPORTS, report_leaks};
pub use list::list;
pub(crate) use list::{count_active, refs};
pub use owners::{Owner, owners};
pub use policy::policy;
pub use recent_use::recent_use;
pub use remind::remind;
pub use revoke::{MOST_AT_ONCE, revoke, revoke_with_descendants};
pub use rotate::{rotate, set_grace};
use visible::{Visible, visible};

use crate::{
    Organization, ServiceError, ServiceResult, Services,
    entities::{api_keys, organizations},
};

/// The organization that a key belongs to, for whoever runs the server.
pub async fn find_organization_of(services: &Services, id: ApiKeyId) -> ServiceResult<Organization> {
    let database = services.database.read();
    let key = api_keys::Entity::find().filter(api_keys::Column::Id.eq(id.uuid())).one(database).await?;
    let organization = OrganizationId::new(key.ok_or(ServiceError::NotFound)?.organization_id);
    let row = organizations::Entity::find_by_id(organization.uuid()).one(database).await?;
    row.map(Organization::from).ok_or(ServiceError::NotFound)
}
