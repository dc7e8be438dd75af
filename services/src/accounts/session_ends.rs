//! The reasons why sessions ended, for the browsers that still have their tokens.

use domain::accounts::SessionEnd;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::sessions::{hash, idle_millis};
use crate::{
    ServiceError, ServiceResult, Services,
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
    sessions::Entity::delete_many()
        .filter(sessions::Column::Id.is_in(ids.iter().copied()))
        .exec(transaction)
        .await?;
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

/// Returns why the session with this token ended; `None` if it goes on, or if that isn't known (any more).
pub async fn session_end(services: &Services, token: &str) -> ServiceResult<Option<SessionEnd>> {
    let database = services.database.read();
    let (hash, now) = (hash(token), services.now().millis());
    let session = sessions::Entity::find().filter(sessions::Column::TokenHash.eq(hash.clone())).one(database).await?;
    if let Some(session) = session {
        let idle_millis = idle_millis(database, session.user_id).await?;
        return Ok(if now >= session.expires_at {
            Some(SessionEnd::Expired)
        } else {
            (now - session.last_active_at >= idle_millis).then_some(SessionEnd::Inactivity)
        });
    }
    let ended = ended_sessions::Entity::find().filter(ended_sessions::Column::TokenHash.eq(hash)).one(database).await?;
    ended.map(|ended| ended.reason.parse().map_err(ServiceError::Internal)).transpose()
}
