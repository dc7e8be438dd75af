//! Sets of dimensions that calls share. A nil id or an empty text stands for "none".
//!
//! Rollups belong to the series of their calls. Those of calls stored before migration 56 belong to series with
//! [`ANY_OUTCOME`], which also leave out status and provider; no call refers to them.
//!
//! Beyond some number of names, events' models, endpoints and providers become [`OTHER`]; their calls keep
//! the names.

use sea_orm::entity::prelude::*;

/// Outcome of a series that earlier rollups belong to.
pub(crate) const ANY_OUTCOME: &str = "any";

/// Model, endpoint or provider of a series shared by calls with different ones.
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
