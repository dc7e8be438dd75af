//! Sessions: a token in the browser, of which only the hash is stored.

use domain::{
    accounts::{Session, SessionEnd},
    ids::{OrganizationId, SessionId, UserId},
    organizations::DEFAULT_SESSION_IDLE_MINUTES,
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use sha2::{Digest, Sha256};

use super::{
    Device, SignedInUser,
    confirm::confirm,
    device, guess_limiter, members,
    session_ends::{end_matching, find_reason},
};
use crate::{
    ServiceError, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    database::DatabaseTransaction,
    entities::{memberships, organizations, sessions, users},
    random,
};

/// Maximum life of a session: long enough that daily users sign in once a month, short enough that a stolen
/// token isn't valid forever (OWASP ASVS 5.0, 7.3.2).
const MAX_LIFE_DAYS: i64 = 30;
/// How often activity is recorded, in milliseconds: not every request should write a row.
const TOUCH_INTERVAL_MILLIS: i64 = 60_000;

/// Opens a session for `user_id`, ending the oldest if there are too many. Returns its token and its id.
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
        expires_at: Set(now.plus_days(MAX_LIFE_DAYS).millis()),
    };
    sessions::Entity::insert(session).exec_without_returning(transaction).await?;
    guess_limiter::remember_network(transaction, now, user_id.uuid(), device.ip).await?;
    end_oldest(transaction, user_id, id, services.quotas.get().sessions).await?;
    Ok((token, SessionId::new(id)))
}

/// Ends all sessions of a user except `max`: `opened` and the newest of the others.
async fn end_oldest(
    transaction: &DatabaseTransaction,
    user_id: UserId,
    opened: uuid::Uuid,
    max: u32,
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
    let oldest: Vec<_> = newest_first.into_iter().skip((max as usize).saturating_sub(1)).collect();
    if !oldest.is_empty() {
        let oldest = Condition::all().add(sessions::Column::Id.is_in(oldest));
        end_matching(transaction, oldest, Some(SessionEnd::TooMany)).await?;
    }
    Ok(())
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Returns the user with this token. Counts as activity: the session's idle time starts over.
pub async fn authenticate(services: &Services, token: &str) -> ServiceResult<SignedInUser> {
    let (user, last_active_at) = find(services, token).await?;
    let now = services.now();
    if now.millis() - last_active_at >= TOUCH_INTERVAL_MILLIS
        && let Err(error) = touch(services, user.session_id, now).await
    {
        // The request succeeds anyway, and the next one records the activity.
        tracing::warn!(%error, "a session's activity couldn't be noted");
    }
    Ok(user)
}

async fn touch(services: &Services, id: SessionId, now: Timestamp) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    sessions::Entity::update_many()
        .col_expr(sessions::Column::LastActiveAt, Expr::value(now.millis()))
        .filter(sessions::Column::Id.eq(id.uuid()))
        .filter(sessions::Column::LastActiveAt.lt(now.millis()))
        .exec(&transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// Returns the user with this token, for requests that don't count as activity: polling and live updates
/// don't keep a session alive.
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
    let idle_millis = idle_millis(database, session.user_id).await?;
    if now - session.last_active_at >= idle_millis {
        return Err(ServiceError::Unauthenticated);
    }
    let user = users::Entity::find_by_id(session.user_id).one(database).await?.ok_or(ServiceError::Unauthenticated)?;
    Ok((signed_in_user(user, SessionId::new(session.id)), session.last_active_at))
}

pub(super) fn signed_in_user(user: users::Model, session_id: SessionId) -> SignedInUser {
    SignedInUser {
        user_id: UserId::new(user.id),
        session_id,
        name: user.name,
        email: user.email,
        is_operator: user.is_operator,
        last_organization: user.last_organization_id.map(OrganizationId::new),
    }
}

/// How long a user's sessions may idle, in milliseconds: the shortest time among their organizations.
async fn idle_millis(database: &impl ConnectionTrait, user_id: uuid::Uuid) -> ServiceResult<i64> {
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
    Ok(strictest.map_or(i64::from(DEFAULT_SESSION_IDLE_MINUTES), i64::from).saturating_mul(60_000))
}

/// Returns why the session with this token ended; `None` if it goes on, or if that isn't known (any more).
pub async fn session_end(services: &Services, token: &str) -> ServiceResult<Option<SessionEnd>> {
    let database = services.database.read();
    let (hash, now) = (hash(token), services.now().millis());
    let session = sessions::Entity::find().filter(sessions::Column::TokenHash.eq(hash.clone())).one(database).await?;
    let Some(session) = session else { return find_reason(database, hash).await };
    if now >= session.expires_at {
        return Ok(Some(SessionEnd::Expired));
    }
    let is_idle = now - session.last_active_at >= idle_millis(database, session.user_id).await?;
    Ok(is_idle.then_some(SessionEnd::Inactivity))
}

/// Lists the user's sessions, the latest active first.
pub async fn sessions(services: &Services, user: &SignedInUser) -> ServiceResult<Vec<Session>> {
    let database = services.database.read();
    let now = services.now().millis();
    let idle_since = now - idle_millis(database, user.user_id.uuid()).await?;
    let rows = sessions::Entity::find()
        .filter(sessions::Column::UserId.eq(user.user_id.uuid()))
        .filter(sessions::Column::ExpiresAt.gt(now))
        .filter(sessions::Column::LastActiveAt.gt(idle_since))
        .order_by_desc(sessions::Column::LastActiveAt)
        .order_by_desc(sessions::Column::CreatedAt)
        .all(database)
        .await?;
    let session = |row: sessions::Model| Session {
        id: SessionId::new(row.id),
        device: device::describe(&row.user_agent),
        ip: row.ip,
        created_at: Timestamp::from_millis(row.created_at),
        last_active_at: Timestamp::from_millis(row.last_active_at),
        current: row.id == user.session_id.uuid(),
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Ends the current session.
pub async fn sign_out(services: &Services, user: &SignedInUser, device: &Device) -> ServiceResult<()> {
    let this = sessions::Column::Id.eq(user.session_id.uuid());
    end(services, user, device, ("session.signed_out", None), this).await?;
    Ok(())
}

/// Ends one of the user's own sessions. Asks for the password: otherwise an intruder in a browser left open
/// could keep the user from ending that session elsewhere.
pub async fn end_session(
    services: &Services,
    user: &SignedInUser,
    id: SessionId,
    password: &str,
    device: &Device,
) -> ServiceResult<()> {
    let route = "/api/accounts/end_session";
    confirm(services, user, ("password", password), device, route).await?.1.mark_succeeded(services).await?;
    match end(services, user, device, ENDED, sessions::Column::Id.eq(id.uuid())).await? {
        0 => Err(ServiceError::NotFound),
        _ => Ok(()),
    }
}

/// Ends all of the user's own sessions but the current one. Asks for the password, too.
pub async fn end_other_sessions(
    services: &Services,
    user: &SignedInUser,
    password: &str,
    device: &Device,
) -> ServiceResult<()> {
    let route = "/api/accounts/end_other_sessions";
    confirm(services, user, ("password", password), device, route).await?.1.mark_succeeded(services).await?;
    end(services, user, device, ENDED, sessions::Column::Id.ne(user.session_id.uuid())).await?;
    Ok(())
}

/// The audited action of a session that its user ended elsewhere, and the reason that its browser shows.
const ENDED: (&str, Option<SessionEnd>) = ("session.ended", Some(SessionEnd::Ended));

/// Ends the user's own sessions that match `filter`, and returns their number.
async fn end(
    services: &Services,
    user: &SignedInUser,
    device: &Device,
    (action, reason): (&'static str, Option<SessionEnd>),
    filter: Expr,
) -> ServiceResult<usize> {
    let transaction = services.database.begin().await?;
    let own = Condition::all().add(sessions::Column::UserId.eq(user.user_id.uuid())).add(filter);
    let ended = end_matching(&transaction, own, reason).await?;
    let author = AuditAuthor::member(user.user_id, &user.name, device.ip);
    let organizations = members::organizations_of(&transaction, user.user_id).await?;
    for id in &ended {
        let event = || AuditEvent::new(action, "session", SessionId::new(*id));
        audit::record_everywhere(&transaction, services.now(), organizations.clone(), &author, event).await?;
    }
    transaction.commit().await?;
    Ok(ended.len())
}

/// Ends the session of the token that a browser had before, whichever user it belongs to.
pub(super) async fn end_replaced(
    services: &Services,
    transaction: &DatabaseTransaction,
    old_token: Option<&str>,
    device: &Device,
) -> ServiceResult<()> {
    let Some(token) = old_token else { return Ok(()) };
    let found = sessions::Entity::find().filter(sessions::Column::TokenHash.eq(hash(token))).one(transaction).await?;
    let Some(session) = found else { return Ok(()) };
    sessions::Entity::delete_many().filter(sessions::Column::Id.eq(session.id)).exec(transaction).await?;
    let Some(user) = users::Entity::find_by_id(session.user_id).one(transaction).await? else { return Ok(()) };
    let user_id = UserId::new(user.id);
    let author = AuditAuthor::member(user_id, &user.name, device.ip);
    let organizations = members::organizations_of(transaction, user_id).await?;
    let event = || AuditEvent::new("session.ended", "session", SessionId::new(session.id));
    audit::record_everywhere(transaction, services.now(), organizations, &author, event).await
}

/// Ends all sessions of a user whose password is changed.
pub(super) async fn end_all(transaction: &DatabaseTransaction, user_id: UserId) -> ServiceResult<()> {
    let own = Condition::all().add(sessions::Column::UserId.eq(user_id.uuid()));
    end_matching(transaction, own, Some(SessionEnd::PasswordChanged)).await?;
    Ok(())
}
