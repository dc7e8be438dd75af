//! What open pages of an organization are told, asked for once for all of them.

use std::collections::HashMap;

use domain::{
    ids::{CallId, OrganizationId, SessionId},
    notifications::Unread,
    permissions::{Permission, Role, reach},
};
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::{ServiceError, ServiceResult, Services, calls};

/// How many sessions are asked about in one statement.
const AT_ONCE: usize = 500;

/// How things stand in an organization.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// The newest call, if there ever was one.
    pub latest: Option<CallId>,
    /// Those who were asked about and may watch, with their inboxes: of whoever has none, nothing.
    pub watchers: HashMap<SessionId, Option<Unread>>,
}

/// How things stand for whoever has one of these sessions. Those are left out that have ended, and whose members may see
/// nothing of this organization (any more). It is no activity: a page that is left open doesn't keep its session alive.
pub async fn standing(
    services: &Services,
    organization: OrganizationId,
    sessions: &[SessionId],
) -> ServiceResult<Standing> {
    let mut watchers = HashMap::with_capacity(sessions.len());
    for sessions in sessions.chunks(AT_ONCE) {
        read(services, organization, sessions, &mut watchers).await?;
    }
    Ok(Standing { latest: calls::latest(services, organization).await?, watchers })
}

async fn read(
    services: &Services,
    organization: OrganizationId,
    sessions: &[SessionId],
    watchers: &mut HashMap<SessionId, Option<Unread>>,
) -> ServiceResult<()> {
    let database = services.database.read();
    let now = services.now().millis();
    let places: Vec<String> = (0..sessions.len()).map(|index| format!("${}", index + 3)).collect();
    // A session may idle as long as the strictest of its user's organizations says.
    let sql = format!(
        "SELECT s.id, s.last_active_at, m.role, i.version, i.unread, \
         (SELECT MIN(o.session_idle_minutes) FROM memberships n JOIN organizations o ON o.id = n.organization_id \
          WHERE n.user_id = s.user_id AND n.suspended_at IS NULL) AS idle_minutes \
         FROM sessions s \
         JOIN memberships m ON m.user_id = s.user_id AND m.organization_id = $1 AND m.suspended_at IS NULL \
         LEFT JOIN inboxes i ON i.organization_id = m.organization_id AND i.user_id = m.user_id \
         WHERE s.expires_at > $2 AND s.id IN ({})",
        places.join(", ")
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
