//! Making a key.

use domain::{
    api_keys::{ApiKey, CreatedApiKey, Creator, Level, NewApiKey, ProjectRef, Secret, Status},
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId, UserId},
    money::Money,
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    Actor, ServiceResult, Services, Who,
    audit::{self, Author, Deed},
    entities::{api_keys, key_directory, key_secrets, projects as rows},
    projects, random,
};

/// Makes a key. Its secret is in the answer and never told again: only its hash is stored.
pub async fn create(services: &Services, actor: &Actor, input: NewApiKey) -> ServiceResult<CreatedApiKey> {
    actor.reach(Permission::ManageApiKeys)?;
    if input.level == Level::Admin {
        actor.reach(Permission::CreateAdminKey)?;
    }
    let mut input = input.validated()?;
    input.models.sort_unstable();
    input.models.dedup();
    if let Some(unknown) = input.models.iter().find(|model| !services.catalog.offers(model)) {
        return Err(FieldErrors::of("models", format!("There is no model {unknown:?}.")).into());
    }

    let now = services.now();
    let secret = Secret::from_digits(input.level, random::base62_digits()?);
    let transaction = services.database.begin().await?;
    let project = match input.project_id {
        Some(id) => Some(usable_project(&transaction, actor, id).await?),
        None => None,
    };
    let row = insert(&transaction, now, actor, &input, &secret).await?;
    let id = ApiKeyId::new(row.id);
    let deed = Deed::new("api_key.created", "api_key", id).after(json!({
        "name": input.name,
        "level": input.level,
        "project": input.project_id,
        "models": input.models,
        "expires_at": row.expires_at.map(Timestamp::from_millis),
        "last_four": secret.last_four(),
    }))?;
    audit::record(&transaction, now, actor.organization.id, &Author::from(actor), deed).await?;
    transaction.commit().await?;

    let api_key = ApiKey {
        id,
        name: input.name,
        description: input.description,
        masked: Secret::masked(input.level, secret.last_four()),
        project,
        level: input.level,
        models: input.models,
        status: Status::Active,
        created_at: now,
        created_by: match &actor.who {
            Who::Member { id, name, .. } => Some(Creator { id: *id, name: name.clone() }),
            Who::CommandLine => None,
        },
        expires_at: row.expires_at.map(Timestamp::from_millis),
        revoked_at: None,
        last_used_at: None,
        calls_this_month: 0,
        spend_this_month: Money::ZERO,
    };
    Ok(CreatedApiKey { api_key, secret: secret.reveal().to_owned() })
}

/// The project, if the actor may make keys in it.
async fn usable_project(transaction: &DatabaseTransaction, actor: &Actor, id: ProjectId) -> ServiceResult<ProjectRef> {
    let scope = projects::scope(transaction, actor, Permission::ManageApiKeys).await?;
    let row = rows::of(actor.organization.id).filter(rows::Column::Id.eq(id.uuid())).one(transaction).await?;
    let row =
        row.filter(|_| scope.holds(id)).ok_or_else(|| FieldErrors::of("project_id", "Choose a project of yours."))?;
    if row.archived_at.is_some() {
        return Err(FieldErrors::of("project_id", "This project is archived.").into());
    }
    Ok(ProjectRef { id, name: row.name })
}

async fn insert(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    actor: &Actor,
    input: &NewApiKey,
    secret: &Secret,
) -> ServiceResult<api_keys::Model> {
    let organization_id = actor.organization.id.uuid();
    let secret_id = random::uuid(now)?;
    let row = api_keys::Model {
        organization_id,
        id: random::uuid(now)?,
        project_id: input.project_id.map(ProjectId::uuid),
        name: input.name.clone(),
        description: input.description.clone(),
        level: input.level.name().to_owned(),
        models: json!(input.models),
        created_by: actor.user_id().map(UserId::uuid),
        created_at: now.millis(),
        expires_at: input.expires_in_days.map(|days| now.plus_days(i64::from(days)).millis()),
        revoked_at: None,
        revoked_by: None,
        disabled_at: None,
    };
    api_keys::Entity::insert(api_keys::ActiveModel::from(row.clone())).exec_without_returning(transaction).await?;
    let secrets = key_secrets::ActiveModel {
        organization_id: Set(organization_id),
        id: Set(secret_id),
        api_key_id: Set(row.id),
        last_four: Set(secret.last_four().to_owned()),
        created_at: Set(now.millis()),
        expires_at: Set(None),
    };
    key_secrets::Entity::insert(secrets).exec_without_returning(transaction).await?;
    let directory = key_directory::ActiveModel {
        hash: Set(Sha256::digest(secret.reveal().as_bytes()).to_vec()),
        organization_id: Set(organization_id),
        api_key_id: Set(row.id),
        secret_id: Set(secret_id),
    };
    key_directory::Entity::insert(directory).exec_without_returning(transaction).await?;
    Ok(row)
}
