//! `GET /v1/organization/usage/…`: calls and tokens, and tools that providers run.

use axum::{extract::State, response::Response};

use super::{
    bucket_page::{BucketPage, BucketRequest, answer},
    buckets::BucketQuery,
    text_results::{CompletionResult, DecisionResult, EmbeddingResult, ModerationResult},
    tool_results::{CodeInterpreterResult, FileSearchResult, VectorStoreResult, WebSearchResult},
};
use crate::v1::{caller::Caller, error::V1Error, state::V1State};

/// Returns calls and tokens of chat models.
///
/// Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/completions",
    operation_id = "usage-completions",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<CompletionResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<CompletionResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn completions(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<CompletionResult>(&v1, &caller, request).await
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
    params(BucketQuery<EmbeddingResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<EmbeddingResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn embeddings(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<EmbeddingResult>(&v1, &caller, request).await
}

/// Returns calls and tokens of moderations.
///
/// Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/moderations",
    operation_id = "usage-moderations",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<ModerationResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<ModerationResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn moderations(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<ModerationResult>(&v1, &caller, request).await
}

/// Returns empty buckets: there are no decisions.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/decisions",
    operation_id = "usage-decisions",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<DecisionResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<DecisionResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn decisions(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<DecisionResult>(&v1, &caller, request).await
}

/// Returns web searches of providers.
///
/// They are known as long as calls are kept. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/web_search_calls",
    operation_id = "usage-web-search-calls",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<WebSearchResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<WebSearchResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn web_search_calls(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<WebSearchResult>(&v1, &caller, request).await
}

/// Returns empty buckets: there are no vector stores to search.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/file_search_calls",
    operation_id = "usage-file-search-calls",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<FileSearchResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<FileSearchResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn file_search_calls(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<FileSearchResult>(&v1, &caller, request).await
}

/// Returns empty buckets: there are no vector stores.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/vector_stores",
    operation_id = "usage-vector-stores",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<VectorStoreResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<VectorStoreResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn vector_stores(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<VectorStoreResult>(&v1, &caller, request).await
}

/// Returns empty buckets: there are no code interpreters.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/code_interpreter_sessions",
    operation_id = "usage-code-interpreter-sessions",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<CodeInterpreterResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<CodeInterpreterResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn code_interpreter_sessions(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<CodeInterpreterResult>(&v1, &caller, request).await
}
