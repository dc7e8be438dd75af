//! Last uses of secrets, by client.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_uses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub api_key_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub secret_id: Uuid,
    /// The client's address; empty where it is unknown.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ip: String,
    /// The client's user agent; empty where it sent none.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agent: String,
    pub last_used_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
