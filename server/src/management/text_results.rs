//! Results of usage of texts: completions, embeddings, moderations and decisions.
//!
//! Dimensions that aren't grouped by are `null`.

use domain::ids::{ApiKeyId, ProjectId, UserId};
use serde::Serialize;
use services::usage::breakdown::{SpanShare, UsageResource};
use utoipa::ToSchema;

use super::{
    buckets::{BucketQuery, BucketResult},
    dimensions::{FilterName, GroupName},
    tables::columns,
};

/// Usage of chat models by one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct CompletionResult {
    #[schema(example = "organization.usage.completions.result")]
    object: &'static str,
    input_tokens: i64,
    /// Cached input tokens, included in `input_tokens`.
    input_cached_tokens: i64,
    /// Other input tokens, included in `input_tokens`.
    input_uncached_tokens: i64,
    /// Output tokens.
    output_tokens: i64,
    /// Number of calls.
    num_model_requests: i64,
    #[schema(required)]
    project_id: Option<ProjectId>,
    /// The member who created the key.
    #[schema(required)]
    user_id: Option<UserId>,
    #[schema(required)]
    api_key_id: Option<ApiKeyId>,
    /// The called model.
    #[schema(required)]
    model: Option<String>,
    /// `false` if grouped by it: there are no batches.
    #[schema(required)]
    batch: Option<bool>,
    /// Always `null`: sums aren't kept by service tier.
    #[schema(required, value_type = Option<String>)]
    service_tier: Option<()>,
    /// `unlabeled` if grouped by it: no calls are those of OpenAI's agents.
    #[schema(required)]
    api_source: Option<&'static str>,
    /// Number of calls that failed or were interrupted, included in `num_model_requests`. This field isn't in
    /// OpenAI's API.
    num_failed_requests: i64,
}

impl BucketResult for CompletionResult {
    const RESOURCE: UsageResource = UsageResource::Completions;
    const GROUPS: &'static [GroupName] = COMPLETION_GROUPS;
    const FILTERS: &'static [FilterName] = COMPLETION_FILTERS;

    columns!(
        input_tokens,
        input_cached_tokens,
        input_uncached_tokens,
        output_tokens,
        num_model_requests,
        project_id,
        user_id,
        api_key_id,
        model,
        batch,
        service_tier,
        api_source,
        num_failed_requests
    );

    fn new(SpanShare { key, totals }: SpanShare, query: &BucketQuery<Self>) -> Self {
        let measures = totals.measures;
        Self {
            object: "organization.usage.completions.result",
            input_tokens: measures.tokens_in,
            input_cached_tokens: measures.cached_tokens_in,
            input_uncached_tokens: measures.tokens_in - measures.cached_tokens_in,
            output_tokens: measures.tokens_out,
            num_model_requests: measures.calls,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            batch: query.grouping.batch(),
            service_tier: None,
            api_source: query.grouping.api_source(),
            num_failed_requests: measures.errors,
        }
    }
}

const COMPLETION_GROUPS: &[GroupName] = &[
    GroupName::ProjectId,
    GroupName::UserId,
    GroupName::ApiKeyId,
    GroupName::Model,
    GroupName::Batch,
    GroupName::ServiceTier,
    GroupName::ApiSource,
];
const COMPLETION_FILTERS: &[FilterName] =
    &[FilterName::UserIds, FilterName::ApiKeyIds, FilterName::Models, FilterName::Batch];

/// Dimensions of resources whose calls have a model.
pub(super) const MODEL_GROUPS: &[GroupName] =
    &[GroupName::ProjectId, GroupName::UserId, GroupName::ApiKeyId, GroupName::Model];
/// Filters of resources whose calls have a model.
pub(super) const MODEL_FILTERS: &[FilterName] = &[FilterName::UserIds, FilterName::ApiKeyIds, FilterName::Models];

/// Usage of embedding models by one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct EmbeddingResult {
    #[schema(example = "organization.usage.embeddings.result")]
    object: &'static str,
    input_tokens: i64,
    /// Number of calls.
    num_model_requests: i64,
    #[schema(required)]
    project_id: Option<ProjectId>,
    /// The member who created the key.
    #[schema(required)]
    user_id: Option<UserId>,
    #[schema(required)]
    api_key_id: Option<ApiKeyId>,
    /// The called model.
    #[schema(required)]
    model: Option<String>,
    /// Number of calls that failed or were interrupted, included in `num_model_requests`. This field isn't in
    /// OpenAI's API.
    num_failed_requests: i64,
}

impl BucketResult for EmbeddingResult {
    const RESOURCE: UsageResource = UsageResource::Embeddings;
    const GROUPS: &'static [GroupName] = MODEL_GROUPS;
    const FILTERS: &'static [FilterName] = MODEL_FILTERS;

    columns!(input_tokens, num_model_requests, project_id, user_id, api_key_id, model, num_failed_requests);

    fn new(SpanShare { key, totals }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.usage.embeddings.result",
            input_tokens: totals.measures.tokens_in,
            num_model_requests: totals.measures.calls,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            num_failed_requests: totals.measures.errors,
        }
    }
}

/// Usage of moderations by one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct ModerationResult {
    #[schema(example = "organization.usage.moderations.result")]
    object: &'static str,
    input_tokens: i64,
    /// Number of calls.
    num_model_requests: i64,
    #[schema(required)]
    project_id: Option<ProjectId>,
    /// The member who created the key.
    #[schema(required)]
    user_id: Option<UserId>,
    #[schema(required)]
    api_key_id: Option<ApiKeyId>,
    /// The called model.
    #[schema(required)]
    model: Option<String>,
    /// Number of calls that failed or were interrupted, included in `num_model_requests`. This field isn't in
    /// OpenAI's API.
    num_failed_requests: i64,
}

impl BucketResult for ModerationResult {
    const RESOURCE: UsageResource = UsageResource::Moderations;
    const GROUPS: &'static [GroupName] = MODEL_GROUPS;
    const FILTERS: &'static [FilterName] = MODEL_FILTERS;

    columns!(input_tokens, num_model_requests, project_id, user_id, api_key_id, model, num_failed_requests);

    fn new(SpanShare { key, totals }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.usage.moderations.result",
            input_tokens: totals.measures.tokens_in,
            num_model_requests: totals.measures.calls,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            num_failed_requests: totals.measures.errors,
        }
    }
}

/// Usage of OpenAI's decisions, of which there is none.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionResult {
    #[schema(example = "organization.usage.decisions.result")]
    object: &'static str,
    input_tokens: i64,
    /// Output tokens.
    output_tokens: i64,
    /// Number of calls.
    num_model_requests: i64,
}

impl BucketResult for DecisionResult {
    const RESOURCE: UsageResource = UsageResource::Unmetered;
    const GROUPS: &'static [GroupName] = COMPLETION_GROUPS;
    const FILTERS: &'static [FilterName] = COMPLETION_FILTERS;

    columns!(input_tokens, output_tokens, num_model_requests);

    fn new(SpanShare { totals, .. }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.usage.decisions.result",
            input_tokens: totals.measures.tokens_in,
            output_tokens: totals.measures.tokens_out,
            num_model_requests: totals.measures.calls,
        }
    }
}
