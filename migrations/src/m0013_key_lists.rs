//! Indexes for lists of keys: a key's last use, its series, and the keys that are rotating.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEXES: [(&str, &str, &[&str]); 3] = [
    ("key_uses_latest", "key_uses", &["organization_id", "api_key_id", "last_used_at"]),
    // Covers all columns that are queried: otherwise SQLite prefers the index of all dimensions, which has
    // them too, and scans the series of all keys.
    ("series_api_key", "series", &["organization_id", "api_key_id", "outcome", "model", "service", "id"]),
    ("key_secrets_expiry", "key_secrets", &["organization_id", "expires_at", "api_key_id"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, columns) in INDEXES {
            let mut index = Index::create().name(name).table(table).to_owned();
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, _) in INDEXES {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        Ok(())
    }
}
