//! Hints about keys (K9), as conditions on `api_keys k`.
//!
//! Only keys that can be used have hints. The same conditions find keys by a hint and list a key's hints, so
//! that both always agree.

use domain::{
    api_keys::{EXPIRES_SOON_DAYS, HintKind, Level, Scope, UNUSED_DAYS},
    models::Service,
    time::DAY_MILLIS,
};
use sea_orm::DbBackend;

use super::conditions::{KeyConditions, LAST_USED, NEWEST_SECRET, USABLE};
use crate::entities::series::OTHER;

/// Age from which a key that was never used gets a hint, in days.
const NEVER_USED_DAYS: i64 = 1;
/// Whether a key was never used. [`LAST_USED`] would be NULL, but looks at all uses.
const NEVER_USED: &str = "NOT EXISTS (SELECT 1 FROM key_uses u WHERE u.organization_id = $1 AND u.api_key_id = k.id)";

/// Returns the condition under which one of `keys` has this hint.
pub(in crate::api_keys) fn condition(kind: HintKind, keys: &mut KeyConditions) -> String {
    let specific = match kind {
        HintKind::NeverUsed => format!("k.created_at <= $2 - {} AND {NEVER_USED}", NEVER_USED_DAYS * DAY_MILLIS),
        HintKind::Unused => format!("{LAST_USED} <= $2 - {}", UNUSED_DAYS * DAY_MILLIS),
        HintKind::ExpiresSoon => format!("k.expires_at <= $2 + {}", EXPIRES_SOON_DAYS * DAY_MILLIS),
        HintKind::RotationDue => {
            format!("(SELECT s.created_at {NEWEST_SECRET}) + {} <= $2", days_to_millis("k.rotate_every_days"))
        }
        HintKind::Wide => wide(keys),
        HintKind::BreaksPolicy => format!(
            "EXISTS (SELECT 1 FROM organizations o WHERE o.id = k.organization_id \
             AND (o.key_expiry_required AND k.expires_at IS NULL OR k.expires_at > k.created_at + {}))",
            days_to_millis("o.longest_key_life_days")
        ),
    };
    format!("{USABLE} AND {specific}")
}

/// Converts a column of days to milliseconds, beyond 32 bits.
fn days_to_millis(column: &str) -> String {
    format!("{column} * CAST({DAY_MILLIS} AS bigint)")
}

/// Returns the condition of [`HintKind::Wide`]. A standard key that is older than [`UNUSED_DAYS`] and was
/// used within them may do more than it needs if
///
/// - its list of models names one that it didn't call, or
/// - its list of scopes names one that none of its calls needed (except for listing models, which leaves no
///   calls), or
/// - it has neither list, and called one or two models while others are offered: a list could name those.
///
/// A key with only one list was narrowed deliberately, so that the missing list isn't pointed out. If some
/// calls of a key are recorded as [`OTHER`], its models aren't known, and get no hint. Read keys can do only
/// one thing anyway, and actions of admin keys in management aren't recorded as calls.
fn wide(keys: &mut KeyConditions) -> String {
    let backend = keys.backend();
    let elements = |list: &str| match backend {
        DbBackend::Postgres => format!("jsonb_array_elements_text({list}) AS e(value)"),
        _ => format!("json_each({list}) AS e"),
    };
    let (models, scopes) = (elements("k.models"), elements("k.scopes"));
    let offered = elements(&keys.offered_models());
    let needed: String =
        Service::ALL.iter().map(|service| format!(" WHEN '{service}' THEN '{}'", needed_scope(*service))).collect();
    let listing = Scope::Models;
    let level = Level::Standard;
    let called = keys.recently_called();
    let lately = format!("FROM series r WHERE {called} AND r.api_key_id = k.id");
    // PostgreSQL itself chooses whether to go through keys one by one; SQLite needs the condition.
    let of_key = if backend == DbBackend::Postgres { "" } else { " AND r.api_key_id = k.id" };
    // One or two models are the first and the last by name; with more, they don't matter.
    format!(
        "k.level = '{level}' AND k.created_at <= $2 - {age} AND EXISTS (SELECT 1 FROM (SELECT r.api_key_id, \
         count(DISTINCT r.model) AS models, min(r.model) AS first_model, max(r.model) AS last_model, \
         count(CASE WHEN r.model = '{OTHER}' THEN 1 END) AS others \
         FROM series r WHERE {called}{of_key} GROUP BY r.api_key_id) used WHERE used.api_key_id = k.id \
         AND CASE WHEN k.models = '[]' AND k.scopes = '[]' THEN used.models <= 2 AND used.others = 0 \
         AND EXISTS (SELECT 1 FROM {offered} WHERE e.value NOT IN (used.first_model, used.last_model)) ELSE \
         used.others = 0 AND EXISTS (SELECT 1 FROM {models} WHERE e.value NOT IN (SELECT r.model {lately})) \
         OR EXISTS (SELECT 1 FROM {scopes} WHERE e.value <> '{listing}' \
         AND e.value NOT IN (SELECT CASE r.service{needed} END {lately})) END)",
        age = UNUSED_DAYS * DAY_MILLIS,
    )
}

/// The scope that a call of this service needs.
pub(in crate::api_keys) const fn needed_scope(service: Service) -> Scope {
    match service {
        Service::Chat => Scope::Chat,
        Service::Embeddings => Scope::Embeddings,
        Service::Image => Scope::Images,
        Service::Audio => Scope::Audio,
        Service::Video => Scope::Video,
        Service::FineTuning => Scope::FineTuning,
        Service::Storage => Scope::Files,
    }
}
