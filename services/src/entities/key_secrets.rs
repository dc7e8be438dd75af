//! Secrets of keys, of which only the hashes are stored, in the directory.

use domain::{ids::OrganizationId, time::Timestamp};
use sea_orm::{QueryFilter, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub api_key_id: Uuid,
    pub last_four: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    /// Idempotency key of the request that made it, if it had one.
    pub request: Option<String>,
    /// The key that requested the secret and so knows it; `None` where no key did.
    pub made_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether the secret works, as far as its key does.
    pub(crate) fn is_working(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now.millis())
    }
}

/// Selects the secrets of one organization. Every query starts here.
pub(crate) fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}
