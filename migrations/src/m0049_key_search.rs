//! Folded texts of keys, by which they are found in any case. A background migration folds those of existing keys,
//! and another one makes the index on PostgreSQL; on SQLite a full-text index of trigrams follows the column.
//!
//! Servers of older versions leave the columns as they are: `NULL` in a new key, and the texts of before in one that
//! they rename, which `search_source` shows.

use sea_orm_migration::{
    prelude::*,
    schema::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Finds keys that aren't folded yet; contains no others.
const UNFOLDED: &str = "CREATE INDEX api_keys_unfolded ON api_keys (organization_id) WHERE search_text IS NULL";

/// An index of all three-character parts of the folded texts, and the triggers that keep it up to date. It has a copy
/// of the texts and ids, since a key's row number may change. The first trigger, unlike the others, doesn't look for
/// an earlier text, which takes time.
const TRIGRAMS: [&str; 4] = [
    "CREATE VIRTUAL TABLE key_search USING fts5 (api_key_id UNINDEXED, search_text, \
     tokenize = 'trigram case_sensitive 1')",
    "CREATE TRIGGER key_search_insert AFTER UPDATE OF search_text ON api_keys \
     WHEN OLD.search_text IS NULL AND NEW.search_text IS NOT NULL BEGIN \
     INSERT INTO key_search (api_key_id, search_text) VALUES (NEW.id, NEW.search_text); END",
    "CREATE TRIGGER key_search_update AFTER UPDATE OF search_text ON api_keys \
     WHEN OLD.search_text IS NOT NULL AND NEW.search_text <> OLD.search_text BEGIN \
     UPDATE key_search SET search_text = NEW.search_text WHERE api_key_id = OLD.id; END",
    "CREATE TRIGGER key_search_delete AFTER DELETE ON api_keys WHEN OLD.search_text IS NOT NULL BEGIN \
     DELETE FROM key_search WHERE api_key_id = OLD.id; END",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        // Name and description as they were when they were folded.
        add_column(manager, "api_keys", text_null("search_source")).await?;
        add_column(manager, "api_keys", text_null("search_text")).await?;
        connection.execute_unprepared(UNFOLDED).await?;
        // By default PostgreSQL folds by its locale.
        let collation = if is_postgres { " COLLATE \"C\"" } else { "" };
        let last_four =
            format!("CREATE INDEX key_secrets_last_four ON key_secrets (organization_id, lower(last_four{collation}))");
        connection.execute_unprepared(&last_four).await?;
        if !is_postgres {
            for statement in TRIGRAMS {
                connection.execute_unprepared(statement).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() != DbBackend::Postgres {
            for trigger in ["key_search_delete", "key_search_update", "key_search_insert"] {
                connection.execute_unprepared(&format!("DROP TRIGGER {trigger}")).await?;
            }
            connection.execute_unprepared("DROP TABLE key_search").await?;
        }
        connection.execute_unprepared("DROP INDEX key_secrets_last_four").await?;
        connection.execute_unprepared("DROP INDEX api_keys_unfolded").await?;
        // On PostgreSQL the index that was made in the background goes with its column; should the schema be migrated
        // up again, both are made again.
        drop_column(manager, "api_keys", "search_text").await?;
        drop_column(manager, "api_keys", "search_source").await?;
        let forget = "DELETE FROM background_migrations WHERE name IN ('fold_key_texts', 'index_key_texts')";
        connection.execute_unprepared(forget).await?;
        Ok(())
    }
}
