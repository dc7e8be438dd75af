//! The reasons why sessions ended, for the browsers that still have their tokens.

use domain::accounts::SessionEnd;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult,
    database::DatabaseTransaction,
    entities::{ended_sessions, sessions},
};

/// Ends the sessions that match `filter`, and stores the reason if there is one. Returns their ids, in order.
pub(super) async fn end_matching(
    transaction: &DatabaseTransaction,
    filter: Condition,
    reason: Option<SessionEnd>,
) -> ServiceResult<Vec<Uuid>> {
    let found = sessions::Entity::find().filter(filter).order_by_asc(sessions::Column::Id).all(transaction).await?;
    let ids: Vec<Uuid> = found.iter().map(|session| session.id).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    sessions::Entity::delete_many().filter(sessions::Column::Id.is_in(ids.iter().copied())).exec(transaction).await?;
    if let Some(reason) = reason {
        let ended = found.into_iter().map(|session| ended_sessions::ActiveModel {
            id: Set(session.id),
            token_hash: Set(session.token_hash),
            reason: Set(reason.name().to_owned()),
            expires_at: Set(session.expires_at),
        });
        // Of two concurrent requests that end a session, the first says why.
        ended_sessions::Entity::insert_many(ended)
            .on_conflict_do_nothing_on([ended_sessions::Column::Id])
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(ids)
}

/// Returns the stored reason for the end of the session whose token has this hash.
pub(super) async fn find_reason(
    database: &DatabaseConnection,
    token_hash: Vec<u8>,
) -> ServiceResult<Option<SessionEnd>> {
    let has_token = ended_sessions::Column::TokenHash.eq(token_hash);
    let ended = ended_sessions::Entity::find().filter(has_token).one(database).await?;
    ended.map(|ended| ended.reason.parse().map_err(ServiceError::Internal)).transpose()
}
