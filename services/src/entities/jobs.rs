//! Jobs, waiting, running and over.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    pub cause: String,
    /// The nil id for jobs of the installation.
    pub organization_id: Uuid,
    /// JSON.
    pub payload: String,
    /// [`JobState`](crate::jobs::JobState) as a number.
    pub state: i16,
    pub attempts: i32,
    pub created_at: i64,
    pub due_at: i64,
    pub claimed_by: Option<Uuid>,
    pub claimed_until: Option<i64>,
    pub finished_at: Option<i64>,
    pub error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
