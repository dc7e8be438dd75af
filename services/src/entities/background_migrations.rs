//! The progress of background migrations.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "background_migrations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub rows_done: i64,
    pub rows_total: i64,
    /// Where the next step begins; `None` for the beginning.
    pub cursor: Option<String>,
    /// The server that works on it, and until when no other one may.
    pub runner: Option<Uuid>,
    pub held_until: Option<i64>,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub failures: i32,
    pub error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
