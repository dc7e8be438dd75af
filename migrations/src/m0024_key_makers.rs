//! The key that requested a secret and so knows it, so that the keys it made or rotated can be revoked along
//! with it.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "key_secrets", uuid_null("made_by")).await?;
        // The audit log has the makers of earlier secrets, in an entry of the same moment with their last
        // characters.
        manager
            .get_connection()
            .execute_unprepared(
                "UPDATE key_secrets SET made_by = e.actor_id FROM audit_entries e \
                 WHERE e.organization_id = key_secrets.organization_id AND e.at = key_secrets.created_at \
                 AND e.actor_kind = 'api_key' AND e.action IN ('api_key.created', 'api_key.rotated') \
                 AND e.after LIKE '%\"last_four\":\"' || key_secrets.last_four || '\"%'",
            )
            .await?;
        let index = Index::create()
            .name("key_secrets_made_by")
            .table("key_secrets")
            .col("organization_id")
            .col("made_by")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("key_secrets_made_by").table("key_secrets").to_owned()).await?;
        drop_column(manager, "key_secrets", "made_by").await
    }
}
