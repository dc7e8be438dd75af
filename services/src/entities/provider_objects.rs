//! Objects stored at providers, and their owners.

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
    /// The provider's id of the object.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Key that created the object.
    pub api_key_id: Uuid,
    pub secret_id: Uuid,
    pub member_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// Model that created it; empty for a file.
    pub model: String,
    /// Price at the time of its creation.
    pub price_id: Option<Uuid>,
    pub created_at: i64,
    pub deleted_at: Option<i64>,
    /// Size of a file; 0 for other objects.
    pub bytes: i64,
    /// Id of the call that records a job's usage.
    pub settlement_id: Uuid,
    /// Time of the next check whether a job is done; `None` once that is known.
    pub look_at: Option<i64>,
    /// The provider's last description of the object, as JSON; empty where it isn't stored.
    pub document: String,
    /// Tags of the call that created it, as JSON, which the call with its usage gets too: see [`crate::stored_tags`].
    pub tags: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
