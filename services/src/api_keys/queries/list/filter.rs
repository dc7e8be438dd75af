//! What a query asks for, as conditions.

use domain::{
    api_keys::{KeyQuery, Level, Secret},
    errors::FieldErrors,
    ids::ApiKeyId,
};

use super::any_case;
use crate::{
    ServiceResult,
    api_keys::queries::{
        conditions::{STATUS, Selection},
        hints,
    },
};

/// Longest text that is searched for, in characters; a description can be as long.
const LONGEST_SEARCH: usize = 500;

/// Leaves the keys that `query` asks for.
pub(super) fn apply(keys: &mut Selection, query: &KeyQuery) -> ServiceResult<()> {
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

/// Leaves those with this text in name, description or the masked value of a secret that has no end or works yet; or
/// the one with this id.
fn search(keys: &mut Selection, text: &str) -> ServiceResult<()> {
    // Control characters are in no name, and PostgreSQL takes no zero byte.
    let text: String = text.trim().chars().filter(|letter| !letter.is_control()).collect();
    if text.is_empty() {
        return Ok(());
    }
    if text.chars().count() > LONGEST_SEARCH {
        let message = format!("Search for at most {LONGEST_SEARCH} characters.");
        return Err(FieldErrors::of("search", message).into());
    }
    if let Ok(id) = text.parse::<ApiKeyId>() {
        let id = keys.value(id.uuid());
        keys.and(format!("k.id = {id}"));
        return Ok(());
    }
    let holds = any_case::operator(keys.backend());
    let pattern = keys.value(any_case::pattern(&text, keys.backend()));
    let mut anywhere = format!("k.name {holds} {pattern} OR k.description {holds} {pattern}");
    if may_be_masked(&text) {
        let tags: String = Level::ALL.iter().map(|level| format!(" WHEN '{level}' THEN '{}'", level.tag())).collect();
        anywhere += &format!(
            " OR EXISTS (SELECT 1 FROM key_secrets s \
             WHERE s.organization_id = k.organization_id AND s.api_key_id = k.id \
             AND (s.expires_at IS NULL OR s.expires_at > $2) \
             AND 'toll_' || CASE k.level{tags} END || '_…' || s.last_four {holds} {pattern})"
        );
    }
    keys.and(anywhere);
    Ok(())
}

/// Whether a masked value can hold this text at all. Most searches are for names, and needn't look at secrets.
fn may_be_masked(text: &str) -> bool {
    const LAST_FOUR: usize = 4;
    let within_prefix = |level: &Level| Secret::masked(*level, "").contains(&text.to_ascii_lowercase());
    text.chars().count() <= LAST_FOUR || text.contains('…') || Level::ALL.iter().any(within_prefix)
}
