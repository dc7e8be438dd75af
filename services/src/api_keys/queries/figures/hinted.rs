//! The hints that keys have, with their details.

use std::collections::{BTreeSet, HashMap};

use domain::{
    api_keys::{Hint, HintKind, Scope},
    models::Service,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::row::KeyRow;
use crate::{
    Organization, ServiceError, ServiceResult, Services,
    api_keys::queries::{
        conditions::KeyConditions,
        hints::{condition, needed_scope},
    },
    organizations::load_key_policy,
};

/// Kinds of hints, by key.
pub(super) type Kinds = HashMap<Uuid, Vec<HintKind>>;

/// Finds the kinds of hints that each of `keys` has, in the order of [`HintKind::ALL`].
pub(super) async fn find_kinds(services: &Services, mut keys: KeyConditions) -> ServiceResult<Kinds> {
    // A compared value may be NULL: then the condition doesn't hold.
    let column = |kind: &HintKind| format!(", coalesce({}, FALSE) AS {kind}", condition(*kind, &mut keys));
    let columns: String = HintKind::ALL.iter().map(column).collect();
    let rows = services
        .database
        .read()
        .query_all_raw(keys.statement(&format!("SELECT k.id{columns} FROM api_keys k"), ""))
        .await?;
    let mut found = Kinds::new();
    for row in rows {
        let mut kinds = Vec::new();
        for kind in HintKind::ALL {
            if row.try_get("", kind.name())? {
                kinds.push(kind);
            }
        }
        found.insert(row.try_get("", "id")?, kinds);
    }
    Ok(found)
}

/// Loads the hints of these kinds for `keys`, whose rows are `rows`.
pub(super) async fn load_hints(
    services: &Services,
    organization: &Organization,
    keys: KeyConditions,
    rows: &[KeyRow],
    kinds: &Kinds,
) -> ServiceResult<HashMap<Uuid, Vec<Hint>>> {
    let any = |kind| kinds.values().any(|kinds| kinds.contains(&kind));
    let used = if any(HintKind::Wide) { find_used_powers(services, keys).await? } else { HashMap::new() };
    let policy = if any(HintKind::BreaksPolicy) {
        load_key_policy(services.database.read(), organization.id).await?
    } else {
        Default::default()
    };
    let hint = |row: &KeyRow, kind: &HintKind| match kind {
        HintKind::NeverUsed => Some(Hint::NeverUsed),
        HintKind::Unused => row.used_at().map(|since| Hint::Unused { since }),
        HintKind::ExpiresSoon => row.expires_at().map(|at| Hint::ExpiresSoon { at }),
        HintKind::RotationDue => row.rotation_due_at().map(|since| Hint::RotationDue { since }),
        HintKind::Wide => used.get(&row.id).map(|used| Hint::Wide {
            scopes: used.scopes.iter().copied().collect(),
            models: used.models.iter().cloned().collect(),
        }),
        HintKind::BreaksPolicy => {
            policy.check(row.created_at(), row.expires_at()).err().map(|why| Hint::BreaksPolicy { why })
        }
    };
    let hints = |row: &KeyRow| {
        let kinds = kinds.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        (row.id, kinds.iter().filter_map(|kind| hint(row, kind)).collect())
    };
    Ok(rows.iter().map(hints).collect())
}

/// The scopes and models that a key used recently.
#[derive(Default)]
struct UsedPowers {
    scopes: BTreeSet<Scope>,
    models: BTreeSet<String>,
}

async fn find_used_powers(services: &Services, mut keys: KeyConditions) -> ServiceResult<HashMap<Uuid, UsedPowers>> {
    // Series that differ in status only are few for each key.
    let recently = keys.recently_called();
    let select = format!(
        "SELECT DISTINCT k.id, r.model, r.service FROM api_keys k JOIN series r ON {recently} AND r.api_key_id = k.id"
    );
    let mut found: HashMap<Uuid, UsedPowers> = HashMap::new();
    for row in services.database.read().query_all_raw(keys.statement(&select, "")).await? {
        let used = found.entry(row.try_get("", "id")?).or_default();
        used.models.insert(row.try_get("", "model")?);
        let service: Service = row.try_get::<String>("", "service")?.parse().map_err(ServiceError::Internal)?;
        used.scopes.insert(needed_scope(service));
    }
    Ok(found)
}
