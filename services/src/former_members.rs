//! Deletes what members kept in their organization once they have left it.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{ServiceResult, Services, database::Bound};

/// Tables whose rows belong to a member.
const TABLES: [&str; 2] = ["member_settings", "saved_views"];
/// Members whose rows of a table one run deletes; the rest go with later ones.
const BATCH_SIZE: u64 = 1_000;

/// Deletes the settings and views of those who left their organization, the shared views too, and those of organizations
/// that are no more.
pub async fn delete_rows(services: &Services) -> ServiceResult<()> {
    for table in TABLES {
        let is_orphan = format!(
            "NOT EXISTS (SELECT 1 FROM memberships WHERE memberships.organization_id = {table}.organization_id \
             AND memberships.user_id = {table}.user_id)"
        );
        let database = services.database.read();
        let sql = format!(
            "SELECT DISTINCT {table}.organization_id AS organization_id, {table}.user_id AS user_id FROM {table} \
             WHERE {is_orphan} LIMIT {BATCH_SIZE}"
        );
        let found = database.query_all_raw(Bound::new(database.get_database_backend()).statement(sql)).await?;
        // A statement changes rows of one organization, so that the database can be distributed.
        for row in found {
            let (organization, user): (Uuid, Uuid) = (row.try_get("", "organization_id")?, row.try_get("", "user_id")?);
            let transaction = services.database.begin().await?;
            let mut bound = Bound::new(transaction.get_database_backend());
            let (organization, user) = (bound.value(organization), bound.value(user));
            // They may have come back meanwhile.
            let sql = format!(
                "DELETE FROM {table} WHERE {table}.organization_id = {organization} AND {table}.user_id = {user} \
                 AND {is_orphan}"
            );
            transaction.execute_raw(bound.statement(sql)).await?;
            transaction.commit().await?;
        }
    }
    Ok(())
}
