//! Keys in any state, stored directly, many at once.

use domain::{
    api_keys::{Level, Scope},
    ids::{ApiKeyId, ProjectId, SecretId, UserId},
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, Statement, Value};
use serde_json::json;
use services::Organization;
use uuid::Uuid;

use super::World;

/// A key to store.
#[derive(Clone, Debug)]
pub(crate) struct StoredKey {
    pub(crate) id: ApiKeyId,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) level: Level,
    pub(crate) project: Option<ProjectId>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) models: Vec<String>,
    pub(crate) rotate_every_days: Option<i32>,
    pub(crate) created_by: Option<UserId>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) disabled_at: Option<Timestamp>,
    /// Secrets, the newest last.
    pub(crate) secrets: Vec<StoredSecret>,
}

#[derive(Clone, Debug)]
pub(crate) struct StoredSecret {
    pub(crate) id: SecretId,
    pub(crate) last_four: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// Address, user agent and last use of each client.
    pub(crate) uses: Vec<(String, String, Timestamp)>,
}

impl StoredSecret {
    pub(crate) fn new(last_four: &str, created_at: Timestamp) -> Self {
        let id = SecretId::new(Uuid::now_v7());
        Self { id, last_four: last_four.to_owned(), created_at, expires_at: None, uses: Vec::new() }
    }
}

impl StoredKey {
    pub(crate) fn new(name: &str, project: ProjectId, created_at: Timestamp) -> Self {
        Self {
            id: ApiKeyId::new(Uuid::now_v7()),
            name: name.to_owned(),
            description: String::new(),
            level: Level::Standard,
            project: Some(project),
            scopes: Vec::new(),
            models: Vec::new(),
            rotate_every_days: None,
            created_by: None,
            created_at,
            expires_at: None,
            revoked_at: None,
            disabled_at: None,
            secrets: vec![StoredSecret::new("k3Fa", created_at)],
        }
    }

    /// Adds a client's use of the newest secret.
    pub(crate) fn used_at(mut self, at: Timestamp) -> Self {
        if let Some(newest) = self.secrets.last_mut() {
            newest.uses.push(("192.0.2.1".to_owned(), "curl".to_owned(), at));
        }
        self
    }
}

impl World {
    /// Stores many keys at once.
    pub(crate) async fn store_keys(&self, organization: &Organization, keys: &[StoredKey]) {
        let organization = organization.id.uuid();
        let time = |moment: Option<Timestamp>| Value::from(moment.map(Timestamp::millis));
        let mut rows: [Vec<Vec<Value>>; 3] = Default::default();
        for key in keys {
            rows[0].push(vec![
                organization.into(),
                key.id.uuid().into(),
                key.project.map(ProjectId::uuid).into(),
                key.name.as_str().into(),
                key.description.as_str().into(),
                key.level.name().into(),
                json!(key.scopes).into(),
                json!(key.models).into(),
                json!([]).into(),
                key.rotate_every_days.into(),
                key.created_by.map(UserId::uuid).into(),
                key.created_at.millis().into(),
                time(key.expires_at),
                time(key.revoked_at),
                time(key.disabled_at),
            ]);
            for secret in &key.secrets {
                let ids = || [organization.into(), key.id.uuid().into(), secret.id.uuid().into()];
                let rest =
                    [secret.last_four.as_str().into(), secret.created_at.millis().into(), time(secret.expires_at)];
                rows[1].push(ids().into_iter().chain(rest).collect());
                for (ip, agent, at) in &secret.uses {
                    let rest = [ip.as_str().into(), agent.as_str().into(), at.millis().into()];
                    rows[2].push(ids().into_iter().chain(rest).collect());
                }
            }
        }
        let tables = [
            "api_keys (organization_id, id, project_id, name, description, level, scopes, models, ip_allowlist, \
             rotate_every_days, created_by, created_at, expires_at, revoked_at, disabled_at)",
            "key_secrets (organization_id, api_key_id, id, last_four, created_at, expires_at)",
            "key_uses (organization_id, api_key_id, secret_id, ip, agent, last_used_at)",
        ];
        for (table, rows) in tables.into_iter().zip(rows) {
            self.insert(table, rows).await;
        }
    }

    async fn insert(&self, table: &str, rows: Vec<Vec<Value>>) {
        // SQLite looks up each parameter among the previous ones, so more would be slow.
        const PARAMETERS: usize = 1_500;
        let Some(width) = rows.first().map(Vec::len) else { return };
        let transaction = self.own_database.begin().await.unwrap();
        for chunk in rows.chunks(PARAMETERS / width) {
            let row = |row: usize| {
                let names: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
                format!("({})", names.join(", "))
            };
            let names: Vec<String> = (0..chunk.len()).map(row).collect();
            let sql = format!("INSERT INTO {table} VALUES {}", names.join(", "));
            let values = chunk.iter().flatten().cloned();
            let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
            transaction.execute_raw(statement).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }
}
