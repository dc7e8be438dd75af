//! Finds keys by text: by a part of the name, the description or a masked secret, in any case, or by the id.

use domain::{
    api_keys::{Level, Secret},
    errors::FieldErrors,
    ids::ApiKeyId,
    validation::canonical::fold,
};
use sea_orm::DbBackend;

use super::any_case;
use crate::{ServiceResult, api_keys::queries::conditions::KeyConditions};

/// Maximum length of a searched text, in characters; a description can be as long.
const MAX_SEARCH_LENGTH: usize = 500;
/// Number of characters of the parts that are indexed. A shorter text is looked for in all of an organization's keys.
const TRIGRAM: usize = 3;
/// Number of characters of a secret that are shown.
const LAST_FOUR: usize = 4;

/// Restricts `keys` to those with this text in the name, the description or the masked value of a secret that
/// has no end or still works; or to the key with this id.
pub(super) fn restrict(keys: &mut KeyConditions, text: &str) -> ServiceResult<()> {
    // Control characters are in no name, and PostgreSQL takes no zero byte.
    let text: String = text.trim().chars().filter(|letter| !letter.is_control()).collect();
    if text.is_empty() {
        return Ok(());
    }
    if text.chars().count() > MAX_SEARCH_LENGTH {
        let message = format!("Use at most {MAX_SEARCH_LENGTH} characters.");
        return Err(FieldErrors::of("search", message).into());
    }
    if let Ok(id) = text.parse::<ApiKeyId>() {
        let id = keys.value(id.uuid());
        keys.and(format!("k.id = {id}"));
        return Ok(());
    }
    // A union, since a query with alternatives would use none of their indexes.
    let mut found = vec![folded(keys, &fold(&text)), unfolded(keys, &text)];
    found.extend(masked(keys, &text.to_lowercase()));
    keys.and(format!("k.id IN ({})", found.join(" UNION ALL ")));
    Ok(())
}

/// Selects keys with this part in their folded texts.
fn folded(keys: &mut KeyConditions, part: &str) -> String {
    let of_organization = "FROM api_keys f WHERE f.organization_id = $1";
    match keys.backend() {
        backend if part.chars().count() < TRIGRAM => {
            let contains = contains(backend, "f.search_text", &keys.value(part));
            format!("SELECT f.id {of_organization} AND {contains}")
        }
        DbBackend::Postgres => {
            let pattern =
                keys.value(format!("%{}%", part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
            format!("SELECT f.id {of_organization} AND f.search_text LIKE {pattern}")
        }
        _ => {
            let phrase = keys.value(format!("\"{}\"", part.replace('"', "\"\"")));
            format!(
                "SELECT f.id FROM key_search t CROSS JOIN api_keys f \
                 ON f.organization_id = $1 AND f.id = t.api_key_id WHERE t.search_text MATCH {phrase}"
            )
        }
    }
}

/// Selects keys with this part in their texts that aren't folded yet.
fn unfolded(keys: &mut KeyConditions, part: &str) -> String {
    let operator = any_case::operator(keys.backend());
    let pattern = keys.value(any_case::pattern(part, keys.backend()));
    format!(
        "SELECT f.id FROM api_keys f WHERE f.organization_id = $1 AND f.search_text IS NULL \
         AND (f.name {operator} {pattern} OR f.description {operator} {pattern})"
    )
}

/// Selects keys with this part, in lower case, in a masked secret such as `toll_std_…k3Fa`: in what all keys of a level
/// begin with, in the last four characters, or across the dots.
fn masked(keys: &mut KeyConditions, part: &str) -> Vec<String> {
    let mut selects = Vec::new();
    let (before, last) = part.split_once('…').unwrap_or(("", part));
    let is_cut = part.contains('…');
    let levels: Vec<String> = Level::ALL
        .into_iter()
        .filter(|level| {
            let masked = Secret::masked(*level, "");
            if is_cut { masked.trim_end_matches('…').ends_with(before) } else { masked.contains(part) }
        })
        .map(|level| format!("'{level}'"))
        .collect();
    if !levels.is_empty() && (!is_cut || last.is_empty()) {
        // Each key has a secret that works, or did last.
        let levels = levels.join(", ");
        selects.push(format!("SELECT f.id FROM api_keys f WHERE f.organization_id = $1 AND f.level IN ({levels})"));
    }
    let could_be_last =
        (1..=LAST_FOUR).contains(&last.len()) && last.bytes().all(|letter| letter.is_ascii_alphanumeric());
    if could_be_last && !(is_cut && levels.is_empty()) {
        let backend = keys.backend();
        let value = keys.value(last);
        let four =
            if backend == DbBackend::Postgres { "lower(s.last_four COLLATE \"C\")" } else { "lower(s.last_four)" };
        let matches = match last.len() {
            LAST_FOUR => format!("{four} = {value}"),
            length if is_cut => format!("substr({four}, 1, {length}) = {value}"),
            _ => contains(backend, four, &value),
        };
        let of_level = if is_cut { format!("AND f.level IN ({})", levels.join(", ")) } else { String::new() };
        selects.push(format!(
            "SELECT f.id FROM key_secrets s JOIN api_keys f ON f.organization_id = s.organization_id AND f.id = s.api_key_id \
             WHERE s.organization_id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2) AND {matches} {of_level}"
        ));
    }
    selects
}

/// The condition that a text contains a part, as it is written.
fn contains(backend: DbBackend, text: &str, part: &str) -> String {
    let position = if backend == DbBackend::Postgres { "strpos" } else { "instr" };
    format!("{position}({text}, {part}) > 0")
}
