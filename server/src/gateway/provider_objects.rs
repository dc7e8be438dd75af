//! What providers keep: whose it is, and what a job used once it is done.
//!
//! An object that isn't the asker's is answered like one that doesn't exist, and lists tell of their own objects only.

mod document;
mod fetch;
mod jobs;
mod list;

use axum::http::StatusCode;
use domain::{calls::Outcome, time::Timestamp};
use services::{
    ServiceError, ServiceResult,
    api_keys::directory::KeyRecord,
    provider_objects::{self, Kind, LONGEST_ID, NewObject, Object, Settled},
};

use self::document::Document;
pub(super) use self::list::list;
use super::{
    Gateway,
    call::Call,
    endpoint::{Act, Endpoint},
    provider::Provider,
    references::shape::is_id,
};
use crate::v1::error::Refusal;

/// The id in a path that has one.
pub(super) fn id(endpoint: &Endpoint, path: &str) -> Result<Option<String>, Refusal> {
    let Some(place) = endpoint.path.split('/').position(|part| part == "{id}") else { return Ok(None) };
    let id = path.split('/').nth(place).unwrap_or_default();
    // All that providers' ids are made of; nothing that could lead to another path there.
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(usual) {
        return Err(Refusal::not_found());
    }
    Ok(Some(id.to_owned()))
}

/// The object with this id, if it is the asker's.
pub(super) async fn find(gateway: &Gateway, key: &KeyRecord, kind: Kind, id: &str) -> Result<Object, Refusal> {
    let found =
        Box::pin(provider_objects::find(&gateway.services, key.organization.id, key.project_id, kind, id)).await;
    found.map_err(|error| unavailable(&error))?.ok_or_else(Refusal::not_found)
}

pub(super) fn unavailable(error: &ServiceError) -> Refusal {
    tracing::error!(%error, "what a provider keeps can't be looked up");
    Refusal::unavailable()
}

/// Keeps in mind what an answer says of what the provider keeps. To be awaited before the answer is passed on, so that
/// what a client knows of can be asked for.
///
/// Most answers say nothing of that kind: the room for the work is taken only where there is some.
pub(super) async fn note(
    gateway: &Gateway,
    call: &Call,
    provider: &Provider,
    status: StatusCode,
    body: &[u8],
) -> ServiceResult<()> {
    let Some((kind, act)) = call.arrival.endpoint.object else { return Ok(()) };
    if let Some(object) = &call.memo.object
        && act != Act::Derive
    {
        return Box::pin(follow(gateway, object, act, status, body)).await;
    }
    if !status.is_success() || !call.memo.stores {
        return Ok(());
    }
    Box::pin(remember(gateway, call, provider, kind, body)).await
}

/// Keeps in mind what was made.
async fn remember(gateway: &Gateway, call: &Call, provider: &Provider, kind: Kind, body: &[u8]) -> ServiceResult<()> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let document = Document::read(text);
    let Some(id) = document.id.as_deref().filter(|id| is_id(id)) else {
        return Ok(());
    };
    let is_job = matches!(kind, Kind::Video | Kind::FineTuningJob) || call.memo.background;
    let created_at = call.arrival.started_at;
    let new = NewObject {
        kind,
        id,
        provider: &provider.name,
        model: &call.offer.name,
        price_id: call.price().map(|(id, _)| id),
        created_at,
        expires_at: document.expires_at.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000))),
        bytes: document.bytes(),
        look_at: is_job.then(|| jobs::first_look(created_at)),
        document: if kind.is_described() { text } else { "" },
    };
    provider_objects::remember(&gateway.services, &call.key, new).await?;
    if !is_job {
        return Ok(());
    }
    // A provider may be so fast that it is done already.
    let key = &call.key;
    let (organization, project) = (key.organization.id, key.project_id);
    match provider_objects::find_at(&gateway.services, &provider.name, organization, project, kind, id).await? {
        Some(object) => jobs::settle_if_done(gateway, &object, text).await,
        None => Ok(()),
    }
}

/// Keeps in mind what was said of an object that is known.
async fn follow(gateway: &Gateway, object: &Object, act: Act, status: StatusCode, body: &[u8]) -> ServiceResult<()> {
    // It is deleted there, whoever did that.
    if status == StatusCode::NOT_FOUND && matches!(act, Act::Retrieve | Act::Delete) {
        return provider_objects::forget(&gateway.services, object).await;
    }
    if !status.is_success() {
        return Ok(());
    }
    match act {
        Act::Retrieve => {
            let text = std::str::from_utf8(body).unwrap_or_default();
            provider_objects::refresh(&gateway.services, object, text).await?;
            jobs::settle_if_done(gateway, object, text).await
        }
        Act::Delete => {
            let unknown = Settled { outcome: Outcome::Interrupted, used: None, error_code: "deleted".to_owned() };
            provider_objects::settle(&gateway.services, &gateway.meter, object, unknown).await?;
            provider_objects::forget(&gateway.services, object).await
        }
        Act::Create | Act::Derive | Act::List | Act::Read => Ok(()),
    }
}

/// Looks whether a job is done before it is deleted, so that what it used is known.
pub(super) async fn settle_before_delete(gateway: &Gateway, endpoint: &Endpoint, object: &Object) {
    if object.is_pending()
        && matches!(endpoint.object, Some((_, Act::Delete)))
        && let Err(error) = Box::pin(jobs::look(gateway, object)).await
    {
        tracing::warn!(%error, "a job that is to be deleted can't be looked at");
    }
}
