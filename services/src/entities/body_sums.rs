//! Stored bytes of bodies, by organization and day of expiration.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "body_sums")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    /// Day of expiration, as in [`bodies`](super::bodies).
    #[sea_orm(primary_key, auto_increment = false)]
    pub expires_day: i32,
    /// Compressed bytes; never less than the actual sum.
    pub bytes: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
