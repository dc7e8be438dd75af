//! Turns a query into conditions.

use domain::{
    api_keys::{KeyQuery, Level, Secret},
    errors::FieldErrors,
    ids::ApiKeyId,
};

use super::any_case;
use crate::{
    ServiceResult,
    api_keys::queries::{
        conditions::{KeyConditions, STATUS},
        hints,
    },
};

/// Maximum length of a searched text, in characters; a description can be as long.
const MAX_SEARCH_LENGTH: usize = 500;

/// Restricts `keys` to those that match `query`.
pub(super) fn apply(keys: &mut KeyConditions, query: &KeyQuery) -> ServiceResult<()> {
    search(keys, &query.search)?;
    if let Some(status) = query.status {
        keys.and(format!("{STATUS} = '{}'", status.name()));
    }
    if let Some(level) = query.level {
        keys.and(format!("k.level = '{level}'"));
    }
    if let Some(project) = query.project {
        let project = keys.value(project.uuid());
        keys.and(format!("k.project_id = {project}"));
    }
    if let Some(hint) = query.hint {
        let condition = hints::condition(hint, keys);
        keys.and(condition);
    }
    Ok(())
}

/// Restricts `keys` to those with this text in the name, the description or the masked value of a secret that
/// has no end or still works; or to the key with this id.
fn search(keys: &mut KeyConditions, text: &str) -> ServiceResult<()> {
    // Control characters are in no name, and PostgreSQL takes no zero byte.
    let text: String = text.trim().chars().filter(|letter| !letter.is_control()).collect();
    if text.is_empty() {
        return Ok(());
    }
    if text.chars().count() > MAX_SEARCH_LENGTH {
        let message = format!("Search for at most {MAX_SEARCH_LENGTH} characters.");
        return Err(FieldErrors::of("search", message).into());
    }
    if let Ok(id) = text.parse::<ApiKeyId>() {
        let id = keys.value(id.uuid());
        keys.and(format!("k.id = {id}"));
        return Ok(());
    }
    let operator = any_case::operator(keys.backend());
    let pattern = keys.value(any_case::pattern(&text, keys.backend()));
    let mut condition = format!("k.name {operator} {pattern} OR k.description {operator} {pattern}");
    if may_be_masked(&text) {
        let tags: String = Level::ALL.iter().map(|level| format!(" WHEN '{level}' THEN '{}'", level.tag())).collect();
        condition += &format!(
            " OR EXISTS (SELECT 1 FROM key_secrets s \
             WHERE s.organization_id = $1 AND s.api_key_id = k.id \
             AND (s.expires_at IS NULL OR s.expires_at > $2) \
             AND 'toll_' || CASE k.level{tags} END || '_…' || s.last_four {operator} {pattern})"
        );
    }
    keys.and(condition);
    Ok(())
}

/// Whether a masked value can contain this text. Most searches are for names, and needn't look at secrets.
fn may_be_masked(text: &str) -> bool {
    const LAST_FOUR: usize = 4;
    let is_in_prefix = |level: &Level| Secret::masked(*level, "").contains(&text.to_ascii_lowercase());
    text.chars().count() <= LAST_FOUR || text.contains('…') || Level::ALL.iter().any(is_in_prefix)
}
