//! Jobs: what a transaction leaves to be done after it, and the upkeep that recurs.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Partial indexes, each of the jobs in one state: waiting, running, and over.
const INDEXES: [&str; 3] = [
    "CREATE INDEX jobs_waiting ON jobs (kind, due_at) WHERE state = 0",
    "CREATE INDEX jobs_running ON jobs (claimed_until) WHERE state = 1",
    "CREATE INDEX jobs_over ON jobs (finished_at) WHERE state IN (2, 3)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let jobs = Table::create()
            .table("jobs")
            .col(uuid("id").primary_key())
            .col(text("kind"))
            // Identifies what the job is done for: a kind has one job for each cause.
            .col(text("cause"))
            // The nil id for jobs of the installation.
            .col(uuid("organization_id"))
            .col(text("payload"))
            // 0 waiting, 1 running, 2 done, 3 failed for good.
            .col(small_integer("state"))
            .col(integer("attempts"))
            .col(big_integer("created_at"))
            .col(big_integer("due_at"))
            // The runner that has the job, and until when it needs to say that it still does.
            .col(uuid_null("claimed_by"))
            .col(big_integer_null("claimed_until"))
            .col(big_integer_null("finished_at"))
            // Why the last attempt failed.
            .col(text_null("error"))
            .to_owned();
        manager.create_table(jobs).await?;
        let causes = Index::create().name("jobs_cause").table("jobs").col("kind").col("cause").unique().to_owned();
        manager.create_index(causes).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("jobs").to_owned()).await
    }
}
