//! Writes uses to the database, and removes those of clients that came long ago or are too many.

use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    Database, ServiceResult, Services,
    entities::key_uses::{ActiveModel, Column, Entity, Model},
};

/// Maximum number of clients kept for a secret: the latest.
pub(super) const MAX_CLIENTS: usize = 50;
/// How long a client is kept, in days. The latest one of a secret is kept forever, as the secret's last use.
const RETENTION_DAYS: i64 = 90;
/// Rows written by one statement.
const ROWS_PER_INSERT: usize = 500;
/// Rows removed in one transaction.
const BATCH_SIZE: u64 = 2_000;
/// Secrets named in one statement.
const SECRETS_PER_STATEMENT: usize = 100;

/// Writes `uses`, which are sorted by the table's key; a stored row with a later moment stays.
pub(super) async fn write(database: &Database, uses: &[Model]) -> ServiceResult<()> {
    let key = [Column::OrganizationId, Column::ApiKeyId, Column::SecretId, Column::Ip, Column::Agent];
    let later = Expr::col(("excluded", Column::LastUsedAt)).gt(Expr::col((Entity, Column::LastUsedAt)));
    let keep_latest = OnConflict::columns(key).update_column(Column::LastUsedAt).action_and_where(later).to_owned();
    let transaction = database.begin().await?;
    for chunk in uses.chunks(ROWS_PER_INSERT) {
        let rows = chunk.iter().cloned().map(ActiveModel::from);
        Entity::insert_many(rows).on_conflict(keep_latest.clone()).exec_without_returning(&transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// The table's key, in whose order rows are written and removed.
pub(super) fn key(row: &Model) -> impl Ord + '_ {
    (row.organization_id, row.api_key_id, row.secret_id, &row.ip, &row.agent)
}

/// Removes the uses of clients that came long ago, and of each secret all but the latest [`MAX_CLIENTS`].
pub async fn prune(services: &Services) -> ServiceResult<()> {
    while remove(services, "", vec![]).await? == BATCH_SIZE {}
    Ok(())
}

/// Prunes the secrets of `uses`, which are sorted by the table's key. Done after each write, so that no
/// secret keeps more than [`MAX_CLIENTS`], however few come at a time.
pub(super) async fn prune_secrets_of(services: &Services, uses: &[Model]) -> ServiceResult<()> {
    let secrets: Vec<[Value; 3]> = uses
        .chunk_by(|a, b| a.secret_id == b.secret_id)
        .filter_map(<[Model]>::first)
        .map(|first| [first.organization_id, first.api_key_id, first.secret_id].map(Value::from))
        .collect();
    for secrets in secrets.chunks(SECRETS_PER_STATEMENT) {
        // The first parameter is the moment.
        let of_secret = |number: usize| {
            let [organization, key, secret] = [2, 3, 4].map(|offset| 3 * number + offset);
            format!("u.organization_id = ${organization} AND u.api_key_id = ${key} AND u.secret_id = ${secret}")
        };
        let conditions: Vec<String> = (0..secrets.len()).map(of_secret).collect();
        while remove(services, &format!("WHERE {}", conditions.join(" OR ")), secrets.concat()).await? == BATCH_SIZE {}
    }
    Ok(())
}

/// Removes one batch, of the rows that `condition` selects, and returns its size.
async fn remove(services: &Services, condition: &str, values: Vec<Value>) -> ServiceResult<u64> {
    let database = &services.database;
    let text = format!(
        "SELECT * FROM (SELECT u.*, row_number() OVER (PARTITION BY u.organization_id, u.api_key_id, u.secret_id \
         ORDER BY u.last_used_at DESC, u.ip, u.agent) AS place FROM key_uses u {condition}) ranked \
         WHERE place > {MAX_CLIENTS} OR place > 1 AND last_used_at < $1 LIMIT {BATCH_SIZE}"
    );
    let oldest = services.now().plus_days(-RETENTION_DAYS).millis();
    let values = std::iter::once(oldest.into()).chain(values);
    let select = Statement::from_sql_and_values(database.read().get_database_backend(), text, values);
    let mut rows = Model::find_by_statement(select).all(database.read()).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    // In the order of writing, and none that was used again meanwhile.
    rows.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    let transaction = database.begin().await?;
    for row in &rows {
        Entity::delete_many()
            .filter(Column::OrganizationId.eq(row.organization_id))
            .filter(Column::ApiKeyId.eq(row.api_key_id))
            .filter(Column::SecretId.eq(row.secret_id))
            .filter(Column::Ip.eq(&row.ip))
            .filter(Column::Agent.eq(&row.agent))
            .filter(Column::LastUsedAt.eq(row.last_used_at))
            .exec(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(rows.len() as u64)
}
