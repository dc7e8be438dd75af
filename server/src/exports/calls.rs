//! Calls as CSV: all that the filter lets through, however many, a page at a time.

use app::addresses::LogsAddress;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use domain::{calls::Call, errors::ApiError};
use futures::{StreamExt, TryStreamExt, stream};

use super::{csv, session_actor};
use crate::{answers::error, context::RequestInfo, hub::Hub};

const HEADER: [&str; 17] = [
    "started_at",
    "request_id",
    "project",
    "key",
    "key_id",
    "service",
    "endpoint",
    "model",
    "provider",
    "status",
    "outcome",
    "error_code",
    "tokens_in",
    "cached_tokens_in",
    "tokens_out",
    "cost_usd",
    "duration_ms",
];

pub(crate) async fn export(State(hub): State<Hub>, info: RequestInfo, RawQuery(query): RawQuery) -> Response {
    match file(&hub, &info, query.as_deref().unwrap_or_default()).await {
        Ok(file) => file,
        Err(refusal) => error(refusal),
    }
}

async fn file(hub: &Hub, info: &RequestInfo, query: &str) -> Result<Response, ApiError> {
    let slug = super::organization(query)?;
    let actor = session_actor(hub, info, &slug).await?;
    let asked = LogsAddress::parse(query).calls(None);
    let pages = services::calls::export(&hub.services, &actor, &asked).await.map_err(app::api::context::public)?;
    let header = stream::once(async { Ok(csv::row(HEADER.map(str::to_owned))) });
    let rows = pages.map_ok(|calls| calls.iter().flat_map(|call| csv::row(cells(call))).collect::<Bytes>());
    Ok(csv::download(&format!("{}-calls", actor.organization.slug), header.chain(rows)))
}

fn cells(call: &Call) -> [String; HEADER.len()] {
    let known =
        |count: i64| if call.measured != domain::calls::Measured::Unknown { count.to_string() } else { String::new() };
    [
        call.started_at.to_string(),
        call.id.to_string(),
        csv::text(call.project.as_ref().map_or("", |project| &project.name)),
        csv::text(call.api_key.as_ref().map_or("", |key| &key.name)),
        call.api_key.as_ref().map(|key| key.id.to_string()).unwrap_or_default(),
        call.service.to_string(),
        csv::text(&call.endpoint),
        csv::text(&call.model),
        csv::text(&call.provider),
        call.status.to_string(),
        call.outcome.to_string(),
        csv::text(&call.error_code),
        known(call.used.tokens_in),
        known(call.used.cached_tokens_in),
        known(call.used.tokens_out),
        call.cost.map(|cost| cost.to_string()).unwrap_or_default(),
        format!("{}.{:03}", call.duration_us / 1000, call.duration_us % 1000),
    ]
}
