//! `GET /v1/organization/usage/…`: calls and tokens.

use axum::{Json, extract::State};
use domain::{
    api_keys::Scope,
    ids::{ApiKeyId, ProjectId},
    models::Service,
    usage::Measures,
};
use serde::Serialize;
use services::usage::breakdown::{Share, breakdown};

use super::{
    Management,
    buckets::{Asked, Limits, Page},
};
use crate::v1::error::Refusal;
use crate::v1::{caller::Caller, input::Query};

/// As OpenAI's.
const LIMITS: Limits = Limits { hours: (24, 168), days: (7, 31) };

/// A part of a bucket. What it isn't told apart by is null.
#[derive(Serialize)]
pub(super) struct UsageResult {
    object: &'static str,
    input_tokens: i64,
    /// A part of the input tokens. Embeddings have none, nor outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_cached_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<i64>,
    num_model_requests: i64,
    project_id: Option<ProjectId>,
    user_id: Option<()>,
    api_key_id: Option<ApiKeyId>,
    model: Option<String>,
    batch: Option<()>,
    service_tier: Option<()>,
    /// Ours: of the requests, those that failed or were interrupted.
    num_failed_requests: i64,
}

/// Chat completions.
pub(super) async fn completions(
    State(management): State<Management>,
    caller: Caller,
    query: Query,
) -> Result<Json<Page<UsageResult>>, Refusal> {
    answer(&management, &caller, query, Service::Chat).await
}

/// Embeddings.
pub(super) async fn embeddings(
    State(management): State<Management>,
    caller: Caller,
    query: Query,
) -> Result<Json<Page<UsageResult>>, Refusal> {
    answer(&management, &caller, query, Service::Embeddings).await
}

async fn answer(
    management: &Management,
    caller: &Caller,
    query: Query,
    service: Service,
) -> Result<Json<Page<UsageResult>>, Refusal> {
    let actor = caller.with(Scope::UsageRead)?;
    let services = &management.hub.services;
    let asked = Asked::read(query, services.now(), Some(service), LIMITS)?;
    let spans = breakdown(services, &actor, &asked.breakdown).await?;
    Ok(Json(asked.page(spans, |share| result(share, service))))
}

fn result(share: Share, service: Service) -> UsageResult {
    let Share { project, api_key, model, measures } = share;
    let Measures { calls, errors, tokens_in, cached_tokens_in, tokens_out, .. } = measures;
    let is_chat = service == Service::Chat;
    UsageResult {
        object: if is_chat { "organization.usage.completions.result" } else { "organization.usage.embeddings.result" },
        input_tokens: tokens_in,
        input_cached_tokens: is_chat.then_some(cached_tokens_in),
        output_tokens: is_chat.then_some(tokens_out),
        num_model_requests: calls,
        project_id: project,
        user_id: None,
        api_key_id: api_key,
        model,
        batch: None,
        service_tier: None,
        num_failed_requests: errors,
    }
}
