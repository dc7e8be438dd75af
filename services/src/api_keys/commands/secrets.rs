//! The secrets of keys, as stored: only the hash, in the directory, and the parts that may always be shown.

use domain::{
    api_keys::{Level, Secret},
    ids::{ApiKeyId, OrganizationId},
    time::Timestamp,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::{
    ServiceResult,
    api_keys::directory,
    audited_change::AuditedChange,
    entities::{key_directory, key_secrets},
    random,
};

/// Generates a random secret.
pub(in crate::api_keys) fn generate(level: Level) -> ServiceResult<Secret> {
    Ok(Secret::from_digits(level, random::base62_digits()?))
}

/// Stores a key's newest secret, which has no end; `request` is the request that asked for it. An acting key
/// is recorded as the maker, since it knows the secret.
pub(in crate::api_keys) async fn insert(
    change: &AuditedChange,
    key: ApiKeyId,
    secret: &Secret,
    request: Option<String>,
) -> ServiceResult<()> {
    let (database, now, organization) = (change.transaction(), change.now(), change.actor().organization.id);
    let id = random::uuid(now)?;
    let row = key_secrets::ActiveModel {
        organization_id: Set(organization.uuid()),
        id: Set(id),
        api_key_id: Set(key.uuid()),
        last_four: Set(secret.last_four().to_owned()),
        created_at: Set(now.millis()),
        expires_at: Set(None),
        request: Set(request),
        made_by: Set(change.api_key().map(|maker| maker.id)),
    };
    key_secrets::Entity::insert(row).exec_without_returning(database).await?;
    let entry = key_directory::ActiveModel {
        hash: Set(directory::hash(secret).to_vec()),
        organization_id: Set(organization.uuid()),
        api_key_id: Set(key.uuid()),
        secret_id: Set(id),
    };
    key_directory::Entity::insert(entry).exec_without_returning(database).await?;
    Ok(())
}

/// Loads all secrets of a key, ended ones too.
pub(in crate::api_keys) async fn load_all(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    key: ApiKeyId,
) -> ServiceResult<Vec<key_secrets::Model>> {
    Ok(key_secrets::of(organization).filter(key_secrets::Column::ApiKeyId.eq(key.uuid())).all(database).await?)
}

/// Finds the replaced secret that still works, if the key is rotating.
pub(in crate::api_keys) fn find_old(secrets: &[key_secrets::Model], now: Timestamp) -> Option<&key_secrets::Model> {
    secrets.iter().find(|secret| secret.expires_at.is_some() && secret.is_working(now))
}

/// Sets the end of a secret.
pub(in crate::api_keys) async fn end_at(change: &AuditedChange, secret: Uuid, end: Timestamp) -> ServiceResult<()> {
    let (database, organization) = (change.transaction(), change.actor().organization.id);
    key_secrets::Entity::update_many()
        .col_expr(key_secrets::Column::ExpiresAt, Expr::value(end.millis()))
        .filter(key_secrets::Column::OrganizationId.eq(organization.uuid()))
        .filter(key_secrets::Column::Id.eq(secret))
        .exec(database)
        .await?;
    Ok(())
}
