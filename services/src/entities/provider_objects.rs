//! What a provider keeps, and for whom.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_objects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    /// Nil for a key that belongs to no project.
    pub project_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// The provider's id for it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whoever made it.
    pub api_key_id: Uuid,
    pub secret_id: Uuid,
    pub member_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// The model that it was made with; empty for a file.
    pub model: String,
    /// The price of the moment it was made.
    pub price_id: Option<Uuid>,
    pub created_at: i64,
    pub deleted_at: Option<i64>,
    /// Of a file.
    pub bytes: i64,
    /// The id of the call that tells what a job used.
    pub settlement_id: Uuid,
    /// When to ask the provider whether a job is done; none once that is known.
    pub look_at: Option<i64>,
    /// What the provider said of it last, as JSON; empty where that isn't kept.
    pub document: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
