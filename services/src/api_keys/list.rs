//! Showing keys.

use std::collections::HashMap;

use domain::{
    api_keys::{ApiKey, Creator, Level, ProjectRef, Secret, Status},
    calls::Outcome,
    ids::{ApiKeyId, CallId, OrganizationId, ProjectId, UserId},
    permissions::Permission,
    time::Timestamp,
    usage::Measures,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Order, Query, SubQueryStatement},
};
use uuid::Uuid;

use super::{Visible, status, visible};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    entities::{api_keys, calls, key_secrets, projects, series, users},
    usage,
};

/// The keys the asker may see, the newest first.
pub async fn list(services: &Services, actor: &Actor) -> ServiceResult<Vec<ApiKey>> {
    let database = services.database.read();
    let now = services.now();
    let organization = actor.organization.id;
    let visible = visible(database, actor, Permission::ViewApiKeys).await?;
    let keys = keys_of(organization, &visible).all(database).await?;
    let secrets = secrets_of(database, organization).await?;
    let projects = names(database, projects::of(organization)).await?;
    let creators = creators_of(database, organization).await?;
    let used = last_used(database, organization).await?;
    let month = usage::month_by_api_key(services, &actor.organization).await?;

    let shown = |key: api_keys::Model| -> ServiceResult<ApiKey> {
        let level: Level = key.level.parse().map_err(ServiceError::Internal)?;
        let secrets = secrets.get(&key.id).map(Vec::as_slice).unwrap_or_default();
        let month: Measures = month.get(&key.id).copied().unwrap_or_default();
        let project = |id| Some(ProjectRef { id: ProjectId::new(id), name: projects.get(&id)?.clone() });
        let creator = |id| Some(Creator { id: UserId::new(id), name: creators.get(&id)?.clone() });
        Ok(ApiKey {
            id: ApiKeyId::new(key.id),
            masked: Secret::masked(level, secrets.first().map(|secret| secret.last_four.as_str()).unwrap_or_default()),
            project: key.project_id.and_then(project),
            level,
            models: allowed_models(&key),
            status: status(&key, usable(secrets, now), now),
            created_at: Timestamp::from_millis(key.created_at),
            created_by: key.created_by.and_then(creator),
            expires_at: key.expires_at.map(Timestamp::from_millis),
            revoked_at: key.revoked_at.map(Timestamp::from_millis),
            last_used_at: used.get(&key.id).copied(),
            calls_this_month: month.calls,
            spend_this_month: month.spend,
            name: key.name,
            description: key.description,
        })
    };
    keys.into_iter().filter(|key| visible.holds(key)).map(shown).collect()
}

fn keys_of(organization: OrganizationId, visible: &Visible) -> sea_orm::Select<api_keys::Entity> {
    let keys =
        api_keys::of(organization).order_by_desc(api_keys::Column::CreatedAt).order_by_desc(api_keys::Column::Id);
    match visible {
        Visible::All => keys,
        Visible::Own { maker, .. } => keys.filter(api_keys::Column::CreatedBy.eq(*maker)),
    }
}

/// The models a key may call; empty for all.
pub(super) fn allowed_models(key: &api_keys::Model) -> Vec<String> {
    let models = key.models.as_array().into_iter().flatten();
    models.filter_map(|model| model.as_str().map(str::to_owned)).collect()
}

/// Every key's secrets, the newest first.
async fn secrets_of(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
) -> ServiceResult<HashMap<Uuid, Vec<key_secrets::Model>>> {
    let rows = key_secrets::of(organization).order_by_desc(key_secrets::Column::CreatedAt).all(database).await?;
    let mut secrets: HashMap<Uuid, Vec<_>> = HashMap::new();
    for row in rows {
        secrets.entry(row.api_key_id).or_default().push(row);
    }
    Ok(secrets)
}

/// How many of these secrets work.
fn usable(secrets: &[key_secrets::Model], now: Timestamp) -> usize {
    secrets.iter().filter(|secret| secret.expires_at.is_none_or(|at| at > now.millis())).count()
}

async fn names(
    database: &impl ConnectionTrait,
    projects: sea_orm::Select<projects::Entity>,
) -> ServiceResult<HashMap<Uuid, String>> {
    let columns = projects.select_only().columns([projects::Column::Id, projects::Column::Name]);
    Ok(columns.into_tuple::<(Uuid, String)>().all(database).await?.into_iter().collect())
}

/// The names of all who made keys.
async fn creators_of(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
) -> ServiceResult<HashMap<Uuid, String>> {
    let makers = api_keys::of(organization).select_only().column(api_keys::Column::CreatedBy).into_query();
    let rows = users::Entity::find()
        .select_only()
        .columns([users::Column::Id, users::Column::Name])
        .filter(users::Column::Id.in_subquery(makers))
        .into_tuple::<(Uuid, String)>()
        .all(database)
        .await?;
    Ok(rows.into_iter().collect())
}

/// When each key was used last: an index look-up for each of its series, however many calls there are.
async fn last_used(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
) -> ServiceResult<HashMap<Uuid, Timestamp>> {
    #[derive(FromQueryResult)]
    struct Row {
        api_key_id: Uuid,
        call_id: Option<Uuid>,
    }
    let newest = Query::select()
        .column((calls::Entity, calls::Column::Id))
        .from(calls::Entity)
        .and_where(
            Expr::col((calls::Entity, calls::Column::OrganizationId))
                .equals((series::Entity, series::Column::OrganizationId)),
        )
        .and_where(Expr::col((calls::Entity, calls::Column::SeriesId)).equals((series::Entity, series::Column::Id)))
        .order_by((calls::Entity, calls::Column::Id), Order::Desc)
        .limit(1)
        .to_owned();
    let rows = series::of(organization)
        .select_only()
        .column(series::Column::ApiKeyId)
        .expr_as(Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(newest))), "call_id")
        .filter(series::Column::Outcome.ne(Outcome::Refused.name()))
        .into_model::<Row>()
        .all(database)
        .await?;
    let mut used: HashMap<Uuid, Timestamp> = HashMap::new();
    for Row { api_key_id, call_id } in rows {
        if let Some(at) = call_id.map(|id| CallId::new(id).started_at()) {
            used.entry(api_key_id).and_modify(|last| *last = at.max(*last)).or_insert(at);
        }
    }
    Ok(used)
}

/// How many keys that `actor` may see can be used.
pub(crate) async fn count_active(services: &Services, actor: &Actor) -> ServiceResult<i64> {
    let now = services.now();
    let database = services.database.read();
    // Whoever may see the organization's figures may see this one, without its keys.
    let visible = match actor.reach(Permission::ViewOverview)? {
        domain::permissions::Reach::Organization => Visible::All,
        _ => visible(database, actor, Permission::ViewApiKeys).await?,
    };
    let keys =
        keys_of(actor.organization.id, &visible).filter(api_keys::Column::RevokedAt.is_null()).all(database).await?;
    let active = keys.iter().filter(|key| visible.holds(key) && status(key, 1, now) == Status::Active).count();
    Ok(i64::try_from(active).unwrap_or(i64::MAX))
}

/// The names and levels of keys, by their ids.
pub(crate) async fn refs(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = Uuid>,
) -> ServiceResult<HashMap<Uuid, (String, Level)>> {
    let rows = api_keys::of(organization)
        .select_only()
        .columns([api_keys::Column::Id, api_keys::Column::Name, api_keys::Column::Level])
        .filter(api_keys::Column::Id.is_in(ids))
        .into_tuple::<(Uuid, String, String)>()
        .all(database)
        .await?;
    rows.into_iter().map(|(id, name, level)| Ok((id, (name, level.parse().map_err(ServiceError::Internal)?)))).collect()
}
