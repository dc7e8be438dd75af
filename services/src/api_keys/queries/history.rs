//! What was done to a key.

use domain::{audit::AuditEntry, ids::ApiKeyId, time::Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::get;
use crate::{Actor, ServiceResult, Services, entities::audit_entries};

/// Most entries that are told: more than anybody makes by hand.
const MOST_ENTRIES: u64 = 500;

/// What was done to a key that the asker may see, the latest first, from the audit log: no secret and no hash is ever in it.
pub async fn history(services: &Services, actor: &Actor, id: ApiKeyId) -> ServiceResult<Vec<AuditEntry>> {
    get::check(services, actor, id).await?;
    let rows = audit_entries::Entity::find()
        .filter(audit_entries::Column::OrganizationId.eq(actor.organization.id.uuid()))
        .filter(audit_entries::Column::TargetId.eq(id.to_string()))
        .filter(audit_entries::Column::TargetKind.eq("api_key"))
        .order_by_desc(audit_entries::Column::Sequence)
        .limit(MOST_ENTRIES)
        .all(services.database.read())
        .await?;
    Ok(rows.into_iter().map(shown).collect())
}

fn shown(row: audit_entries::Model) -> AuditEntry {
    // Only JSON is ever written.
    let state = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    AuditEntry {
        sequence: row.sequence,
        at: Timestamp::from_millis(row.at),
        actor: row.actor_name,
        action: row.action,
        ip: row.ip,
        before: state(row.before),
        after: state(row.after),
    }
}
