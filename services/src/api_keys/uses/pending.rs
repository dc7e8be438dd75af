//! Uses that wait to be written.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    ids::{ApiKeyId, OrganizationId, SecretId},
    time::Timestamp,
};

use super::{agent, rows};
use crate::{api_keys::directory::KeyRecord, entities::key_uses};

/// The latest use of each client of each secret. Bounded by the number of secrets in use.
#[derive(Default)]
pub(super) struct PendingUses(Mutex<HashMap<SecretId, Uses>>);

/// The uses of one secret.
struct Uses {
    organization: OrganizationId,
    key: ApiKeyId,
    /// Few, in no order: a search is quicker than hashing user agents.
    clients: Vec<Client>,
}

struct Client {
    ip: Option<IpAddr>,
    agent: Box<str>,
    at: Timestamp,
}

impl Uses {
    /// Keeps the later of a client's moments. If there are too many clients, the least recent one gives way.
    fn record(&mut self, ip: Option<IpAddr>, agent: &str, at: Timestamp) {
        if let Some(client) = self.clients.iter_mut().find(|client| client.ip == ip && *client.agent == *agent) {
            client.at = client.at.max(at);
            return;
        }
        let client = Client { ip, agent: agent.into(), at };
        if self.clients.len() < rows::MAX_CLIENTS {
            self.clients.push(client);
        } else if let Some(oldest) = self.clients.iter_mut().min_by_key(|client| client.at)
            && oldest.at <= at
        {
            *oldest = client;
        }
    }
}

impl PendingUses {
    pub(super) fn record(&self, key: &KeyRecord, ip: Option<IpAddr>, agent: &str, at: Timestamp) {
        // An IPv4 address written as IPv6 is the same client.
        let ip = ip.map(|ip| ip.to_canonical());
        let agent = agent::clean(agent);
        let mut pending = self.lock();
        let uses = pending.entry(key.secret_id).or_insert_with(|| Uses {
            organization: key.organization.id,
            key: key.api_key_id,
            clients: Vec::new(),
        });
        uses.record(ip, &agent, at);
    }

    /// Takes all uses, as rows in the order of the table's key.
    pub(super) fn take(&self) -> Vec<key_uses::Model> {
        let pending = std::mem::take(&mut *self.lock());
        let mut rows: Vec<key_uses::Model> = pending
            .into_iter()
            .flat_map(|(secret, uses)| {
                uses.clients.into_iter().map(move |client| key_uses::Model {
                    organization_id: uses.organization.uuid(),
                    api_key_id: uses.key.uuid(),
                    secret_id: secret.uuid(),
                    ip: client.ip.map(|ip| ip.to_string()).unwrap_or_default(),
                    agent: client.agent.into(),
                    last_used_at: client.at.millis(),
                })
            })
            .collect();
        rows.sort_unstable_by(|a, b| rows::key(a).cmp(&rows::key(b)));
        rows
    }

    /// Puts back rows that couldn't be written.
    pub(super) fn put_back(&self, rows: Vec<key_uses::Model>) {
        let mut pending = self.lock();
        for row in rows {
            let uses = pending.entry(SecretId::new(row.secret_id)).or_insert_with(|| Uses {
                organization: OrganizationId::new(row.organization_id),
                key: ApiKeyId::new(row.api_key_id),
                clients: Vec::new(),
            });
            uses.record(row.ip.parse().ok(), &row.agent, Timestamp::from_millis(row.last_used_at));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SecretId, Uses>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
