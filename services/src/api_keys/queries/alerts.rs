//! Alerts: keys that need an action soon.

use domain::{
    api_keys::HintKind,
    ids::ApiKeyId,
    overview::{AlertedKey, KeyAlert, KeyAlertKind},
    permissions::Permission,
    time::Timestamp,
};
use futures::future::try_join_all;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{
    conditions::KeyConditions,
    hints,
    visibility::{KeyVisibility, visible_keys},
};
use crate::{Actor, ServiceResult, Services};

/// A disabled key that nobody has revoked yet, and that would still be valid.
const LEAKED: &str =
    "k.disabled_at IS NOT NULL AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)";

/// Returns the alerts about keys that the actor may view, the most urgent first; none for an actor who may view no
/// keys.
pub(crate) async fn alerts(services: &Services, actor: &Actor) -> ServiceResult<Vec<KeyAlert>> {
    if actor.reach(Permission::ViewApiKeys).is_err() {
        return Ok(Vec::new());
    }
    let visible = visible_keys(services.database.read(), actor, Permission::ViewApiKeys).await?;
    let found = KeyAlertKind::ALL.map(|kind| find(services, actor, &visible, kind));
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    expires_at: Option<i64>,
    keys: i64,
}

/// Finds the most urgent key of this kind, and counts all of them.
async fn find(
    services: &Services,
    actor: &Actor,
    visible: &KeyVisibility,
    kind: KeyAlertKind,
) -> ServiceResult<Option<KeyAlert>> {
    let mut keys = KeyConditions::visible(services, actor.organization.id, visible);
    let (condition, order) = match kind {
        KeyAlertKind::Leaked => (LEAKED.to_owned(), "k.disabled_at DESC"),
        KeyAlertKind::ExpiresSoon => (hints::condition(HintKind::ExpiresSoon, &mut keys), "k.expires_at"),
        KeyAlertKind::RotationDue => (hints::condition(HintKind::RotationDue, &mut keys), "k.created_at"),
    };
    keys.and(condition);
    let select = "SELECT k.id, k.name, k.expires_at, count(*) OVER () AS keys FROM api_keys k";
    let statement = keys.statement(select, &format!("ORDER BY {order}, k.id LIMIT 1"));
    let row = Row::find_by_statement(statement).one(services.database.read()).await?;
    Ok(row.map(|Row { id, name, expires_at, keys: count }| {
        let expires_at = expires_at.map(Timestamp::from_millis);
        KeyAlert { kind, count, key: AlertedKey { id: ApiKeyId::new(id), name, expires_at } }
    }))
}
