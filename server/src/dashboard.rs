//! Serves the dashboard: its files, embedded and precompressed, and the page
//! they start from, with the first answers inside.

mod assets;
mod boot;
mod page;

use axum::{extract::FromRequestParts, http::request::Parts};

pub(crate) use page::show;

use crate::{context::RequestInfo, hub::Hub};

/// Whether the dashboard's files are there.
pub(crate) fn is_built() -> bool {
    assets::index().is_some()
}

/// The first answers that go out with the page that `request` asks for, as JSON: what the page tells, whether the
/// dashboard is built or not.
pub async fn first_answers(hub: &Hub, mut request: Parts) -> String {
    let Ok(info) = RequestInfo::from_request_parts(&mut request, hub).await;
    boot::data(hub, &info, &request.uri).await.json
}
