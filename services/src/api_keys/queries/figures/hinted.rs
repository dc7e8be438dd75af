//! What is pointed out about keys, with what there is to say about it.

use std::collections::{BTreeSet, HashMap};

use domain::{
    api_keys::{Hint, HintKind, Scope},
    models::Service,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::row::Row;
use crate::{
    Organization, ServiceError, ServiceResult, Services,
    api_keys::queries::{
        conditions::Selection,
        hints::{condition, needed_scope},
        policy,
    },
};

/// Kinds of hints, by key.
pub(super) type Kinds = HashMap<Uuid, Vec<HintKind>>;

/// Which hints each of `keys` has, in the order of [`HintKind::ALL`].
pub(super) async fn kinds(services: &Services, mut keys: Selection) -> ServiceResult<Kinds> {
    // What a condition compares may be missing: then it doesn't hold.
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

/// The hints of these kinds that `keys` have, whose rows are `rows`.
pub(super) async fn hints(
    services: &Services,
    organization: &Organization,
    keys: Selection,
    rows: &[Row],
    kinds: &Kinds,
) -> ServiceResult<HashMap<Uuid, Vec<Hint>>> {
    let any = |kind| kinds.values().any(|kinds| kinds.contains(&kind));
    let used = if any(HintKind::Wide) { used(services, keys).await? } else { HashMap::new() };
    let policy = if any(HintKind::BreaksPolicy) {
        policy::of(services.database.read(), organization.id).await?
    } else {
        Default::default()
    };
    let hint = |row: &Row, kind: &HintKind| match kind {
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
    let hints = |row: &Row| {
        let kinds = kinds.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        (row.id, kinds.iter().filter_map(|kind| hint(row, kind)).collect())
    };
    Ok(rows.iter().map(hints).collect())
}

/// What a key was used for lately.
#[derive(Default)]
struct Used {
    scopes: BTreeSet<Scope>,
    models: BTreeSet<String>,
}

async fn used(services: &Services, mut keys: Selection) -> ServiceResult<HashMap<Uuid, Used>> {
    // Each series once: those of a key that differ in status only are few.
    let recently = keys.recently_called();
    let select = format!(
        "SELECT DISTINCT k.id, r.model, r.service FROM api_keys k JOIN series r ON {recently} AND r.api_key_id = k.id"
    );
    let mut found: HashMap<Uuid, Used> = HashMap::new();
    for row in services.database.read().query_all_raw(keys.statement(&select, "")).await? {
        let used = found.entry(row.try_get("", "id")?).or_default();
        used.models.insert(row.try_get("", "model")?);
        let service: Service = row.try_get::<String>("", "service")?.parse().map_err(ServiceError::Internal)?;
        used.scopes.insert(needed_scope(service));
    }
    Ok(found)
}
