//! A set of dimensions that calls share. A nil id or an empty text stands for "none".
//!
//! Figures are summed over [`ANY_OUTCOME`]: their series leave out status and provider too, and no call names them.
//!
//! From some number on, what events name goes by [`OTHER`]: their calls say themselves what it was.

use sea_orm::entity::prelude::*;

/// The outcome of a series that calls are summed by.
pub(crate) const ANY_OUTCOME: &str = "any";

/// The model, endpoint or provider of a series that calls of several share.
pub(crate) const OTHER: &str = "other";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "series")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub project_id: Uuid,
    pub api_key_id: Uuid,
    pub member_id: Uuid,
    pub model: String,
    pub service: String,
    pub endpoint: String,
    pub provider: String,
    pub status: i32,
    pub outcome: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
