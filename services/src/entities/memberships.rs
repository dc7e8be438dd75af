//! Users' memberships of organizations.

use domain::permissions::Role;
use sea_orm::entity::prelude::*;

use crate::{ServiceError, ServiceResult};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub role: String,
    pub suspended_at: Option<i64>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Relation to the organization, for joins.
pub(crate) fn organization() -> RelationDef {
    Entity::belongs_to(super::organizations::Entity)
        .from(Column::OrganizationId)
        .to(super::organizations::Column::Id)
        .into()
}

/// Parses the role of a row.
pub(crate) fn role(membership: &Model) -> ServiceResult<Role> {
    membership.role.parse().map_err(ServiceError::Internal)
}
