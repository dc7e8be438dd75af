//! `GET /v1/organization/usage/…`: calls and tokens.

use axum::{Json, extract::State};
use domain::{
    api_keys::Scope,
    ids::{ApiKeyId, ProjectId},
    models::Service,
    usage::Measures,
};
use serde::Serialize;
use services::usage::breakdown::{SpanShare, breakdown};

use super::buckets::{BucketLimits, BucketPage, BucketQuery};
use crate::v1::{caller::Caller, error::V1Error, input::QueryParams, state::V1State};

/// OpenAI's limits.
const LIMITS: BucketLimits = BucketLimits { hours: (24, 168), days: (7, 31) };

/// A part of a bucket. Dimensions that it isn't grouped by are null.
#[derive(Serialize)]
pub(super) struct UsageResult {
    object: &'static str,
    input_tokens: i64,
    /// Cached input tokens, included in `input_tokens`. Embeddings have none, nor outputs.
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
    /// Ours: requests that failed or were interrupted, included in `num_model_requests`.
    num_failed_requests: i64,
}

/// Answers with the usage of chat completions.
pub(super) async fn completions(
    State(v1): State<V1State>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<BucketPage<UsageResult>>, V1Error> {
    answer(&v1, &caller, query, Service::Chat).await
}

/// Answers with the usage of embeddings.
pub(super) async fn embeddings(
    State(v1): State<V1State>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<BucketPage<UsageResult>>, V1Error> {
    answer(&v1, &caller, query, Service::Embeddings).await
}

async fn answer(
    v1: &V1State,
    caller: &Caller,
    query: QueryParams,
    service: Service,
) -> Result<Json<BucketPage<UsageResult>>, V1Error> {
    let actor = caller.with(Scope::UsageRead)?;
    let services = v1.services();
    let bucket_query = BucketQuery::read(query, services.now(), Some(service), LIMITS)?;
    let spans = breakdown(services, &actor, &bucket_query.breakdown).await?;
    Ok(Json(bucket_query.page(spans, |share| result(share, service))))
}

fn result(share: SpanShare, service: Service) -> UsageResult {
    let SpanShare { project, api_key, model, measures } = share;
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
