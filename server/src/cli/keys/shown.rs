//! Keys, as commands tell them.

use domain::{api_keys::ApiKey, time::Timestamp};
use serde_json::{Value, json};

/// A key as JSON; moments are RFC 3339, money and lists as elsewhere.
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
        "rotated_at": key.rotated_at.to_string(),
        "old_secret_ends_at": moment(key.old_secret.as_ref().map(|old| old.ends_at)),
        "last_used_at": moment(key.last_use.as_ref().map(|last| last.at)),
        "calls_this_month": key.calls_this_month,
        "spend_this_month": key.spend_this_month,
    })
}

/// The same with its secret, told this once; `null` where it isn't told.
pub(super) fn with_secret(shown: &ApiKey, secret: Option<&str>) -> Value {
    let mut told = key(shown);
    told["secret"] = json!(secret);
    told
}

/// Until when the old secret works.
pub(super) fn old_secret(key: &ApiKey) -> String {
    match &key.old_secret {
        Some(old) => format!("The old secret, {}, works until {}.", old.masked, old.ends_at),
        None => "The old secret has ended.".to_owned(),
    }
}
