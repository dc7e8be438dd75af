//! The last uses of the company's keys.

use std::collections::HashMap;

use domain::{ids::SecretId, time::Timestamp};
use sea_orm::EntityTrait;

use super::{company::Company, keys::DemoKey};
use crate::{
    ServiceResult, Services,
    entities::key_uses::{ActiveModel, Entity, Model},
};

/// How long ago a key without calls was used.
const MINUTES_AGO: i64 = 6;
/// Time between the last uses of a key's clients, the latest first.
const MINUTES_APART: i64 = 41;

/// The time of each secret's last call.
pub(super) type LastCalls = HashMap<SecretId, Timestamp>;

/// Writes the clients of all keys.
pub(super) async fn write(services: &Services, company: &Company, last: &LastCalls) -> ServiceResult<()> {
    let organization_id = company.organization.id.uuid();
    let mut rows = Vec::new();
    for key in &company.keys {
        for (secret, ip, agent, at) in clients(key, last, services.now()) {
            rows.push(ActiveModel::from(Model {
                organization_id,
                api_key_id: key.id.uuid(),
                secret_id: secret.uuid(),
                ip: ip.to_owned(),
                agent: agent.to_owned(),
                last_used_at: at.millis(),
            }));
        }
    }
    let transaction = services.database.begin().await?;
    Entity::insert_many(rows).exec_without_returning(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// The clients of a key's newest secret, and the last client with the replaced one.
fn clients(key: &DemoKey, last: &LastCalls, now: Timestamp) -> Vec<(SecretId, &'static str, &'static str, Timestamp)> {
    let clients = key.plan.clients;
    let called = |secret: &SecretId| {
        let never_calls = key.plan.weight == 0;
        last.get(secret).copied().or(never_calls.then(|| now.plus_minutes(-MINUTES_AGO)))
    };
    let mut uses = Vec::new();
    for (index, secret) in key.secrets.iter().enumerate() {
        let Some(at) = called(secret) else { continue };
        let newest = index + 1 == key.secrets.len();
        let users = if newest { clients } else { &clients[clients.len().saturating_sub(1)..] };
        let mut before = at;
        for (ip, agent) in users {
            uses.push((*secret, *ip, *agent, before));
            before = before.plus_minutes(-MINUTES_APART);
        }
    }
    uses
}
