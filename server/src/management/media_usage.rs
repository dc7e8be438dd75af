//! `GET /v1/organization/usage/…`: images, audio, videos, and durations of calls.

use axum::{extract::State, response::Response};

use super::{
    bucket_page::{BucketPage, BucketRequest, answer},
    buckets::BucketQuery,
    latencies::LatencyResult,
    media_results::{ImageResult, SpeechResult, TranscriptionResult, VideoResult},
};
use crate::v1::{caller::Caller, error::V1Error, state::V1State};

/// Returns calls and images.
///
/// Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/images",
    operation_id = "usage-images",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<ImageResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<ImageResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn images(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<ImageResult>(&v1, &caller, request).await
}

/// Returns calls and characters of spoken texts.
///
/// Rejected calls aren't included. Characters are known as long as calls are kept. A read key returns those of its own
/// project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/audio_speeches",
    operation_id = "usage-audio-speeches",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<SpeechResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<SpeechResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn audio_speeches(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<SpeechResult>(&v1, &caller, request).await
}

/// Returns calls and seconds of audio other than speeches.
///
/// Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/audio_transcriptions",
    operation_id = "usage-audio-transcriptions",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<TranscriptionResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<TranscriptionResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn audio_transcriptions(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<TranscriptionResult>(&v1, &caller, request).await
}

/// Returns calls, length and cost of videos.
///
/// This operation isn't in OpenAI's API. Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/videos",
    operation_id = "usage-videos",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<VideoResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<VideoResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn videos(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<VideoResult>(&v1, &caller, request).await
}

/// Returns percentiles of the duration of calls.
///
/// This operation isn't in OpenAI's API. Rejected calls aren't included. A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/usage/latencies",
    operation_id = "usage-latencies",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery<LatencyResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<LatencyResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn latencies(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<LatencyResult>(&v1, &caller, request).await
}
