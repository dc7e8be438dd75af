//! Results of usage of tools: searches, vector stores and code interpreters.
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

/// Web searches of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct WebSearchResult {
    #[schema(example = "organization.usage.web_searches.result")]
    object: &'static str,
    /// Number of calls for which a provider searched.
    num_model_requests: i64,
    /// Number of searches.
    num_requests: i64,
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
    /// Always `null`: context levels aren't recorded.
    #[schema(required, value_type = Option<String>)]
    context_level: Option<()>,
    /// `unlabeled` if grouped by it: no calls are those of OpenAI's agents.
    #[schema(required)]
    api_source: Option<&'static str>,
}

impl BucketResult for WebSearchResult {
    const RESOURCE: UsageResource = UsageResource::WebSearches;
    const GROUPS: &'static [GroupName] = &[
        GroupName::ProjectId,
        GroupName::UserId,
        GroupName::ApiKeyId,
        GroupName::Model,
        GroupName::ContextLevel,
        GroupName::ApiSource,
    ];
    const FILTERS: &'static [FilterName] =
        &[FilterName::UserIds, FilterName::ApiKeyIds, FilterName::Models, FilterName::ContextLevels];

    columns!(num_model_requests, num_requests, project_id, user_id, api_key_id, model, context_level, api_source);

    fn new(SpanShare { key, totals }: SpanShare, query: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.usage.web_searches.result",
            num_model_requests: totals.measures.calls,
            num_requests: totals.searches,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            context_level: None,
            api_source: query.grouping.api_source(),
        }
    }
}

/// Searches in files, of which there are none: Tollhouse has no vector stores.
#[derive(Serialize, ToSchema)]
pub(super) struct FileSearchResult {
    #[schema(example = "organization.usage.file_searches.result")]
    object: &'static str,
    /// Number of searches.
    num_requests: i64,
}

impl BucketResult for FileSearchResult {
    const RESOURCE: UsageResource = UsageResource::Unmetered;
    const GROUPS: &'static [GroupName] =
        &[GroupName::ProjectId, GroupName::UserId, GroupName::ApiKeyId, GroupName::VectorStoreId];
    const FILTERS: &'static [FilterName] = &[FilterName::UserIds, FilterName::ApiKeyIds, FilterName::VectorStoreIds];

    columns!(num_requests);

    fn new(SpanShare { totals, .. }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self { object: "organization.usage.file_searches.result", num_requests: totals.measures.calls }
    }
}

/// Storage of vector stores, of which there are none.
#[derive(Serialize, ToSchema)]
pub(super) struct VectorStoreResult {
    #[schema(example = "organization.usage.vector_stores.result")]
    object: &'static str,
    /// Bytes stored.
    usage_bytes: i64,
}

impl BucketResult for VectorStoreResult {
    const RESOURCE: UsageResource = UsageResource::Unmetered;
    const GROUPS: &'static [GroupName] = &[GroupName::ProjectId];
    const FILTERS: &'static [FilterName] = &[];

    columns!(usage_bytes);

    fn new(SpanShare { totals, .. }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self { object: "organization.usage.vector_stores.result", usage_bytes: totals.measures.byte_hours }
    }
}

/// Sessions of code interpreters, of which there are none.
#[derive(Serialize, ToSchema)]
pub(super) struct CodeInterpreterResult {
    #[schema(example = "organization.usage.code_interpreter_sessions.result")]
    object: &'static str,
    /// Number of sessions.
    num_sessions: i64,
}

impl BucketResult for CodeInterpreterResult {
    const RESOURCE: UsageResource = UsageResource::Unmetered;
    const GROUPS: &'static [GroupName] = &[GroupName::ProjectId];
    const FILTERS: &'static [FilterName] = &[];

    columns!(num_sessions);

    fn new(SpanShare { totals, .. }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self { object: "organization.usage.code_interpreter_sessions.result", num_sessions: totals.measures.calls }
    }
}
