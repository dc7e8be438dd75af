//! Results of usage of media: images, speeches, transcriptions and videos.
//!
//! Dimensions that aren't grouped by are `null`.

use domain::ids::{ApiKeyId, ProjectId, UserId};
use serde::Serialize;
use services::usage::breakdown::{SpanShare, UsageResource};
use utoipa::ToSchema;

use super::{
    amount::Amount,
    buckets::{BucketQuery, BucketResult},
    dimensions::{FilterName, GroupName},
    tables::columns,
    text_results::{MODEL_FILTERS, MODEL_GROUPS},
};

/// Images of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct ImageResult {
    #[schema(example = "organization.usage.images.result")]
    object: &'static str,
    /// Number of images.
    images: i64,
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
    /// Always `null`: sizes aren't recorded.
    #[schema(required, value_type = Option<String>)]
    size: Option<()>,
    /// How the images were made: `image.generation`, `image.edit` or `image.variation`; `null` for other calls.
    #[schema(required)]
    source: Option<String>,
    /// Number of calls that failed or were interrupted, included in `num_model_requests`. This field isn't in
    /// OpenAI's API.
    num_failed_requests: i64,
}

impl BucketResult for ImageResult {
    const RESOURCE: UsageResource = UsageResource::Images;
    const GROUPS: &'static [GroupName] = &[
        GroupName::ProjectId,
        GroupName::UserId,
        GroupName::ApiKeyId,
        GroupName::Model,
        GroupName::ImageSize,
        GroupName::ImageSource,
    ];
    const FILTERS: &'static [FilterName] = &[
        FilterName::UserIds,
        FilterName::ApiKeyIds,
        FilterName::Models,
        FilterName::ImageSizes,
        FilterName::ImageSources,
    ];

    columns!(images, num_model_requests, project_id, user_id, api_key_id, model, size, source, num_failed_requests);

    fn new(SpanShare { key, totals }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.usage.images.result",
            images: totals.measures.images,
            num_model_requests: totals.measures.calls,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            size: None,
            source: key.image_source,
            num_failed_requests: totals.measures.errors,
        }
    }
}

/// Spoken texts of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct SpeechResult {
    #[schema(example = "organization.usage.audio_speeches.result")]
    object: &'static str,
    /// Number of characters of the texts.
    characters: i64,
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

impl BucketResult for SpeechResult {
    const RESOURCE: UsageResource = UsageResource::Speeches;
    const GROUPS: &'static [GroupName] = MODEL_GROUPS;
    const FILTERS: &'static [FilterName] = MODEL_FILTERS;

    columns!(characters, num_model_requests, project_id, user_id, api_key_id, model, num_failed_requests);

    fn new(SpanShare { key, totals }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.usage.audio_speeches.result",
            characters: totals.characters,
            num_model_requests: totals.measures.calls,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            num_failed_requests: totals.measures.errors,
        }
    }
}

/// Audio other than speeches, of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct TranscriptionResult {
    #[schema(example = "organization.usage.audio_transcriptions.result")]
    object: &'static str,
    /// Length of the audio in whole seconds, rounded.
    seconds: i64,
    /// Length of the audio in milliseconds. This field isn't in OpenAI's API.
    milliseconds: i64,
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

impl BucketResult for TranscriptionResult {
    const RESOURCE: UsageResource = UsageResource::Transcriptions;
    const GROUPS: &'static [GroupName] = MODEL_GROUPS;
    const FILTERS: &'static [FilterName] = MODEL_FILTERS;

    columns!(seconds, milliseconds, num_model_requests, project_id, user_id, api_key_id, model, num_failed_requests);

    fn new(SpanShare { key, totals }: SpanShare, _: &BucketQuery<Self>) -> Self {
        let milliseconds = totals.measures.audio_ms;
        Self {
            object: "organization.usage.audio_transcriptions.result",
            seconds: milliseconds.saturating_add(500) / 1000,
            milliseconds,
            num_model_requests: totals.measures.calls,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            num_failed_requests: totals.measures.errors,
        }
    }
}

/// Videos of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct VideoResult {
    #[schema(example = "organization.usage.videos.result")]
    object: &'static str,
    /// Length of the videos in milliseconds.
    milliseconds: i64,
    amount: Amount,
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
    /// Path of the requests.
    #[schema(required)]
    endpoint: Option<String>,
    /// The provider that answered.
    #[schema(required)]
    provider: Option<String>,
    /// Number of calls that failed or were interrupted, included in `num_model_requests`.
    num_failed_requests: i64,
}

impl BucketResult for VideoResult {
    const RESOURCE: UsageResource = UsageResource::Videos;
    const GROUPS: &'static [GroupName] = &[
        GroupName::ProjectId,
        GroupName::UserId,
        GroupName::ApiKeyId,
        GroupName::Model,
        GroupName::Endpoint,
        GroupName::Provider,
    ];
    const FILTERS: &'static [FilterName] =
        &[FilterName::UserIds, FilterName::ApiKeyIds, FilterName::Models, FilterName::Endpoints, FilterName::Providers];

    columns!(
        milliseconds,
        amount,
        num_model_requests,
        project_id,
        user_id,
        api_key_id,
        model,
        endpoint,
        provider,
        num_failed_requests
    );

    fn new(SpanShare { key, totals }: SpanShare, _: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.usage.videos.result",
            milliseconds: totals.measures.video_ms,
            amount: Amount::new(totals.measures.spend),
            num_model_requests: totals.measures.calls,
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            endpoint: key.endpoint,
            provider: key.provider,
            num_failed_requests: totals.measures.errors,
        }
    }
}
