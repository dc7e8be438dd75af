//! Sessions: a token in the browser, of which only the hash is stored.

use domain::{
    accounts::Session,
    ids::{OrganizationId, SessionId, UserId},
    organizations::DEFAULT_SESSION_IDLE_MINUTES,
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use sha2::{Digest, Sha256};

use super::{Device, SignedInUser, confirm::confirm, device, guess_limiter, members};
use crate::{
    ServiceError, ServiceResult, Services,
    audit::{self, Author, Deed},
    database::DatabaseTransaction,
    entities::{memberships, organizations, sessions, users},
    random,
};

/// How long a session can live at most: long enough that people who are here every day sign in once a
/// month, short enough that a stolen token isn't good for ever (OWASP ASVS 5.0, 7.3.2).
const LONGEST_LIFE_DAYS: i64 = 30;
/// How far activity may lie back before it is noted again, in milliseconds: not each request is to write a row.
const ACTIVITY_MILLIS: i64 = 60_000;

/// Opens a session for `user_id`, of whom the oldest end where there are too many; tells its token, and its id.
pub(super) async fn open(
    services: &Services,
    transaction: &DatabaseTransaction,
    now: Timestamp,
    user_id: UserId,
    device: &Device,
) -> ServiceResult<(String, SessionId)> {
    let token = random::hex(&random::bytes::<32>()?);
    let id = random::uuid(now)?;
    let session = sessions::ActiveModel {
        id: Set(id),
        token_hash: Set(hash(&token)),
        user_id: Set(user_id.uuid()),
        user_agent: Set(device.short_user_agent()),
        ip: Set(device.ip_text()),
        created_at: Set(now.millis()),
        last_active_at: Set(now.millis()),
        expires_at: Set(now.plus_days(LONGEST_LIFE_DAYS).millis()),
    };
    sessions::Entity::insert(session).exec_without_returning(transaction).await?;
    guess_limiter::note_known(transaction, now, user_id.uuid(), device.ip).await?;
    end_oldest(transaction, user_id, id, services.quotas.get().sessions).await?;
    Ok((token, SessionId::new(id)))
}

/// Leaves a user `most` sessions: `opened`, and the newest of the others.
async fn end_oldest(
    transaction: &DatabaseTransaction,
    user_id: UserId,
    opened: uuid::Uuid,
    most: u32,
) -> ServiceResult<()> {
    let newest_first = sessions::Entity::find()
        .select_only()
        .column(sessions::Column::Id)
        .filter(sessions::Column::UserId.eq(user_id.uuid()))
        .filter(sessions::Column::Id.ne(opened))
        .order_by_desc(sessions::Column::CreatedAt)
        .order_by_desc(sessions::Column::Id)
        .into_tuple::<uuid::Uuid>()
        .all(transaction)
        .await?;
    let oldest: Vec<_> = newest_first.into_iter().skip((most as usize).saturating_sub(1)).collect();
    if !oldest.is_empty() {
        sessions::Entity::delete_many().filter(sessions::Column::Id.is_in(oldest)).exec(transaction).await?;
    }
    Ok(())
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Who shows this token. Counts as activity: the session's idle time begins anew.
pub async fn authenticate(services: &Services, token: &str) -> ServiceResult<SignedInUser> {
    let (user, last_active_at) = find(services, token).await?;
    let now = services.now();
    if now.millis() - last_active_at >= ACTIVITY_MILLIS
        && let Err(error) = note_activity(services, user.session_id, now).await
    {
        // What was asked for can be had all the same, and the next request notes it anew.
        tracing::warn!(%error, "a session's activity couldn't be noted");
    }
    Ok(user)
}

async fn note_activity(services: &Services, id: SessionId, now: Timestamp) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    sessions::Entity::update_many()
        .col_expr(sessions::Column::LastActiveAt, Expr::value(now.millis()))
        .filter(sessions::Column::Id.eq(id.uuid()))
        .filter(sessions::Column::LastActiveAt.lt(now.millis()))
        .exec(&transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// Who shows this token, for what a page does by itself: polling and live updates don't keep a session alive.
pub async fn authenticate_passively(services: &Services, token: &str) -> ServiceResult<SignedInUser> {
    Ok(find(services, token).await?.0)
}

async fn find(services: &Services, token: &str) -> ServiceResult<(SignedInUser, i64)> {
    let database = services.database.read();
    let now = services.now().millis();
    let session = sessions::Entity::find()
        .filter(sessions::Column::TokenHash.eq(hash(token)))
        .one(database)
        .await?
        .filter(|session| now < session.expires_at)
        .ok_or(ServiceError::Unauthenticated)?;
    let idle_millis = idle_minutes(database, session.user_id).await?.saturating_mul(60_000);
    if now - session.last_active_at >= idle_millis {
        return Err(ServiceError::Unauthenticated);
    }
    let user = users::Entity::find_by_id(session.user_id).one(database).await?.ok_or(ServiceError::Unauthenticated)?;
    Ok((signed_in(user, SessionId::new(session.id)), session.last_active_at))
}

pub(super) fn signed_in(user: users::Model, session_id: SessionId) -> SignedInUser {
    SignedInUser {
        user_id: UserId::new(user.id),
        session_id,
        name: user.name,
        email: user.email,
        is_operator: user.is_operator,
        last_organization: user.last_organization_id.map(OrganizationId::new),
    }
}

/// How long a user's sessions may idle: as long as the strictest of their organizations says.
async fn idle_minutes(database: &impl ConnectionTrait, user_id: uuid::Uuid) -> ServiceResult<i64> {
    let strictest = memberships::Entity::find()
        .select_only()
        .join(sea_orm::JoinType::InnerJoin, memberships::organization())
        .column_as(organizations::Column::SessionIdleMinutes.min(), "minutes")
        .filter(memberships::Column::UserId.eq(user_id))
        .filter(memberships::Column::SuspendedAt.is_null())
        .into_tuple::<Option<i32>>()
        .one(database)
        .await?
        .flatten();
    Ok(strictest.map_or(i64::from(DEFAULT_SESSION_IDLE_MINUTES), i64::from))
}

/// The browsers somebody is signed in with, the latest active first.
pub async fn sessions(services: &Services, user: &SignedInUser) -> ServiceResult<Vec<Session>> {
    let database = services.database.read();
    let now = services.now().millis();
    let idle_since = now - idle_minutes(database, user.user_id.uuid()).await?.saturating_mul(60_000);
    let rows = sessions::Entity::find()
        .filter(sessions::Column::UserId.eq(user.user_id.uuid()))
        .filter(sessions::Column::ExpiresAt.gt(now))
        .filter(sessions::Column::LastActiveAt.gt(idle_since))
        .order_by_desc(sessions::Column::LastActiveAt)
        .order_by_desc(sessions::Column::CreatedAt)
        .all(database)
        .await?;
    let shown = |row: sessions::Model| Session {
        id: SessionId::new(row.id),
        device: device::describe(&row.user_agent),
        ip: row.ip,
        created_at: Timestamp::from_millis(row.created_at),
        last_active_at: Timestamp::from_millis(row.last_active_at),
        current: row.id == user.session_id.uuid(),
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Ends the session that asks.
pub async fn sign_out(services: &Services, user: &SignedInUser, device: &Device) -> ServiceResult<()> {
    end(services, user, device, "session.signed_out", sessions::Column::Id.eq(user.session_id.uuid())).await?;
    Ok(())
}

/// Ends one of one's own sessions. Asks for the password: in a browser that somebody left open, it would keep them from
/// doing so elsewhere.
pub async fn end_session(
    services: &Services,
    user: &SignedInUser,
    id: SessionId,
    password: &str,
    device: &Device,
) -> ServiceResult<()> {
    let route = "/api/accounts/end_session";
    confirm(services, user, ("password", password), device, route).await?.1.succeeded(services).await?;
    match end(services, user, device, "session.ended", sessions::Column::Id.eq(id.uuid())).await? {
        0 => Err(ServiceError::NotFound),
        _ => Ok(()),
    }
}

/// Ends all of one's own sessions but the one that asks, and asks for the password, too.
pub async fn end_other_sessions(
    services: &Services,
    user: &SignedInUser,
    password: &str,
    device: &Device,
) -> ServiceResult<()> {
    let route = "/api/accounts/end_other_sessions";
    confirm(services, user, ("password", password), device, route).await?.1.succeeded(services).await?;
    end(services, user, device, "session.ended", sessions::Column::Id.ne(user.session_id.uuid())).await?;
    Ok(())
}

/// Ends those of the user's own sessions that `which` picks; tells how many there were.
async fn end(
    services: &Services,
    user: &SignedInUser,
    device: &Device,
    action: &'static str,
    which: Expr,
) -> ServiceResult<usize> {
    let transaction = services.database.begin().await?;
    let ended = sessions::Entity::find()
        .select_only()
        .column(sessions::Column::Id)
        .filter(sessions::Column::UserId.eq(user.user_id.uuid()))
        .filter(which)
        .order_by_asc(sessions::Column::Id)
        .into_tuple::<uuid::Uuid>()
        .all(&transaction)
        .await?;
    sessions::Entity::delete_many()
        .filter(sessions::Column::Id.is_in(ended.iter().copied()))
        .exec(&transaction)
        .await?;
    let author = Author::member(user.user_id, &user.name, device.ip);
    let organizations = members::organizations_of(&transaction, user.user_id).await?;
    for id in &ended {
        let deed = || Deed::new(action, "session", SessionId::new(*id));
        audit::record_everywhere(&transaction, services.now(), organizations.clone(), &author, deed).await?;
    }
    transaction.commit().await?;
    Ok(ended.len())
}

/// Ends the session whose token a browser shows that gets another one, whoever it is of.
pub(super) async fn end_shown(
    services: &Services,
    transaction: &DatabaseTransaction,
    shown: Option<&str>,
    device: &Device,
) -> ServiceResult<()> {
    let Some(token) = shown else { return Ok(()) };
    let shown = sessions::Entity::find().filter(sessions::Column::TokenHash.eq(hash(token))).one(transaction).await?;
    let Some(session) = shown else { return Ok(()) };
    sessions::Entity::delete_many().filter(sessions::Column::Id.eq(session.id)).exec(transaction).await?;
    let Some(user) = users::Entity::find_by_id(session.user_id).one(transaction).await? else { return Ok(()) };
    let user_id = UserId::new(user.id);
    let author = Author::member(user_id, &user.name, device.ip);
    let organizations = members::organizations_of(transaction, user_id).await?;
    let deed = || Deed::new("session.ended", "session", SessionId::new(session.id));
    audit::record_everywhere(transaction, services.now(), organizations, &author, deed).await
}

/// Ends all sessions of a user.
pub(super) async fn end_all(transaction: &DatabaseTransaction, user_id: UserId) -> ServiceResult<()> {
    sessions::Entity::delete_many().filter(sessions::Column::UserId.eq(user_id.uuid())).exec(transaction).await?;
    Ok(())
}
