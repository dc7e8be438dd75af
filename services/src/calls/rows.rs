//! Converts rows to the calls that pages show.

use std::collections::{HashMap, HashSet};

use domain::{
    api_keys::Secret,
    calls::{ApiKeyRef, Call, CountSource},
    ids::{ApiKeyId, CallId, OrganizationId, ProjectId},
    money::{Money, Quantities},
    projects::ProjectRef,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::rare::RareProperties;
use crate::{
    ServiceError, ServiceResult,
    entities::{calls, key_secrets, series},
    names, stored_tags,
};

/// Converts rows to calls, in order, with the names of their projects and keys.
pub(super) async fn to_calls(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    rows: Vec<(calls::Model, series::Model)>,
) -> ServiceResult<Vec<Call>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let distinct = |id: fn(&(calls::Model, series::Model)) -> Uuid| -> HashSet<Uuid> {
        rows.iter().map(id).filter(|id| !id.is_nil()).collect()
    };
    let projects = names::find_projects(database, organization, distinct(|(_, series)| series.project_id)).await?;
    let keys = names::find_keys(database, organization, distinct(|(_, series)| series.api_key_id)).await?;
    let last_fours: HashMap<Uuid, String> = key_secrets::of(organization)
        .select_only()
        .columns([key_secrets::Column::Id, key_secrets::Column::LastFour])
        .filter(key_secrets::Column::Id.is_in(distinct(|(call, _)| call.secret_id)))
        .into_tuple::<(Uuid, String)>()
        .all(database)
        .await?
        .into_iter()
        .collect();
    let project = |id: Uuid| {
        let name = || projects.get(&id).cloned().unwrap_or_else(|| "Deleted project".to_owned());
        (!id.is_nil()).then(|| ProjectRef { id: ProjectId::new(id), name: name() })
    };
    let api_key = |id: Uuid, secret: &Uuid| {
        let (name, masked) = match (keys.get(&id), last_fours.get(secret)) {
            (Some(key), Some(last_four)) => (key.name.clone(), Secret::masked(key.level, last_four)),
            (Some(key), None) => (key.name.clone(), Secret::masked(key.level, "")),
            (None, _) => ("Deleted key".to_owned(), String::new()),
        };
        (!id.is_nil()).then(|| ApiKeyRef { id: ApiKeyId::new(id), name, masked })
    };
    rows.iter()
        .map(|(row, series)| {
            to_call(row, series, project(series.project_id), api_key(series.api_key_id, &row.secret_id))
        })
        .collect()
}

fn to_call(
    row: &calls::Model,
    series: &series::Model,
    project: Option<ProjectRef>,
    api_key: Option<ApiKeyRef>,
) -> ServiceResult<Call> {
    let common = Quantities {
        tokens_in: row.tokens_in,
        cached_tokens_in: row.cached_tokens_in,
        cache_write_tokens_in: row.cache_write_tokens_in,
        tokens_out: row.tokens_out,
        images: row.images,
        media_ms: row.media_ms,
        byte_hours: row.byte_hours,
        ..Quantities::NONE
    };
    let rare = RareProperties::parse(row.rare.as_deref());
    // A call's row holds the names that its series folds into "other", and that of a rejected one also those that
    // aren't on offer.
    let model = row.model.as_ref().unwrap_or(&series.model);
    let model = if model.is_empty() { rare.requested_model() } else { model };
    Ok(Call {
        id: CallId::new(row.id),
        started_at: Timestamp::from_millis(row.started_at),
        project,
        api_key,
        service: series.service.parse().map_err(ServiceError::Internal)?,
        endpoint: row.endpoint.as_ref().unwrap_or(&series.endpoint).clone(),
        model: model.to_owned(),
        provider: row.provider.as_ref().unwrap_or(&series.provider).clone(),
        status: u16::try_from(row.status.unwrap_or(series.status)).unwrap_or_default(),
        outcome: series.outcome.parse().map_err(ServiceError::Internal)?,
        error_code: row.error_code.clone(),
        streamed: row.streamed,
        duration_us: row.duration_us,
        first_byte_us: row.first_byte_us,
        times: u32::try_from(row.times).unwrap_or(u32::MAX),
        measured: match (row.reported, row.estimated) {
            (true, false) => CountSource::Reported,
            (true, true) => CountSource::Contradictory,
            (false, true) => CountSource::Estimated,
            (false, false) => CountSource::Unknown,
        },
        used: rare.quantities(common),
        cost: row.cost_nanos.map(Money::from_nanos),
        unpriced: rare.unpriced(),
        tags: stored_tags::parse(row.tags.as_deref()),
    })
}
