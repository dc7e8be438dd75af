//! The state that open pages of an organization show live, queried once for all of them.

use std::collections::{BTreeSet, HashMap};

use domain::{
    ids::{CallId, OrganizationId, SessionId},
    notifications::Unread,
    permissions::{Permission, Role, reach},
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult, Services, calls,
    entities::{memberships, organizations},
};

/// Maximum number of sessions queried by one statement.
const BATCH_SIZE: usize = 500;

/// The live state of an organization.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LiveState {
    /// Newest call, if there ever was one.
    pub latest: Option<CallId>,
    /// Sessions that may receive updates, with the unread count of their inbox; `None` for a member without
    /// one.
    pub watchers: HashMap<SessionId, Option<Unread>>,
}

/// Queries the live state for these sessions. Leaves out sessions that have ended or whose members may (no
/// longer) see anything of the organization. Doesn't count as activity: an open page doesn't keep its session
/// alive.
pub async fn live_state(
    services: &Services,
    organization: OrganizationId,
    sessions: &[SessionId],
) -> ServiceResult<LiveState> {
    let mut watchers = HashMap::with_capacity(sessions.len());
    for sessions in sessions.chunks(BATCH_SIZE) {
        read_watchers(services, organization, sessions, &mut watchers).await?;
    }
    Ok(LiveState { latest: calls::latest(services, organization).await?, watchers })
}

async fn read_watchers(
    services: &Services,
    organization: OrganizationId,
    sessions: &[SessionId],
    watchers: &mut HashMap<SessionId, Option<Unread>>,
) -> ServiceResult<()> {
    let database = services.database.read();
    let now = services.now().millis();
    let placeholders: Vec<String> = (0..sessions.len()).map(|index| format!("${}", index + 3)).collect();
    let sql = format!(
        "SELECT s.id, s.user_id, s.last_active_at, m.role, i.version, i.unread FROM sessions s \
         JOIN memberships m ON m.user_id = s.user_id AND m.organization_id = $1 AND m.suspended_at IS NULL \
         LEFT JOIN inboxes i ON i.organization_id = $1 AND i.user_id = s.user_id \
         WHERE s.expires_at > $2 AND s.id IN ({})",
        placeholders.join(", ")
    );
    let ids = sessions.iter().map(|session| Value::from(session.uuid()));
    let values: Vec<Value> = [organization.uuid().into(), now.into()].into_iter().chain(ids).collect();
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(database).await?;
    let idle_minutes = idle_minutes(database, rows.iter().map(|row| row.user_id)).await?;
    for row in rows {
        let role: Role = row.role.parse().map_err(ServiceError::Internal)?;
        let idle_millis =
            idle_minutes.get(&row.user_id).map_or(0, |minutes| i64::from(*minutes).saturating_mul(60_000));
        if now - row.last_active_at >= idle_millis || reach(role, Permission::ViewUsage).is_none() {
            continue;
        }
        let unread = reach(role, Permission::ViewNotifications)
            .map(|_| Unread { version: row.version.unwrap_or(0), count: row.unread.unwrap_or(0) });
        watchers.insert(SessionId::new(row.id), unread);
    }
    Ok(())
}

/// A session whose user is a member of the organization.
#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    last_active_at: i64,
    role: String,
    version: Option<i64>,
    unread: Option<i64>,
}

/// How long the sessions of these users may idle, in minutes: as long as the strictest of their organizations allows.
///
/// A statement of its own, since it is about all organizations of the users.
async fn idle_minutes(
    database: &DatabaseConnection,
    users: impl Iterator<Item = Uuid>,
) -> ServiceResult<HashMap<Uuid, i32>> {
    let users: BTreeSet<Uuid> = users.collect();
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let minutes = memberships::Entity::find()
        .select_only()
        .column(memberships::Column::UserId)
        .column_as(organizations::Column::SessionIdleMinutes.min(), "minutes")
        .join(JoinType::InnerJoin, memberships::organization())
        .filter(memberships::Column::UserId.is_in(users))
        .filter(memberships::Column::SuspendedAt.is_null())
        .group_by(memberships::Column::UserId)
        .into_tuple::<(Uuid, i32)>()
        .all(database)
        .await?;
    Ok(minutes.into_iter().collect())
}
