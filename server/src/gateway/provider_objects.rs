//! Objects that providers keep: their owners, and the usage of finished jobs.
//!
//! An object of another owner is answered like one that doesn't exist, and lists contain only
//! the caller's own objects.

mod document;
mod fetch;
mod jobs;
mod list;

use axum::http::StatusCode;
use domain::{calls::Outcome, time::Timestamp};
use services::{
    ServiceResult,
    api_keys::directory::KeyRecord,
    provider_objects::{self, JobResult, MAX_ID_LENGTH, NewProviderObject, ObjectKind, ProviderObject},
};

use self::document::Document;
pub(super) use self::list::list;
use super::{
    Gateway,
    call::GatewayCall,
    endpoint::{Endpoint, ObjectAction},
    provider::Provider,
    references::{shape::is_id, unavailable},
};
use crate::v1::error::V1Error;

/// Returns the object's id in a path; `None` if the endpoint has none.
pub(super) fn id_in_path(endpoint: &Endpoint, path: &str) -> Result<Option<String>, V1Error> {
    let Some(position) = endpoint.path.split('/').position(|part| part == "{id}") else { return Ok(None) };
    let id = path.split('/').nth(position).unwrap_or_default();
    // The characters of providers' ids, which can't lead to another path there.
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
    if id.is_empty() || id.len() > MAX_ID_LENGTH || !id.bytes().all(is_allowed) {
        return Err(V1Error::not_found());
    }
    Ok(Some(id.to_owned()))
}

/// Finds the object with this id, if it is the caller's.
pub(super) async fn find(
    gateway: &Gateway,
    key: &KeyRecord,
    kind: ObjectKind,
    id: &str,
) -> Result<ProviderObject, V1Error> {
    let found =
        Box::pin(provider_objects::find(&gateway.services, key.organization.id, key.project_id, kind, id)).await;
    found.map_err(|error| unavailable(&error))?.ok_or_else(V1Error::not_found)
}

/// Stores what an answer says about the provider's objects. Must be awaited before the answer is relayed, so
/// that the client can use every object it knows of.
///
/// Most answers contain no objects. The futures are boxed, so that only the others
/// need space for their state.
pub(super) async fn remember_answer(
    gateway: &Gateway,
    call: &GatewayCall,
    provider: &Provider,
    status: StatusCode,
    body: &[u8],
) -> ServiceResult<()> {
    let Some((kind, action)) = call.arrival.endpoint.object else { return Ok(()) };
    if let Some(object) = &call.context.object
        && action != ObjectAction::Derive
    {
        return Box::pin(update(gateway, object, action, status, body)).await;
    }
    if !status.is_success() || !call.context.stores {
        return Ok(());
    }
    Box::pin(remember(gateway, call, provider, kind, body)).await
}

/// Stores a created object.
async fn remember(
    gateway: &Gateway,
    call: &GatewayCall,
    provider: &Provider,
    kind: ObjectKind,
    body: &[u8],
) -> ServiceResult<()> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let document = Document::read(text);
    let Some(id) = document.id.as_deref().filter(|id| is_id(id)) else {
        return Ok(());
    };
    let is_job = matches!(kind, ObjectKind::Video | ObjectKind::FineTuningJob) || call.context.background;
    let created_at = call.arrival.started_at;
    let new = NewProviderObject {
        kind,
        id,
        provider: &provider.name,
        model: &call.offer.name,
        price_id: call.price().map(|(id, _)| id),
        created_at,
        expires_at: document.expires_at.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000))),
        bytes: document.bytes(),
        look_at: is_job.then(|| jobs::first_check_at(created_at)),
        document: if kind.is_described() { text } else { "" },
        tags: call.arrival.tags.clone(),
    };
    provider_objects::remember(&gateway.services, &call.key, new).await?;
    if !is_job {
        return Ok(());
    }
    // The job of a fast provider may be done already.
    let key = &call.key;
    let (organization, project) = (key.organization.id, key.project_id);
    match provider_objects::find_at(&gateway.services, &provider.name, organization, project, kind, id).await? {
        Some(object) => jobs::record_if_done(gateway, &object, text).await,
        None => Ok(()),
    }
}

/// Updates a known object by an answer about it.
async fn update(
    gateway: &Gateway,
    object: &ProviderObject,
    action: ObjectAction,
    status: StatusCode,
    body: &[u8],
) -> ServiceResult<()> {
    // It was deleted at the provider.
    if status == StatusCode::NOT_FOUND && matches!(action, ObjectAction::Retrieve | ObjectAction::Delete) {
        return provider_objects::forget(&gateway.services, object).await;
    }
    if !status.is_success() {
        return Ok(());
    }
    match action {
        ObjectAction::Retrieve => {
            let text = std::str::from_utf8(body).unwrap_or_default();
            provider_objects::refresh(&gateway.services, object, text).await?;
            jobs::record_if_done(gateway, object, text).await
        }
        ObjectAction::Delete => {
            let unknown = JobResult { outcome: Outcome::Interrupted, used: None, error_code: "deleted".to_owned() };
            provider_objects::record_job(&gateway.services, &gateway.meter, object, unknown).await?;
            provider_objects::forget(&gateway.services, object).await
        }
        ObjectAction::Create | ObjectAction::Derive | ObjectAction::List | ObjectAction::Read => Ok(()),
    }
}

/// Checks a job before it is deleted, so that its usage is recorded if it is done.
pub(super) async fn record_before_delete(gateway: &Gateway, endpoint: &Endpoint, object: &ProviderObject) {
    if object.is_pending()
        && matches!(endpoint.object, Some((_, ObjectAction::Delete)))
        && let Err(error) = Box::pin(jobs::check_job(gateway, object)).await
    {
        tracing::warn!(%error, "a job that is to be deleted can't be looked at");
    }
}
