//! A tenant.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub time_zone: String,
    pub session_idle_minutes: i32,
    pub key_expiry_required: bool,
    pub longest_key_life_days: Option<i32>,
    pub created_at: i64,
    /// 0 for none.
    pub body_days: i32,
    pub body_limit: i32,
    /// A JSON list of names.
    pub body_redact: String,
    pub calls_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    /// What its administrators can't go beyond; nothing where the operator made it.
    pub most_calls_per_minute: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
