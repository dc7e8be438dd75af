//! Recent use of keys, shown before they are revoked.

use std::collections::HashMap;

use domain::{
    api_keys::{KeyClient, Level, MAX_CLIENTS_SHOWN, RecentUse, Secret},
    errors::FieldErrors,
    ids::ApiKeyId,
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{
    conditions::{KeyConditions, NEWEST_SECRET},
    figures,
    visibility::visible_keys,
};
use crate::{Actor, ServiceError, ServiceResult, Services, api_keys::MAX_REVOKED_AT_ONCE};

/// Returns the use of each of these keys in the last 24 hours, in their order. The actor must be able to view
/// all of them, and there may be as many as can be revoked at once.
pub async fn recent_use(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<Vec<RecentUse>> {
    let visible = visible_keys(services.database.read(), actor, Permission::ViewApiKeys).await?;
    if ids.len() > MAX_REVOKED_AT_ONCE {
        return Err(FieldErrors::of("ids", format!("Select at most {MAX_REVOKED_AT_ONCE} keys.")).into());
    }
    // Keys to be revoked may be in use at this moment.
    services.wait_until_stored().await;
    let organization = &actor.organization;
    let since = services.now().plus_days(-1);
    let mut keys = KeyConditions::visible(services, organization.id, &visible);
    let among_ids = keys.among_ids(ids.iter().map(|id| id.uuid()));
    keys.and(format!("k.id {among_ids}"));
    let (rows, calls, mut clients) = tokio::try_join!(
        read_rows(services, keys.clone()),
        figures::count_calls_since(services, organization, keys.clone(), since),
        read_clients(services, keys, since),
    )?;
    let recent_use = |id: &ApiKeyId| {
        let row = rows.get(&id.uuid()).ok_or(ServiceError::NotFound)?;
        let level: Level = row.level.parse().map_err(ServiceError::Internal)?;
        Ok(RecentUse {
            id: *id,
            name: row.name.clone(),
            masked: Secret::masked(level, row.last_four.as_deref().unwrap_or_default()),
            calls: calls.get(&id.uuid()).copied().unwrap_or(0),
            clients: clients.remove(&id.uuid()).unwrap_or_default(),
        })
    };
    ids.iter().map(recent_use).collect()
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    level: String,
    last_four: Option<String>,
}

async fn read_rows(services: &Services, keys: KeyConditions) -> ServiceResult<HashMap<Uuid, Row>> {
    let select =
        format!("SELECT k.id, k.name, k.level, (SELECT s.last_four {NEWEST_SECRET}) AS last_four FROM api_keys k");
    let rows = Row::find_by_statement(keys.statement(&select, "")).all(services.database.read()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Reads the latest clients of each key, for all of its secrets.
async fn read_clients(
    services: &Services,
    mut keys: KeyConditions,
    since: Timestamp,
) -> ServiceResult<HashMap<Uuid, Vec<KeyClient>>> {
    let since = keys.value(since.millis());
    let select = "SELECT * FROM (SELECT u.api_key_id, u.ip, u.agent, max(u.last_used_at) AS last_used_at, \
         row_number() OVER (PARTITION BY u.api_key_id ORDER BY max(u.last_used_at) DESC, u.ip, u.agent) AS place \
         FROM api_keys k JOIN key_uses u ON u.organization_id = $1 AND u.api_key_id = k.id";
    let rest = format!(
        "GROUP BY u.api_key_id, u.ip, u.agent) latest WHERE place <= {MAX_CLIENTS_SHOWN} ORDER BY api_key_id, place"
    );
    keys.and(format!("u.last_used_at >= {since}"));
    let mut clients: HashMap<Uuid, Vec<KeyClient>> = HashMap::new();
    for row in services.database.read().query_all_raw(keys.statement(select, &rest)).await? {
        clients.entry(row.try_get("", "api_key_id")?).or_default().push(KeyClient {
            ip: row.try_get("", "ip")?,
            agent: row.try_get("", "agent")?,
            last_used_at: Timestamp::from_millis(row.try_get("", "last_used_at")?),
        });
    }
    Ok(clients)
}
