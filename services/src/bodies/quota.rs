//! The quota of an organization's stored bodies.

use std::collections::BTreeMap;

use domain::time::{DAY_MILLIS, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use crate::{
    ServiceResult,
    database::DatabaseTransaction,
    entities::{bodies, body_sums},
};

/// Leaves out rows beyond their organization's quota of `max` bytes, and adds up the others.
pub(super) async fn take_fitting(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    rows: Vec<bodies::Model>,
    max: u64,
) -> ServiceResult<Vec<bodies::Model>> {
    // Always in the same order, so that transactions can't deadlock.
    let mut by_organization: BTreeMap<Uuid, Vec<bodies::Model>> = BTreeMap::new();
    for row in rows {
        by_organization.entry(row.organization_id).or_default().push(row);
    }
    let mut fitting = Vec::new();
    for (organization, rows) in by_organization {
        let mut left = max.saturating_sub(stored_bytes(transaction, now, organization).await?);
        let mut sums: BTreeMap<i32, i64> = BTreeMap::new();
        for row in rows {
            let bytes = row.packed.len() as u64;
            if let Some(after) = left.checked_sub(bytes) {
                left = after;
                *sums.entry(row.expires_day).or_default() += i64::try_from(bytes).unwrap_or(i64::MAX);
                fitting.push(row);
            }
        }
        add_sums(transaction, organization, sums).await?;
    }
    Ok(fitting)
}

/// Returns the number of unexpired bytes that an organization has stored.
async fn stored_bytes(transaction: &DatabaseTransaction, now: Timestamp, organization: Uuid) -> ServiceResult<u64> {
    let today = i32::try_from(now.millis().div_euclid(DAY_MILLIS)).unwrap_or(i32::MAX);
    let sums = body_sums::Entity::find()
        .select_only()
        .column(body_sums::Column::Bytes)
        .filter(body_sums::Column::OrganizationId.eq(organization))
        .filter(body_sums::Column::ExpiresDay.gt(today))
        .into_tuple::<i64>()
        .all(transaction)
        .await?;
    Ok(sums.into_iter().map(i64::unsigned_abs).sum())
}

async fn add_sums(
    transaction: &DatabaseTransaction,
    organization: Uuid,
    sums: BTreeMap<i32, i64>,
) -> ServiceResult<()> {
    for (day, bytes) in sums {
        let sum =
            body_sums::ActiveModel { organization_id: Set(organization), expires_day: Set(day), bytes: Set(bytes) };
        let before = Expr::col((body_sums::Entity, body_sums::Column::Bytes));
        let added = OnConflict::columns([body_sums::Column::OrganizationId, body_sums::Column::ExpiresDay])
            .value(body_sums::Column::Bytes, before.add(bytes))
            .to_owned();
        body_sums::Entity::insert(sum).on_conflict(added).exec_without_returning(transaction).await?;
    }
    Ok(())
}
