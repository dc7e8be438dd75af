//! Organizations (tenants).

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
    /// Days for which bodies are stored; 0 for none.
    pub body_days: i32,
    pub body_limit: i32,
    /// Names of redacted fields, a JSON list.
    pub body_redact: String,
    pub calls_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    /// Ceiling of the limit that its administrators set; `None` where the operator created the organization.
    pub most_calls_per_minute: Option<i64>,
    /// Days for which calls are kept; `None` for all, or for the default from `call_default_from` on.
    pub call_days: Option<i32>,
    /// Time from which the default applies, while nothing is chosen; `None` for never.
    pub call_default_from: Option<i64>,
    /// Whether it has yet to be chosen if bodies are stored; `body_days` is 0 until then.
    pub bodies_undecided: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
