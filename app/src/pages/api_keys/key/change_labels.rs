//! What the audit log noted of a key, in words.

use domain::{api_keys::Scope, time::Timestamp};
use serde_json::Value;

use crate::{
    components::{TimeStyle, format_moment},
    state::{browser_time_zone, use_organization},
};

/// The order in which fields are told; the log has them by the alphabet.
const ORDER: [&str; 13] = [
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
    "last_four",
    "old_secret_ends_at",
    "place",
];

/// Where a field is told, unknown ones last.
pub(super) fn place(field: &str) -> usize {
    ORDER.iter().position(|known| *known == field).unwrap_or(ORDER.len())
}

pub(super) fn field_label(field: &str) -> String {
    match field {
        "name" => "Name",
        "description" => "Description",
        "level" => "Level",
        "project" => "Project",
        "scopes" => "Scopes",
        "models" => "Models",
        "ip_allowlist" => "Used from",
        "created_at" => "Created",
        "expires_at" => "Expires",
        "rotate_every_days" => "Reminder to rotate",
        "last_four" => "Secret",
        "old_secret_ends_at" => "Old secret ends",
        "place" => "Seen at",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

pub(super) fn in_words(field: &str, value: &Value) -> String {
    match (field, value) {
        ("scopes" | "models", Value::Array(items)) if items.is_empty() => "all".to_owned(),
        ("ip_allowlist", Value::Array(items)) if items.is_empty() => "anywhere".to_owned(),
        ("scopes", Value::Array(items)) => {
            let scope = |item: &Value| item.as_str().and_then(|name| name.parse().ok()).map(Scope::label);
            items.iter().filter_map(scope).collect::<Vec<_>>().join(", ")
        }
        (_, Value::Array(items)) => items.iter().map(|item| in_words("", item)).collect::<Vec<_>>().join(", "),
        ("expires_at", Value::Null) => "never".to_owned(),
        ("rotate_every_days", Value::Null) => "none".to_owned(),
        ("rotate_every_days", Value::Number(days)) => format!("every {days} days"),
        ("created_at" | "expires_at" | "old_secret_ends_at", Value::Number(millis)) => {
            let at = Timestamp::from_millis(millis.as_i64().unwrap_or(0));
            format_moment(at, &browser_time_zone(), TimeStyle::DayMinute)
        }
        ("project", Value::String(id)) => project_name(id).unwrap_or_else(|| id.clone()),
        ("last_four", Value::String(last)) => format!("…{last}"),
        (_, Value::String(text)) if text.is_empty() => "nothing".to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => "none".to_owned(),
        (_, other) => other.to_string(),
    }
}

/// How a project is called now.
fn project_name(id: &str) -> Option<String> {
    use_organization()
        .projects
        .with(|projects| Some(projects?.iter().find(|project| project.id.to_string() == id)?.name.clone()))
}
