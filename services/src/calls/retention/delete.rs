//! Deletes rows of old calls and bodies, a few of one organization in each transaction, so that no call waits for it.

use domain::ids::{CallId, OrganizationId};
use sea_orm::ConnectionTrait;

use super::Keeper;
use crate::{
    Database, ServiceResult,
    database::{Bound, Connections},
    entities::body_sums,
};

/// Rows deleted in one transaction.
const BATCH_SIZE: u64 = 500;

/// Deletes the calls that their organizations don't keep. They take turns, so that none waits for one with many.
pub(super) async fn delete_calls(database: &Database, keepers: &[Keeper]) -> ServiceResult<()> {
    let mut left: Vec<(OrganizationId, CallId)> = limited(keepers).collect();
    while !left.is_empty() {
        let mut unfinished = Vec::new();
        for (organization, first) in left {
            if delete_batch(database, organization, ("calls", "id"), first).await? == BATCH_SIZE {
                unfinished.push((organization, first));
            }
        }
        left = unfinished;
    }
    Ok(())
}

/// Deletes the request IDs that clients gave these calls.
pub(super) async fn delete_client_requests(database: &Database, keepers: &[Keeper]) -> ServiceResult<()> {
    for (organization, first) in limited(keepers) {
        while delete_batch(database, organization, ("client_requests", "call_id"), first).await? == BATCH_SIZE {}
    }
    Ok(())
}

/// Deletes the tags of these calls. A call may have several, all of which go with a batch that includes one of them.
pub(super) async fn delete_tags(database: &Database, keepers: &[Keeper]) -> ServiceResult<()> {
    for (organization, first) in limited(keepers) {
        while delete_batch(database, organization, ("call_tags", "call_id"), first).await? >= BATCH_SIZE {}
    }
    Ok(())
}

/// Deletes the bodies of these calls.
pub(super) async fn delete_bodies(database: &Database, keepers: &[Keeper]) -> ServiceResult<()> {
    for (organization, first) in limited(keepers) {
        while delete_batch_of_bodies(database, organization, first).await? == BATCH_SIZE {}
    }
    Ok(())
}

/// The organizations that don't keep all calls, with the lowest id that they keep.
fn limited(keepers: &[Keeper]) -> impl Iterator<Item = (OrganizationId, CallId)> {
    keepers.iter().filter_map(|keeper| Some((keeper.organization, keeper.first_id()?)))
}

/// Deletes rows of a table whose column holds ids of calls before `first`.
async fn delete_batch(
    database: &Connections,
    organization: OrganizationId,
    (table, id): (&str, &str),
    first: CallId,
) -> ServiceResult<u64> {
    let transaction = database.begin().await?;
    let mut bound = Bound::new(transaction.get_database_backend());
    let (organization, first) = (bound.value(organization.uuid()), bound.value(first.uuid()));
    let sql = format!(
        "DELETE FROM {table} WHERE organization_id = {organization} AND {id} < {first} AND {id} IN \
         (SELECT c.{id} FROM {table} c WHERE c.organization_id = {organization} AND c.{id} < {first} \
         ORDER BY c.{id} LIMIT {BATCH_SIZE})"
    );
    let deleted = transaction.execute_raw(bound.statement(sql)).await?.rows_affected();
    transaction.commit().await?;
    Ok(deleted)
}

/// Deletes bodies, and subtracts them from the sums that their quota goes by.
async fn delete_batch_of_bodies(
    database: &Connections,
    organization: OrganizationId,
    first: CallId,
) -> ServiceResult<u64> {
    let transaction = database.begin().await?;
    let mut bound = Bound::new(transaction.get_database_backend());
    let (owner, first) = (bound.value(organization.uuid()), bound.value(first.uuid()));
    let sql = format!(
        "DELETE FROM bodies WHERE organization_id = {owner} AND call_id IN (SELECT b.call_id FROM bodies b \
         WHERE b.organization_id = {owner} AND b.call_id < {first} ORDER BY b.call_id LIMIT {BATCH_SIZE}) \
         RETURNING expires_day, CAST(length(packed) AS bigint) AS bytes"
    );
    let rows = transaction.query_all_raw(bound.statement(sql)).await?;
    body_sums::subtract(&transaction, organization, &rows).await?;
    transaction.commit().await?;
    Ok(rows.len() as u64)
}
