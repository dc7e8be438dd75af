//! Readable names and values of a key's fields in the audit log.

use domain::{api_keys::Scope, time::Timestamp};
use serde_json::Value;

use crate::{
    components::{TimeStyle, format_moment},
    state::use_organization,
};

/// The order in which fields are shown; the log has them in alphabetical order.
const FIELD_ORDER: [&str; 14] = [
    "name",
    "description",
    "level",
    "project",
    "scopes",
    "models",
    "ip_allowlist",
    "created_at",
    "expires_at",
    "rotate_every_days",
    "metadata_only",
    "last_four",
    "old_secret_ends_at",
    "place",
];

/// The position of a field, with unknown ones last.
pub(super) fn field_order(field: &str) -> usize {
    FIELD_ORDER.iter().position(|name| *name == field).unwrap_or(FIELD_ORDER.len())
}

pub(super) fn field_label(field: &str) -> String {
    match field {
        "name" => "Name",
        "description" => "Description",
        "level" => "Type",
        "project" => "Project",
        "scopes" => "Scopes",
        "models" => "Models",
        "ip_allowlist" => "Allowed IPs",
        "created_at" => "Created",
        "expires_at" => "Expires",
        "rotate_every_days" => "Reminder to rotate",
        "metadata_only" => "Bodies",
        "last_four" => "Secret",
        "old_secret_ends_at" => "Old secret ends",
        "place" => "Seen at",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

/// Formats a value, with moments in `zone`.
pub(super) fn format_value(field: &str, value: &Value, zone: &str) -> String {
    match (field, value) {
        ("scopes" | "models", Value::Array(items)) if items.is_empty() => "all".to_owned(),
        ("ip_allowlist", Value::Array(items)) if items.is_empty() => "anywhere".to_owned(),
        ("scopes", Value::Array(items)) => {
            let scope = |item: &Value| item.as_str().and_then(|name| name.parse().ok()).map(Scope::label);
            items.iter().filter_map(scope).collect::<Vec<_>>().join(", ")
        }
        (_, Value::Array(items)) => {
            items.iter().map(|item| format_value("", item, zone)).collect::<Vec<_>>().join(", ")
        }
        ("expires_at", Value::Null) => "never".to_owned(),
        ("rotate_every_days", Value::Null) => "none".to_owned(),
        ("metadata_only", Value::Bool(true)) => "metadata only".to_owned(),
        ("metadata_only", _) => "as set for the organization".to_owned(),
        ("rotate_every_days", Value::Number(days)) => format!("every {days} days"),
        ("created_at" | "expires_at" | "old_secret_ends_at", Value::Number(millis)) => {
            let at = Timestamp::from_millis(millis.as_i64().unwrap_or(0));
            format_moment(at, zone, TimeStyle::DayMinute)
        }
        ("project", Value::String(id)) => project_name(id).unwrap_or_else(|| id.clone()),
        ("last_four", Value::String(last)) => format!("…{last}"),
        (_, Value::String(text)) if text.is_empty() => "nothing".to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => "none".to_owned(),
        (_, other) => other.to_string(),
    }
}

/// The current name of a project.
fn project_name(id: &str) -> Option<String> {
    use_organization()
        .projects
        .with(|projects| Some(projects?.iter().find(|project| project.id.to_string() == id)?.name.clone()))
}
