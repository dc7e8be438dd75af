//! Serves the dashboard: its files, embedded and precompressed, and the page that starts it, with its first
//! answers.

mod assets;
mod boot;
mod page;

use axum::{extract::FromRequestParts, http::request::Parts};

pub(crate) use page::show;

use crate::{context::RequestInfo, hub::Hub};

/// Whether the dashboard's files exist.
pub(crate) fn is_built() -> bool {
    assets::index().is_some()
}

/// The first answers that are sent with the page of `request`, as JSON, even if the dashboard isn't built.
pub async fn first_answers(hub: &Hub, mut request: Parts) -> String {
    let Ok(info) = RequestInfo::from_request_parts(&mut request, hub).await;
    boot::data(hub, &info, &request.uri).await.json
}
