//! Adds the provider to the primary key of provider objects, so that providers that number their objects
//! (`video_1`, `video_2`, …) don't collide.
//!
//! A server of an older version that still runs can't insert objects on PostgreSQL, and rejects requests that
//! would create them.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const KEY: &str = "organization_id, kind, id, provider";
const OLD_KEY: &str = "organization_id, kind, id";

const COLUMNS: &str = "organization_id, project_id, kind, id, api_key_id, secret_id, member_id, provider, model, price_id, \
     created_at, deleted_at, bytes, settlement_id, look_at, document";

/// Definition of the table, which SQLite has to recreate since it can't change a primary key.
const TABLE: &str = "CREATE TABLE provider_objects (
    organization_id uuid_text NOT NULL,
    project_id uuid_text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    api_key_id uuid_text NOT NULL,
    secret_id uuid_text NOT NULL,
    member_id uuid_text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    price_id uuid_text NULL,
    created_at bigint NOT NULL,
    deleted_at bigint NULL,
    bytes bigint NOT NULL,
    settlement_id uuid_text NOT NULL,
    look_at bigint NULL,
    document text NOT NULL,
    PRIMARY KEY ({key})
)";

const INDEXES: [&str; 4] = [
    "CREATE INDEX provider_objects_list ON provider_objects (organization_id, project_id, kind, created_at, id)",
    "CREATE INDEX provider_objects_look_at ON provider_objects (look_at)",
    "CREATE INDEX provider_objects_kept ON provider_objects (kind, created_at)",
    "CREATE INDEX provider_objects_references ON provider_objects (lower(id))",
];

async fn set_key(manager: &SchemaManager<'_>, key: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if manager.get_database_backend() == DbBackend::Postgres {
        let sql =
            format!("ALTER TABLE provider_objects DROP CONSTRAINT provider_objects_pkey, ADD PRIMARY KEY ({key})");
        connection.execute_unprepared(&sql).await?;
        return Ok(());
    }
    connection.execute_unprepared("ALTER TABLE provider_objects RENAME TO provider_objects_before").await?;
    connection.execute_unprepared(&TABLE.replace("{key}", key)).await?;
    let copy = format!("INSERT INTO provider_objects ({COLUMNS}) SELECT {COLUMNS} FROM provider_objects_before");
    connection.execute_unprepared(&copy).await?;
    // This drops its indexes too, so that their names are free.
    connection.execute_unprepared("DROP TABLE provider_objects_before").await?;
    for index in INDEXES {
        connection.execute_unprepared(index).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        set_key(manager, KEY).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Keeps the newest of several objects with one id; the usage of the others is lost.
        let delete_older = "DELETE FROM provider_objects WHERE EXISTS (SELECT 1 FROM provider_objects o \
             WHERE o.organization_id = provider_objects.organization_id AND o.kind = provider_objects.kind \
             AND o.id = provider_objects.id AND (o.created_at > provider_objects.created_at \
             OR o.created_at = provider_objects.created_at AND o.provider > provider_objects.provider))";
        manager.get_connection().execute_unprepared(delete_older).await?;
        set_key(manager, OLD_KEY).await
    }
}
