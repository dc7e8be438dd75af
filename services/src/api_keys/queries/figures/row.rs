//! A key's row, with the names of its project and maker, its secrets' last characters and its last use.

use domain::{
    api_keys::{ApiKey, Creator, Hint, LastUse, Level, OldSecret, Secret, Status},
    ids::{ApiKeyId, ProjectId, UserId},
    projects::ProjectRef,
    time::Timestamp,
};
use sea_orm::FromQueryResult;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::month::MonthFigures;
use crate::{
    ServiceError, ServiceResult, Services,
    api_keys::queries::conditions::{KeyConditions, LAST_USED, NEWEST_SECRET, STATUS},
    rate_limits::of_row,
};

const COLUMNS: &str = "k.id, k.name, k.description, k.level, k.scopes, k.models, k.ip_allowlist, k.rotate_every_days, \
     k.calls_per_minute, k.tokens_per_minute, k.metadata_only, \
     k.created_at, k.expires_at, k.revoked_at, k.disabled_at, k.project_id, p.name AS project_name, \
     k.created_by, m.name AS creator_name, newest.last_four, newest.created_at AS rotated_at, \
     old.last_four AS old_last_four, old.expires_at AS old_ends_at, (SELECT max(u.last_used_at) FROM key_uses u \
     WHERE u.organization_id = $1 AND u.api_key_id = k.id AND u.secret_id = old.id) AS old_used_at, \
     (SELECT u.ip FROM key_uses u WHERE u.organization_id = $1 AND u.api_key_id = k.id \
     ORDER BY u.last_used_at DESC, u.ip DESC LIMIT 1) AS used_ip";

/// The tables of a key's row. Each join finds one row at most.
fn tables() -> String {
    format!(
        "api_keys k \
         LEFT JOIN projects p ON p.organization_id = $1 AND p.id = k.project_id \
         LEFT JOIN users m ON m.id = k.created_by \
         LEFT JOIN key_secrets newest ON newest.organization_id = $1 \
         AND newest.id = (SELECT s.id {NEWEST_SECRET}) \
         LEFT JOIN key_secrets old ON old.organization_id = $1 AND old.id = \
         (SELECT s.id FROM key_secrets s WHERE s.organization_id = $1 AND s.api_key_id = k.id \
         AND s.expires_at > $2 ORDER BY s.expires_at DESC, s.id DESC LIMIT 1)"
    )
}

#[derive(FromQueryResult)]
pub(super) struct KeyRow {
    pub(super) id: Uuid,
    name: String,
    description: String,
    level: String,
    scopes: Value,
    models: Value,
    ip_allowlist: Value,
    rotate_every_days: Option<i32>,
    calls_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    metadata_only: bool,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    disabled_at: Option<i64>,
    project_id: Option<Uuid>,
    project_name: Option<String>,
    created_by: Option<Uuid>,
    creator_name: Option<String>,
    last_four: Option<String>,
    rotated_at: Option<i64>,
    old_last_four: Option<String>,
    old_ends_at: Option<i64>,
    old_used_at: Option<i64>,
    used_at: Option<i64>,
    used_ip: Option<String>,
    status: String,
}

/// The rows of `keys`, in no order.
pub(super) async fn read(services: &Services, keys: KeyConditions) -> ServiceResult<Vec<KeyRow>> {
    let select = format!("SELECT {COLUMNS}, {LAST_USED} AS used_at, {STATUS} AS status FROM {}", tables());
    Ok(KeyRow::find_by_statement(keys.statement(&select, "")).all(services.database.read()).await?)
}

impl KeyRow {
    pub(super) fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }

    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.map(Timestamp::from_millis)
    }

    pub(super) fn used_at(&self) -> Option<Timestamp> {
        self.used_at.map(Timestamp::from_millis)
    }

    /// When the newest secret was made.
    fn rotated_at(&self) -> Timestamp {
        self.rotated_at.map_or(self.created_at(), Timestamp::from_millis)
    }

    /// When the newest secret is due for rotation.
    pub(super) fn rotation_due_at(&self) -> Option<Timestamp> {
        self.rotate_every_days.map(|days| self.rotated_at().plus_days(i64::from(days)))
    }

    fn old_secret(&self, level: Level) -> Option<OldSecret> {
        Some(OldSecret {
            masked: Secret::masked(level, self.old_last_four.as_deref()?),
            ends_at: Timestamp::from_millis(self.old_ends_at?),
            last_used_at: self.old_used_at.map(Timestamp::from_millis),
        })
    }

    pub(super) fn into_key(self, month: MonthFigures, hints: Vec<Hint>) -> ServiceResult<ApiKey> {
        let level: Level = self.level.parse().map_err(ServiceError::Internal)?;
        let status: Status = self.status.parse().map_err(ServiceError::Internal)?;
        Ok(ApiKey {
            id: ApiKeyId::new(self.id),
            masked: Secret::masked(level, self.last_four.as_deref().unwrap_or_default()),
            level,
            status,
            created_at: self.created_at(),
            expires_at: self.expires_at(),
            revoked_at: self.revoked_at.map(Timestamp::from_millis),
            disabled_at: self.disabled_at.map(Timestamp::from_millis),
            rotated_at: self.rotated_at(),
            rotate_every_days: self.rotate_every_days.and_then(|days| u32::try_from(days).ok()),
            rate_limits: of_row(self.calls_per_minute, self.tokens_per_minute),
            metadata_only: self.metadata_only,
            old_secret: self.old_secret(level).filter(|_| status == Status::Rotating),
            last_use: self.used_at().map(|at| LastUse { at, ip: self.used_ip.unwrap_or_default() }),
            project: self
                .project_id
                .zip(self.project_name)
                .map(|(id, name)| ProjectRef { id: ProjectId::new(id), name }),
            created_by: self.created_by.zip(self.creator_name).map(|(id, name)| Creator { id: UserId::new(id), name }),
            calls_this_month: month.calls(),
            spend_this_month: month.spend,
            calls_by_day: month.calls_by_day,
            hints,
            scopes: parse_list(self.scopes)?,
            models: parse_list(self.models)?,
            ip_allowlist: parse_list(self.ip_allowlist)?,
            name: self.name,
            description: self.description,
        })
    }
}

/// Parses the list in a JSON column.
fn parse_list<T: DeserializeOwned>(stored: Value) -> ServiceResult<Vec<T>> {
    serde_json::from_value(stored).map_err(|error| ServiceError::Internal(format!("a stored key's list: {error}")))
}
