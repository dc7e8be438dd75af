//! Rate limits of organizations, projects and keys, in calls and tokens a minute, and the use of the last
//! minute that servers publish to each other.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 3] = ["organizations", "projects", "api_keys"];
const COLUMNS: [&str; 2] = ["calls_per_minute", "tokens_per_minute"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            for column in COLUMNS {
                add_column(manager, table, big_integer_null(column)).await?;
            }
        }
        // SQLite has a single server, which has no others to publish to.
        if manager.get_database_backend() == DbBackend::Postgres {
            // Unlogged: the use of the last minute needn't survive a crash of the database.
            let sql = "CREATE UNLOGGED TABLE rate_windows (
                subject uuid NOT NULL,
                second bigint NOT NULL,
                server integer NOT NULL,
                calls bigint NOT NULL,
                tokens bigint NOT NULL,
                changed_at bigint NOT NULL,
                PRIMARY KEY (subject, second, server)
            )";
            let connection = manager.get_connection();
            connection.execute_unprepared(sql).await?;
            connection.execute_unprepared("CREATE INDEX rate_windows_changed ON rate_windows (changed_at)").await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.drop_table(Table::drop().table("rate_windows").to_owned()).await?;
        }
        for table in TABLES.into_iter().rev() {
            for column in COLUMNS.into_iter().rev() {
                drop_column(manager, table, column).await?;
            }
        }
        Ok(())
    }
}
