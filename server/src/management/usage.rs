//! `GET /v1/organization/usage/…`: calls and tokens.

use axum::{Json, extract::State};
use domain::{
    ids::{ApiKeyId, ProjectId},
    models::Service,
    permissions::Permission,
    usage::Measures,
};
use serde::Serialize;
use services::usage::breakdown::{SpanShare, breakdown};
use utoipa::ToSchema;

use super::buckets::{BucketLimits, BucketPage, BucketQuery};
use crate::v1::{caller::Caller, error::V1Error, input::QueryParams, state::V1State};

/// OpenAI's limits.
const LIMITS: BucketLimits = BucketLimits { hours: (24, 168), days: (7, 31) };

/// Usage of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageResult {
    #[schema(inline)]
    object: UsageResultName,
    input_tokens: i64,
    /// Cached input tokens, included in `input_tokens`. Embeddings don't have this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    input_cached_tokens: Option<i64>,
    /// Output tokens. Embeddings don't have this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    output_tokens: Option<i64>,
    /// Number of calls.
    num_model_requests: i64,
    #[schema(required)]
    project_id: Option<ProjectId>,
    /// Always `null`: usage isn't grouped by users.
    #[schema(required, value_type = Option<String>)]
    user_id: Option<()>,
    #[schema(required)]
    api_key_id: Option<ApiKeyId>,
    /// The called model.
    #[schema(required)]
    model: Option<String>,
    /// Always `null`: usage isn't grouped by batches.
    #[schema(required, value_type = Option<bool>)]
    batch: Option<()>,
    /// Always `null`: usage isn't grouped by service tiers.
    #[schema(required, value_type = Option<String>)]
    service_tier: Option<()>,
    /// Number of calls that failed or were interrupted, included in `num_model_requests`. This field isn't in
    /// OpenAI's API.
    num_failed_requests: i64,
}

/// Kind of usage, by OpenAI's name.
#[derive(Serialize, ToSchema)]
enum UsageResultName {
    #[serde(rename = "organization.usage.completions.result")]
    Completions,
    #[serde(rename = "organization.usage.embeddings.result")]
    Embeddings,
}

/// Returns calls and tokens of chat models.
///
/// Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/completions",
    operation_id = "usage-completions",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery),
    responses((status = 200, description = "A page of buckets", body = BucketPage<UsageResult>))
)]
pub(super) async fn completions(
    State(v1): State<V1State>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<BucketPage<UsageResult>>, V1Error> {
    answer(&v1, &caller, query, Service::Chat).await
}

/// Returns calls and tokens of embedding models.
///
/// Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/embeddings",
    operation_id = "usage-embeddings",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery),
    responses((status = 200, description = "A page of buckets", body = BucketPage<UsageResult>))
)]
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
    let actor = caller.with(Permission::ViewUsage)?;
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
        object: if is_chat { UsageResultName::Completions } else { UsageResultName::Embeddings },
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
