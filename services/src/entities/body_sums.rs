//! Stored bytes of bodies, by organization and day of expiration.

use std::collections::BTreeMap;

use domain::ids::OrganizationId;
use sea_orm::{
    QueryResult,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::{ServiceResult, database::DatabaseTransaction};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "body_sums")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    /// Day of expiration, as in [`bodies`](super::bodies).
    #[sea_orm(primary_key, auto_increment = false)]
    pub expires_day: i32,
    /// Compressed bytes; never less than the actual sum.
    pub bytes: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Subtracts deleted bodies, in rows of `expires_day` and `bytes`, from the sums of their organization.
pub(crate) async fn subtract(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    deleted: &[QueryResult],
) -> ServiceResult<()> {
    // Always in the same order, so that transactions can't deadlock.
    let mut bytes_by_day: BTreeMap<i32, i64> = BTreeMap::new();
    for row in deleted {
        *bytes_by_day.entry(row.try_get("", "expires_day")?).or_default() += row.try_get::<i64>("", "bytes")?;
    }
    for (day, bytes) in bytes_by_day {
        Entity::update_many()
            .col_expr(Column::Bytes, Expr::col(Column::Bytes).sub(bytes))
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::ExpiresDay.eq(day))
            .filter(Column::Bytes.gte(bytes))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
