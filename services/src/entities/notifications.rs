//! A notice in somebody's inbox.

use domain::ids::{OrganizationId, UserId};
use sea_orm::{QueryFilter, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notifications")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What makes it the same as another, of which a user gets one.
    pub occasion: String,
    pub notice: Json,
    pub at: i64,
    pub read_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One member's inbox in one organization: where every query begins.
pub(crate) fn of(organization: OrganizationId, user: UserId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid())).filter(Column::UserId.eq(user.uuid()))
}
