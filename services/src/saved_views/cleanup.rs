//! Deletes the views of members who are no longer there.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use crate::{ServiceResult, Services, entities::saved_views};

/// Views deleted by one run; the rest go with later ones.
const BATCH_SIZE: u64 = 1_000;

/// The member of a view has left, or the organization is no more.
const IS_ORPHAN: &str = "NOT EXISTS (SELECT 1 FROM memberships WHERE memberships.organization_id = saved_views.organization_id \
                         AND memberships.user_id = saved_views.user_id)";

/// Deletes the views of those who left their organization, the shared ones too, and those of organizations that are no more.
pub async fn delete_orphans(services: &Services) -> ServiceResult<()> {
    let orphans: Vec<(Uuid, Uuid)> = saved_views::Entity::find()
        .select_only()
        .columns([saved_views::Column::OrganizationId, saved_views::Column::UserId])
        .filter(Expr::cust(IS_ORPHAN))
        .distinct()
        .limit(BATCH_SIZE)
        .into_tuple()
        .all(services.database.read())
        .await?;
    // A statement changes rows of one organization, so that the database can be distributed.
    for (organization, user) in orphans {
        let transaction = services.database.begin().await?;
        saved_views::Entity::delete_many()
            .filter(saved_views::Column::OrganizationId.eq(organization))
            .filter(saved_views::Column::UserId.eq(user))
            // They may have come back meanwhile.
            .filter(Expr::cust(IS_ORPHAN))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}
