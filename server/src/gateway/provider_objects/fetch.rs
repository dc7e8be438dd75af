//! Fetches objects from providers on the gateway's own behalf.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use domain::models::Service;
use services::{ServiceError, ServiceResult, provider_objects::ProviderObject};
use tokio::time::{Instant, timeout};

use crate::gateway::{
    Gateway,
    answers::signs::failure_of,
    collect::{CollectLimits, collect},
    endpoint::{ENDPOINTS, ObjectAction, Verb},
    payload::Payload,
    provider::{AnswerHeaders, ProviderRequest, account},
};

/// Maximum time for a provider's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer, in bytes: it may contain a complete response.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Fetches an object from its provider; `None` if the provider is no longer configured.
pub(super) async fn fetch(gateway: &Gateway, object: &ProviderObject) -> ServiceResult<Option<(StatusCode, Bytes)>> {
    let retrieves =
        |kind| ENDPOINTS.iter().find(|e| e.verb == Verb::Get && e.object == Some((kind, ObjectAction::Retrieve)));
    let (Some(endpoint), Some(provider)) = (object.kind().and_then(retrieves), gateway.provider(object.provider()))
    else {
        return Ok(None);
    };
    let request = ProviderRequest {
        endpoint,
        path: endpoint.provider_path(Some(object.id())),
        headers: HeaderMap::new(),
        body: Payload::Bytes(Bytes::new()),
        without_options: None,
    };
    let no_answer = || ServiceError::Internal("a provider doesn't tell of what it keeps".to_owned());
    let response = timeout(ANSWER_TIMEOUT, provider.send(request, &gateway.secrets()))
        .await
        .map_err(|_| no_answer())?
        .map_err(|_| no_answer())?;
    let (parts, mut body) = response.into_parts();
    let limits =
        CollectLimits { bytes: MAX_ANSWER_BYTES, idle: ANSWER_TIMEOUT, deadline: Instant::now() + ANSWER_TIMEOUT };
    let bytes = collect(&mut body, limits).await.map_err(|_| no_answer())?;
    let answer_headers = AnswerHeaders::of(&parts.extensions);
    // A body that can't be decoded, or contains an error despite a successful status, says
    // nothing about the object.
    if parts.status.is_success()
        && (answer_headers.is_encoded || failure_of(&bytes, endpoint.expected(false)).is_some())
    {
        return Err(no_answer());
    }
    let bytes = match endpoint.service {
        // Fine-tuning jobs contain the operator's account.
        Service::FineTuning => account::without_names(bytes, &answer_headers.account),
        _ => bytes,
    };
    Ok(Some((parts.status, bytes)))
}
