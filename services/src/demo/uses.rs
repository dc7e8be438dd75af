//! Who used the company's keys last.

use std::collections::HashMap;

use domain::{ids::SecretId, time::Timestamp};
use sea_orm::EntityTrait;

use super::{company::Company, keys::Key};
use crate::{
    ServiceResult, Services,
    entities::key_uses::{ActiveModel, Entity, Model},
};

/// How long ago a key was used that makes no calls.
const MINUTES_AGO: i64 = 6;
/// How long after each other a key's clients were last there; with the one called last first.
const MINUTES_APART: i64 = 41;

/// When each secret was last called with.
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

/// The clients of a key's newest secret; of the one that was replaced, the last that still has it.
fn clients(key: &Key, last: &LastCalls, now: Timestamp) -> Vec<(SecretId, &'static str, &'static str, Timestamp)> {
    let clients = key.plan.clients;
    let called = |secret: &SecretId| {
        let never_calls = key.plan.weight == 0;
        last.get(secret).copied().or(never_calls.then(|| now.plus_minutes(-MINUTES_AGO)))
    };
    let mut uses = Vec::new();
    for (index, secret) in key.secrets.iter().enumerate() {
        let Some(at) = called(secret) else { continue };
        let newest = index + 1 == key.secrets.len();
        let theirs = if newest { clients } else { &clients[clients.len().saturating_sub(1)..] };
        let mut before = at;
        for (ip, agent) in theirs {
            uses.push((*secret, *ip, *agent, before));
            before = before.plus_minutes(-MINUTES_APART);
        }
    }
    uses
}
