//! A call.

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
    /// What few calls have, as JSON: see `calls::rare`.
    pub rare: Option<String>,
    /// What it says of itself where its series says [`super::series::OTHER`].
    pub model: Option<String>,
    pub endpoint: Option<String>,
    pub provider: Option<String>,
    pub status: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The calls of one organization: where every query begins.
pub(crate) fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

/// To the series; for joins.
pub(crate) fn series() -> RelationDef {
    Entity::belongs_to(super::series::Entity)
        .from((Column::OrganizationId, Column::SeriesId))
        .to((super::series::Column::OrganizationId, super::series::Column::Id))
        .into()
}
