//! Finds the organization of a key by the directory of secrets, in place of a unique index of keys by their ids
//! alone: a database that is distributed by organization has no such index.
//!
//! A server of an older version still finds it, by reading all keys.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let directory_index =
            Index::create().name("key_directory_api_key").table("key_directory").col("api_key_id").to_owned();
        manager.create_index(directory_index).await?;
        // Dropped by hand where the tables are distributed already.
        manager.get_connection().execute_unprepared("DROP INDEX IF EXISTS api_keys_id").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let key_index = Index::create().name("api_keys_id").table("api_keys").col("id").unique().to_owned();
        manager.create_index(key_index).await?;
        manager.drop_index(Index::drop().name("key_directory_api_key").table("key_directory").to_owned()).await
    }
}
