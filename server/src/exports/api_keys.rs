//! API keys as CSV: all that match the list's filter, in its order, read a page at a time.

use app::addresses::KeysAddress;
use axum::response::Response;
use domain::{
    api_keys::{ApiKey, Hint},
    time::Timestamp,
};

use super::{ExportError, ExportRequest, csv, require_valid};

const HEADER: [&str; 26] = [
    "id",
    "name",
    "description",
    "masked",
    "status",
    "level",
    "project",
    "project_id",
    "scopes",
    "models",
    "ip_allowlist",
    "created_at",
    "created_by",
    "expires_at",
    "revoked_at",
    "disabled_at",
    "rotated_at",
    "rotate_every_days",
    "old_secret_ends_at",
    "old_secret_last_used_at",
    "last_used_at",
    "last_used_from",
    "calls_this_month",
    "spend_this_month_usd",
    "hints",
    "metadata_only",
];

pub(crate) async fn export(
    ExportRequest { hub, actor, query, format }: ExportRequest,
) -> Result<Response, ExportError> {
    require_valid(&KeysAddress::invalid(&query))?;
    let query = KeysAddress::parse(&query).query;
    let pages = services::api_keys::export(&hub.services, &actor, &query).await?;
    Ok(csv::table(&format!("{}-api-keys", actor.organization.slug), format, HEADER, pages, cells).await?)
}

/// The cells of a key's row. Lists are separated by spaces, which none of their parts contains; an empty list
/// stands for all.
fn cells(key: &ApiKey) -> [String; HEADER.len()] {
    let time = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string()).unwrap_or_default();
    let old_secret = key.old_secret.as_ref();
    let last_use = key.last_use.as_ref();
    [
        key.id.to_string(),
        csv::text(&key.name),
        csv::text(&key.description),
        key.masked.clone(),
        key.status.name().to_owned(),
        key.level.to_string(),
        csv::text(key.project.as_ref().map_or("", |project| &project.name)),
        key.project.as_ref().map(|project| project.id.to_string()).unwrap_or_default(),
        list(&key.scopes),
        csv::text(&list(&key.models)),
        list(&key.ip_allowlist),
        key.created_at.to_string(),
        csv::text(key.created_by.as_ref().map_or("", |creator| &creator.name)),
        time(key.expires_at),
        time(key.revoked_at),
        time(key.disabled_at),
        key.rotated_at.to_string(),
        key.rotate_every_days.map(|days| days.to_string()).unwrap_or_default(),
        time(old_secret.map(|secret| secret.ends_at)),
        time(old_secret.and_then(|secret| secret.last_used_at)),
        time(last_use.map(|last| last.at)),
        last_use.map(|last| last.ip.clone()).unwrap_or_default(),
        key.calls_this_month.to_string(),
        key.spend_this_month.to_string(),
        list(&key.hints.iter().map(Hint::kind).collect::<Vec<_>>()),
        key.metadata_only.to_string(),
    ]
}

fn list<T: ToString>(parts: &[T]) -> String {
    parts.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}
