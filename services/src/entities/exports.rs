//! Files that jobs make for members.

use domain::ids::{OrganizationId, UserId};
use sea_orm::{QueryFilter, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The member who wants the file, the only one who gets it.
    pub user_id: Uuid,
    pub source: String,
    pub format: String,
    /// The query of the file's address.
    pub query: String,
    /// IDs of the projects that the file may hold, with spaces between them; `None` for all.
    pub scope: Option<String>,
    pub state: String,
    /// Number of the attempt that writes the file.
    pub attempt: i32,
    pub rows: i64,
    pub expected_rows: Option<i64>,
    pub bytes: i64,
    pub error: String,
    pub created_at: i64,
    /// Until when a page showed the progress.
    pub watched_at: i64,
    pub finished_at: Option<i64>,
    /// When row and file are deleted.
    pub expires_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Selects one member's exports in one organization. Every query for a member starts here.
pub(crate) fn of(organization: OrganizationId, user: UserId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid())).filter(Column::UserId.eq(user.uuid()))
}
