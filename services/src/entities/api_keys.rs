//! Keys, which outlive their secrets.

use domain::{
    api_keys::{Level, Network, Scope, Status},
    ids::{ApiKeyId, OrganizationId},
    time::Timestamp,
};
use sea_orm::{QueryFilter, entity::prelude::*};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{ServiceError, ServiceResult};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Option<Uuid>,
    pub name: String,
    pub description: String,
    pub level: String,
    /// Names of the granted scopes; empty for all of the level.
    pub scopes: Json,
    /// Names of the allowed models; empty for all.
    pub models: Json,
    /// Allowed networks in CIDR notation; empty for all.
    pub ip_allowlist: Json,
    pub rotate_every_days: Option<i32>,
    pub created_by: Option<Uuid>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub revoked_by: Option<Uuid>,
    pub disabled_at: Option<i64>,
    pub calls_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    /// Whether bodies of its calls are never stored.
    pub metadata_only: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Why the key can't be used any more; [`Status::Active`] if it can, rotating or not.
    pub(crate) fn status(&self, now: Timestamp) -> Status {
        if self.revoked_at.is_some() {
            Status::Revoked
        } else if self.disabled_at.is_some() {
            Status::Disabled
        } else if self.expires_at.is_some_and(|at| at <= now.millis()) {
            Status::Expired
        } else {
            Status::Active
        }
    }

    pub(crate) fn parse_level(&self) -> ServiceResult<Level> {
        self.level.parse().map_err(ServiceError::Internal)
    }

    pub(crate) fn parse_scopes(&self) -> ServiceResult<Vec<Scope>> {
        self.parse_list(&self.scopes)
    }

    pub(crate) fn parse_models(&self) -> ServiceResult<Vec<String>> {
        self.parse_list(&self.models)
    }

    pub(crate) fn parse_networks(&self) -> ServiceResult<Vec<Network>> {
        self.parse_list(&self.ip_allowlist)
    }

    fn parse_list<T: DeserializeOwned>(&self, stored: &Json) -> ServiceResult<Vec<T>> {
        let id = ApiKeyId::new(self.id);
        Vec::deserialize(stored).map_err(|error| ServiceError::Internal(format!("a list of {id}: {error}")))
    }
}

/// Selects the keys of one organization. Every query starts here.
pub(crate) fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}
