//! Writes the latest uses.

use sea_orm::{
    EntityTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    Database, ServiceResult,
    entities::key_uses::{ActiveModel, Column, Entity, Model},
};

/// Rows written by one statement.
const BATCH_SIZE: usize = 500;

/// Writes `uses`, which are sorted by the table's key; a stored row with a later moment stays.
pub(super) async fn write(database: &Database, uses: &[Model]) -> ServiceResult<()> {
    let key = [Column::OrganizationId, Column::ApiKeyId, Column::SecretId, Column::Ip, Column::Agent];
    let later = Expr::col(("excluded", Column::LastUsedAt)).gt(Expr::col((Entity, Column::LastUsedAt)));
    let keep_latest = OnConflict::columns(key).update_column(Column::LastUsedAt).action_and_where(later).to_owned();
    let transaction = database.begin().await?;
    for chunk in uses.chunks(BATCH_SIZE) {
        let rows = chunk.iter().cloned().map(ActiveModel::from);
        Entity::insert_many(rows).on_conflict(keep_latest.clone()).exec_without_returning(&transaction).await?;
    }
    Ok(transaction.commit().await?)
}
