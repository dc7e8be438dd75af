//! A set of dimensions that calls share. A nil id or an empty text stands for "none".

use domain::ids::OrganizationId;
use sea_orm::{QueryFilter, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "series")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub project_id: Uuid,
    pub api_key_id: Uuid,
    pub member_id: Uuid,
    pub model: String,
    pub service: String,
    pub endpoint: String,
    pub provider: String,
    pub status: i32,
    pub outcome: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The series of one organization: where every query begins.
pub(crate) fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}
