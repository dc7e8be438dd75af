//! The secrets of keys, as they are stored: the hash alone, in the directory, and what may be shown for ever.

use domain::{
    api_keys::{Level, Secret},
    ids::{ApiKeyId, OrganizationId},
    time::Timestamp,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::api_keys::directory;
use crate::{
    ServiceResult,
    audited_change::Acting,
    entities::{key_directory, key_secrets},
    random,
};

/// A new secret that nobody can guess.
pub(in crate::api_keys) fn new(level: Level) -> ServiceResult<Secret> {
    Ok(Secret::from_digits(level, random::base62_digits()?))
}

/// Stores a key's newest secret, which has no end; `request` asked for it. Where a key acts, it is remembered as who knows
/// the secret.
pub(in crate::api_keys) async fn insert(
    acting: &Acting,
    key: ApiKeyId,
    secret: &Secret,
    request: Option<String>,
) -> ServiceResult<()> {
    let (database, now, organization) = (acting.transaction(), acting.now(), acting.actor().organization.id);
    let id = random::uuid(now)?;
    let row = key_secrets::ActiveModel {
        organization_id: Set(organization.uuid()),
        id: Set(id),
        api_key_id: Set(key.uuid()),
        last_four: Set(secret.last_four().to_owned()),
        created_at: Set(now.millis()),
        expires_at: Set(None),
        request: Set(request),
        made_by: Set(acting.api_key().map(|maker| maker.id)),
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

/// All secrets that a key has, or had.
pub(in crate::api_keys) async fn of(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    key: ApiKeyId,
) -> ServiceResult<Vec<key_secrets::Model>> {
    Ok(key_secrets::of(organization).filter(key_secrets::Column::ApiKeyId.eq(key.uuid())).all(database).await?)
}

/// Whether a secret lets its bearer in, as long as its key does.
pub(in crate::api_keys) fn works(secret: &key_secrets::Model, now: Timestamp) -> bool {
    secret.expires_at.is_none_or(|end| end > now.millis())
}

/// The one that is replaced and works still, if the key is rotating.
pub(in crate::api_keys) fn old(secrets: &[key_secrets::Model], now: Timestamp) -> Option<&key_secrets::Model> {
    secrets.iter().find(|secret| secret.expires_at.is_some() && works(secret, now))
}

/// Lets a secret work until `end` and no longer.
pub(in crate::api_keys) async fn end_at(acting: &Acting, secret: Uuid, end: Timestamp) -> ServiceResult<()> {
    let (database, organization) = (acting.transaction(), acting.actor().organization.id);
    key_secrets::Entity::update_many()
        .col_expr(key_secrets::Column::ExpiresAt, Expr::value(end.millis()))
        .filter(key_secrets::Column::OrganizationId.eq(organization.uuid()))
        .filter(key_secrets::Column::Id.eq(secret))
        .exec(database)
        .await?;
    Ok(())
}
