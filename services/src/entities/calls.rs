//! Calls.

use domain::ids::OrganizationId;
use sea_orm::{QueryFilter, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub series_id: i64,
    pub secret_id: Uuid,
    pub started_at: i64,
    pub duration_us: i64,
    pub first_byte_us: Option<i64>,
    pub streamed: bool,
    pub reported: bool,
    pub estimated: bool,
    pub times: i64,
    pub tokens_in: i64,
    pub cached_tokens_in: i64,
    pub cache_write_tokens_in: i64,
    pub tokens_out: i64,
    pub images: i64,
    pub media_ms: i64,
    pub byte_hours: i64,
    pub cost_nanos: Option<i64>,
    pub price_id: Option<Uuid>,
    pub error_code: String,
    /// Rarely used quantities, as JSON: see `calls::rare`.
    pub rare: Option<String>,
    /// The call's own model where its series has [`super::series::OTHER`]; likewise the fields below.
    pub model: Option<String>,
    pub endpoint: Option<String>,
    pub provider: Option<String>,
    pub status: Option<i32>,
    /// Tags, as JSON: see [`crate::stored_tags`].
    pub tags: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Selects the calls of one organization. Every query starts here.
pub(crate) fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

/// Relation to the series, for joins.
pub(crate) fn series() -> RelationDef {
    Entity::belongs_to(super::series::Entity)
        .from((Column::OrganizationId, Column::SeriesId))
        .to((super::series::Column::OrganizationId, super::series::Column::Id))
        .into()
}
