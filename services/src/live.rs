//! The state that open pages of an organization show live, queried once for all of them.

use std::collections::HashMap;

use domain::{
    ids::{CallId, OrganizationId, SessionId},
    notifications::Unread,
    permissions::{Permission, Role, reach},
};
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::{ServiceError, ServiceResult, Services, calls};

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
    // A session may be idle as long as the strictest of its user's organizations allows.
    let sql = format!(
        "SELECT s.id, s.last_active_at, m.role, i.version, i.unread, \
         (SELECT MIN(o.session_idle_minutes) FROM memberships n JOIN organizations o ON o.id = n.organization_id \
          WHERE n.user_id = s.user_id AND n.suspended_at IS NULL) AS idle_minutes \
         FROM sessions s \
         JOIN memberships m ON m.user_id = s.user_id AND m.organization_id = $1 AND m.suspended_at IS NULL \
         LEFT JOIN inboxes i ON i.organization_id = m.organization_id AND i.user_id = m.user_id \
         WHERE s.expires_at > $2 AND s.id IN ({})",
        placeholders.join(", ")
    );
    let ids = sessions.iter().map(|session| Value::from(session.uuid()));
    let values: Vec<Value> = [organization.uuid().into(), now.into()].into_iter().chain(ids).collect();
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    for row in database.query_all_raw(statement).await? {
        let role: Role = row.try_get::<String>("", "role")?.parse().map_err(ServiceError::Internal)?;
        let idle_millis = i64::from(row.try_get::<i32>("", "idle_minutes")?).saturating_mul(60_000);
        let is_idle = now - row.try_get::<i64>("", "last_active_at")? >= idle_millis;
        if is_idle || reach(role, Permission::ViewUsage).is_none() {
            continue;
        }
        let version: Option<i64> = row.try_get("", "version")?;
        let unread: Option<i64> = row.try_get("", "unread")?;
        let unread = reach(role, Permission::ViewNotifications)
            .map(|_| Unread { version: version.unwrap_or(0), count: unread.unwrap_or(0) });
        watchers.insert(SessionId::new(row.try_get("", "id")?), unread);
    }
    Ok(())
}
