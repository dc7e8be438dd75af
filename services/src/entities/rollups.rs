//! Calls summed by series and bucket.
//!
//! Refused calls are counted by themselves, and their time isn't: they used nothing, and took no time worth telling.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rollups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub resolution: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub bucket: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub series_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub writer: i32,
    /// Those that weren't refused.
    pub calls: i64,
    /// Those of `calls` that failed or were interrupted.
    pub errors: i64,
    pub refused: i64,
    pub tokens_in: i64,
    pub cached_tokens_in: i64,
    pub tokens_out: i64,
    pub images: i64,
    pub media_ms: i64,
    pub byte_hours: i64,
    pub cost_nanos: i64,
    pub unpriced: i64,
    pub duration_us: i64,
    pub latency_0: i64,
    pub latency_1: i64,
    pub latency_2: i64,
    pub latency_3: i64,
    pub latency_4: i64,
    pub latency_5: i64,
    pub latency_6: i64,
    pub latency_7: i64,
    pub latency_8: i64,
    pub latency_9: i64,
    pub latency_10: i64,
    pub latency_11: i64,
    pub latency_12: i64,
    pub latency_13: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
