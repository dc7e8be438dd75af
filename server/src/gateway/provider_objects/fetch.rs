//! Asks a provider for something that it keeps, on nobody's behalf.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use domain::models::Service;
use services::{ServiceError, ServiceResult, provider_objects::Object};
use tokio::time::{Instant, timeout};

use crate::gateway::{
    Gateway,
    answers::signs::failure_of,
    collect::{Within, collect},
    endpoint::{Act, ENDPOINTS, Verb},
    payload::Payload,
    provider::{ProviderRequest, Told, account},
};

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer, in bytes: a response is in it as a whole.
const LARGEST: usize = 16 * 1024 * 1024;

/// What the provider says of an object now; nothing where the provider isn't configured any more.
pub(super) async fn ask(gateway: &Gateway, object: &Object) -> ServiceResult<Option<(StatusCode, Bytes)>> {
    let retrieves = |kind| ENDPOINTS.iter().find(|e| e.verb == Verb::Get && e.object == Some((kind, Act::Retrieve)));
    let (Some(endpoint), Some(provider)) = (object.kind().and_then(retrieves), gateway.provider(object.provider()))
    else {
        return Ok(None);
    };
    let request = ProviderRequest {
        endpoint,
        path: endpoint.provider_path(Some(object.id())),
        headers: HeaderMap::new(),
        body: Payload::Whole(Bytes::new()),
        without_options: None,
    };
    let silent = || ServiceError::Internal("a provider doesn't tell of what it keeps".to_owned());
    let response = timeout(PATIENCE, provider.ask(request, &gateway.secrets()))
        .await
        .map_err(|_| silent())?
        .map_err(|_| silent())?;
    let (parts, mut body) = response.into_parts();
    let within = Within { bytes: LARGEST, idle: PATIENCE, deadline: Instant::now() + PATIENCE };
    let bytes = collect(&mut body, within).await.map_err(|_| silent())?;
    let told = Told::of(&parts.extensions);
    // What can't be read, or is an error though its status is a success's, says nothing of the object.
    if parts.status.is_success() && (told.encoded || failure_of(&bytes, endpoint.expected(false)).is_some()) {
        return Err(silent());
    }
    let bytes = match endpoint.service {
        // Jobs say whose they are.
        Service::FineTuning => account::without_names(bytes, &told.account),
        _ => bytes,
    };
    Ok(Some((parts.status, bytes)))
}
