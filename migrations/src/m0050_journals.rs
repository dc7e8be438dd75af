//! The database's own identity, by which a journal of calls is stored in no other database, and the list of journals, by which
//! one that waits on a machine without a server is found.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Has one row. A copy of the database has the same id, and takes the same journals.
        let installation = Table::create().table("installation").col(uuid("id").primary_key()).to_owned();
        manager.create_table(installation).await?;
        let random = match manager.get_database_backend() {
            DbBackend::Postgres => "gen_random_uuid()",
            _ => "randomblob(16)",
        };
        let insert = format!("INSERT INTO installation (id) VALUES ({random})");
        manager.get_connection().execute_unprepared(&insert).await?;
        let journals = Table::create()
            .table("journals")
            // The name of its folder, which holds a random part.
            .col(text("name").primary_key())
            .col(text("host"))
            .col(text("folder"))
            .col(big_integer("started_at"))
            // When its server last reported that it runs.
            .col(big_integer("seen_at"))
            .to_owned();
        manager.create_table(journals).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("journals").to_owned()).await?;
        manager.drop_table(Table::drop().table("installation").to_owned()).await
    }
}
