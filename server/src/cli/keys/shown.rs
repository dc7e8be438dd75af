//! Keys in the form that commands print.

use domain::{api_keys::ApiKey, time::Timestamp};
use serde_json::{Value, json};

/// A key as JSON, with timestamps in RFC 3339, and amounts and lists as in the HTTP APIs.
pub(super) fn key(key: &ApiKey) -> Value {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": key.id,
        "prefix": key.masked,
        "name": key.name,
        "description": key.description,
        "level": key.level,
        "status": key.status,
        "project_id": key.project.as_ref().map(|project| project.id),
        "scopes": key.scopes,
        "models": key.models,
        "ip_allowlist": key.ip_allowlist,
        "created_at": key.created_at.to_string(),
        "created_by": key.created_by.as_ref().map(|creator| creator.id),
        "expires_at": moment(key.expires_at),
        "rotate_every_days": key.rotate_every_days,
        "rate_limits": key.rate_limits,
        "metadata_only": key.metadata_only,
        "rotated_at": key.rotated_at.to_string(),
        "old_secret_ends_at": moment(key.old_secret.as_ref().map(|old| old.ends_at)),
        "last_used_at": moment(key.last_use.as_ref().map(|last| last.at)),
        "calls_this_month": key.calls_this_month,
        "spend_this_month": key.spend_this_month,
    })
}

/// A key as JSON with its secret; `null` if the secret isn't shown again.
pub(super) fn with_secret(api_key: &ApiKey, secret: Option<&str>) -> Value {
    let mut data = key(api_key);
    data["secret"] = json!(secret);
    data
}

/// A sentence with the end of the old secret.
pub(super) fn old_secret(key: &ApiKey) -> String {
    match &key.old_secret {
        Some(old) => format!("The old secret, {}, keeps working until {}.", old.masked, old.ends_at),
        None => "The old secret no longer works.".to_owned(),
    }
}
