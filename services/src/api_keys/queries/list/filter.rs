//! Turns a query into conditions.

use domain::api_keys::KeyQuery;

use super::search;
use crate::{
    ServiceResult,
    api_keys::queries::{
        conditions::{KeyConditions, STATUS},
        hints,
    },
};

/// Restricts `keys` to those that match `query`.
pub(super) fn apply(keys: &mut KeyConditions, query: &KeyQuery) -> ServiceResult<()> {
    search::restrict(keys, &query.search)?;
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
    if let Some(creator) = query.creator {
        let creator = keys.value(creator.uuid());
        keys.and(format!("k.created_by = {creator}"));
    }
    if let Some(hint) = query.hint {
        let condition = hints::condition(hint, keys);
        keys.and(condition);
    }
    Ok(())
}
