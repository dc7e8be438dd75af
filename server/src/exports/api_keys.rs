//! API keys as CSV: all that match the list's filter, in its order, read a page at a time.

use app::addresses::{KeysAddress, Query};
use domain::{
    api_keys::{ApiKey, Hint},
    exports::FileFormat,
};
use futures::StreamExt;

use super::{
    ExportError, ExportRequest,
    csv::{self, CsvRows},
    file::{ExportFile, FilePart},
    require_valid, take_slot,
};

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

pub(crate) async fn export(ExportRequest { hub, actor, query, .. }: ExportRequest) -> Result<ExportFile, ExportError> {
    require_valid(&KeysAddress::invalid(&query))?;
    let keys = KeysAddress::parse(&query).query;
    let slot = take_slot(&hub, &actor)?;
    let pages = services::api_keys::export(&hub.services, &actor, &keys).await?;
    let parts = pages.map(|page| page.map(|keys| part(&keys)));
    let head = csv::head(&Query::parse(&query), HEADER);
    let name = format!("{}-api-keys", actor.organization.slug);
    Ok(ExportFile::new(name, FileFormat::Csv, head, parts).await?.with_slot(slot))
}

fn part(keys: &[ApiKey]) -> FilePart {
    let mut rows = CsvRows::new();
    for key in keys {
        write(&mut rows, key);
        rows.end_row();
    }
    rows.finish()
}

/// Writes the cells of a key's row. Lists are separated by spaces, which none of their parts contains; an empty list
/// stands for all.
fn write(rows: &mut CsvRows, key: &ApiKey) {
    let project = key.project.as_ref();
    let old_secret = key.old_secret.as_ref();
    let last_use = key.last_use.as_ref();
    rows.value(key.id);
    rows.text(&key.name);
    rows.text(&key.description);
    rows.plain(&key.masked);
    rows.plain(key.status.name());
    rows.value(key.level);
    rows.text(project.map_or("", |project| &project.name));
    rows.optional(project.map(|project| project.id));
    rows.plain(&list(&key.scopes));
    rows.text(&list(&key.models));
    rows.plain(&list(&key.ip_allowlist));
    rows.value(key.created_at);
    rows.text(key.created_by.as_ref().map_or("", |creator| &creator.name));
    rows.optional(key.expires_at);
    rows.optional(key.revoked_at);
    rows.optional(key.disabled_at);
    rows.value(key.rotated_at);
    rows.optional(key.rotate_every_days);
    rows.optional(old_secret.map(|secret| secret.ends_at));
    rows.optional(old_secret.and_then(|secret| secret.last_used_at));
    rows.optional(last_use.map(|last| last.at));
    rows.optional(last_use.map(|last| &last.ip));
    rows.value(key.calls_this_month);
    rows.value(key.spend_this_month);
    rows.plain(&list(&key.hints.iter().map(Hint::kind).collect::<Vec<_>>()));
    rows.value(key.metadata_only);
}

fn list<T: ToString>(parts: &[T]) -> String {
    parts.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}
