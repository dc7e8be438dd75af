//! One of a key's secrets, of which only the hash is kept, in the directory.

use domain::ids::OrganizationId;
use sea_orm::{QueryFilter, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub api_key_id: Uuid,
    pub last_four: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    /// The request that made it, where one was told.
    pub request: Option<String>,
    /// The key that asked for it, and was told it; `None` where somebody else did.
    pub made_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The secrets of one organization: where every query begins.
pub(crate) fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}
