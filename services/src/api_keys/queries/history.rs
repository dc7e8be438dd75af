//! The history of a key.

use domain::{audit::AuditEntry, ids::ApiKeyId, time::Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::get;
use crate::{Actor, ServiceResult, Services, entities::audit_entries};

/// Maximum number of entries returned: more than are made by hand.
const MAX_ENTRIES: u64 = 500;

/// Returns the audit entries about a key that the actor may view, the latest first, from the audit log, which
/// never contains secrets or hashes.
pub async fn history(services: &Services, actor: &Actor, id: ApiKeyId) -> ServiceResult<Vec<AuditEntry>> {
    get::check(services, actor, id).await?;
    let rows = audit_entries::Entity::find()
        .filter(audit_entries::Column::OrganizationId.eq(actor.organization.id.uuid()))
        .filter(audit_entries::Column::TargetId.eq(id.to_string()))
        .filter(audit_entries::Column::TargetKind.eq("api_key"))
        .order_by_desc(audit_entries::Column::Sequence)
        .limit(MAX_ENTRIES)
        .all(services.database.read())
        .await?;
    Ok(rows.into_iter().map(entry_from_row).collect())
}

fn entry_from_row(row: audit_entries::Model) -> AuditEntry {
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
