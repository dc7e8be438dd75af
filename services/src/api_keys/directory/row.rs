//! A key, read by the hash of one of its secrets.

use std::sync::Arc;

use domain::{
    bodies::BodySettings,
    ids::{ApiKeyId, OrganizationId, ProjectId, SecretId, UserId},
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde::de::DeserializeOwned;
use serde_json::Value;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{KeyRecord, SecretHash};
use crate::{
    Organization, ServiceError, ServiceResult,
    organizations::body_settings,
    rate_limits::{KeyLimits, ceiling_of_row, of_row},
};

const SELECT: &str = "SELECT d.hash, d.organization_id, d.api_key_id, d.secret_id, s.expires_at AS secret_expires_at, \
     k.project_id, k.name, k.level, k.scopes, k.models, k.ip_allowlist, k.created_by, k.expires_at, k.revoked_at, \
     k.disabled_at, k.calls_per_minute, k.tokens_per_minute, k.metadata_only, p.archived_at, p.calls_per_minute AS project_calls, \
     p.tokens_per_minute AS project_tokens, o.calls_per_minute AS organization_calls, \
     o.tokens_per_minute AS organization_tokens, o.most_calls_per_minute, o.slug, o.name AS organization, o.time_zone, \
     o.body_days, o.body_limit, o.body_redact \
     FROM key_directory d \
     JOIN organizations o ON o.id = d.organization_id \
     JOIN api_keys k ON k.organization_id = d.organization_id AND k.id = d.api_key_id \
     JOIN key_secrets s ON s.organization_id = d.organization_id AND s.id = d.secret_id \
     LEFT JOIN projects p ON p.organization_id = k.organization_id AND p.id = k.project_id \
     WHERE d.hash = $1";

#[derive(FromQueryResult)]
pub(super) struct DirectoryRow {
    hash: Vec<u8>,
    organization_id: Uuid,
    slug: String,
    organization: String,
    time_zone: String,
    api_key_id: Uuid,
    secret_id: Uuid,
    secret_expires_at: Option<i64>,
    project_id: Option<Uuid>,
    archived_at: Option<i64>,
    name: String,
    level: String,
    scopes: Value,
    models: Value,
    ip_allowlist: Value,
    created_by: Option<Uuid>,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    disabled_at: Option<i64>,
    calls_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    metadata_only: bool,
    project_calls: Option<i64>,
    project_tokens: Option<i64>,
    organization_calls: Option<i64>,
    organization_tokens: Option<i64>,
    most_calls_per_minute: Option<i64>,
    body_days: i32,
    body_limit: i32,
    body_redact: String,
}

/// Reads the key that has the secret with this hash. The database finds it by an index, whose timing reveals
/// something about the hash, though nothing about the secret; the final comparison takes constant time.
pub(super) async fn read(database: &impl ConnectionTrait, hash: &SecretHash) -> ServiceResult<Option<DirectoryRow>> {
    let select = Statement::from_sql_and_values(database.get_database_backend(), SELECT, [hash.to_vec().into()]);
    let row = DirectoryRow::find_by_statement(select).one(database).await?;
    Ok(row.filter(|row| row.hash.ct_eq(hash).into()))
}

/// Reads a key like [`read`], but only one of `organization`, by a condition of the query itself.
pub(super) async fn read_in_organization(
    database: &impl ConnectionTrait,
    hash: &SecretHash,
    organization: OrganizationId,
) -> ServiceResult<Option<DirectoryRow>> {
    let sql = format!("{SELECT} AND d.organization_id = $2");
    let values = [hash.to_vec().into(), organization.uuid().into()];
    let select = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    let row = DirectoryRow::find_by_statement(select).one(database).await?;
    Ok(row.filter(|row| row.hash.ct_eq(hash).into()))
}

impl DirectoryRow {
    /// The key's organization.
    pub(super) fn organization(&self) -> ServiceResult<Organization> {
        Ok(Organization {
            id: OrganizationId::new(self.organization_id),
            slug: self.slug.clone(),
            name: self.organization.clone(),
            time_zone: self.time_zone.parse().map_err(|_| broken("time zone"))?,
        })
    }

    /// Turns the row, read at `read_at`, into a record; `share` returns its organization.
    pub(super) fn into_record(
        self,
        read_at: Timestamp,
        share: impl FnOnce(&Self) -> ServiceResult<Arc<Organization>>,
    ) -> ServiceResult<KeyRecord> {
        let limits = KeyLimits {
            api_key: of_row(self.calls_per_minute, self.tokens_per_minute),
            project: of_row(self.project_calls, self.project_tokens),
            organization: of_row(self.organization_calls, self.organization_tokens),
            ceiling: ceiling_of_row(self.most_calls_per_minute),
        };
        let bodies = body_settings(self.body_days, self.body_limit, &self.body_redact)?;
        let expiries = [self.expires_at, self.secret_expires_at];
        Ok(KeyRecord {
            organization: share(&self)?,
            project_id: self.project_id.map(ProjectId::new),
            project_archived: self.archived_at.is_some(),
            api_key_id: ApiKeyId::new(self.api_key_id),
            secret_id: SecretId::new(self.secret_id),
            level: self.level.parse().map_err(|_| broken("level"))?,
            scopes: parse_list(self.scopes, "list of scopes")?,
            ip_allowlist: parse_list(self.ip_allowlist, "list of networks")?,
            member_id: self.created_by.map(UserId::new),
            models: parse_list(self.models, "list of models")?,
            expires_at: expiries.into_iter().flatten().min().map(Timestamp::from_millis),
            revoked: self.revoked_at.is_some(),
            disabled: self.disabled_at.is_some(),
            read_at,
            metadata_only: self.metadata_only,
            limits: Some(limits).filter(|limits| !limits.is_none()).map(Box::new),
            bodies: Some(bodies).filter(|bodies| *bodies != BodySettings::default()).map(Box::new),
            name: self.name.into_boxed_str(),
        })
    }
}

fn parse_list<T: DeserializeOwned>(stored: Value, column: &str) -> ServiceResult<Box<[T]>> {
    serde_json::from_value(stored).map_err(|_| broken(column))
}

fn broken(column: &str) -> ServiceError {
    ServiceError::Internal(format!("a stored key's {column} can't be read"))
}
