//! Results of durations: percentiles of calls' latency and of their time to the first token.

use domain::{
    ids::{ApiKeyId, ProjectId, UserId},
    models::Service,
    usage::{Distribution, EstimatedDuration, Percentile},
};
use serde::Serialize;
use services::usage::breakdown::{SpanShare, UsageResource};
use utoipa::ToSchema;

use super::{
    buckets::{BucketQuery, BucketResult},
    dimensions::{FilterName, GroupName},
    tables::Cell,
};

/// Durations of the calls of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct LatencyResult {
    #[schema(example = "organization.usage.latencies.result")]
    object: &'static str,
    /// Number of calls.
    num_model_requests: i64,
    /// Times to the last byte.
    latency: LatencyPercentiles,
    /// Times to the first byte, of calls that have one.
    first_token: LatencyPercentiles,
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
    /// The kind of work, such as `chat`.
    #[schema(required, value_type = Option<String>)]
    service: Option<Service>,
    /// Path of the requests.
    #[schema(required)]
    endpoint: Option<String>,
    /// The provider that answered.
    #[schema(required)]
    provider: Option<String>,
}

/// Percentiles of durations.
#[derive(Serialize, ToSchema)]
struct LatencyPercentiles {
    /// Number of durations.
    count: i64,
    /// The median; `null` without durations.
    #[schema(required)]
    p50: Option<LatencyEstimate>,
    /// The 95th percentile; `null` without durations.
    #[schema(required)]
    p95: Option<LatencyEstimate>,
    /// The 99th percentile; `null` without durations.
    #[schema(required)]
    p99: Option<LatencyEstimate>,
}

/// A percentile as the sums know it. Calls are counted in bins of durations, so it certainly lies between two bounds.
#[derive(Serialize, ToSchema)]
struct LatencyEstimate {
    /// Estimate in milliseconds, in proportion between the bounds.
    ms: f64,
    /// Lower bound in milliseconds.
    min_ms: i64,
    /// Upper bound in milliseconds; `null` above a minute, where the estimate is the lower bound.
    #[schema(required)]
    max_ms: Option<i64>,
}

impl LatencyPercentiles {
    fn new(distribution: &Distribution) -> Self {
        let percentile = |percentile| distribution.percentile(percentile).map(LatencyEstimate::from);
        Self {
            count: distribution.count(),
            p50: percentile(Percentile::P50),
            p95: percentile(Percentile::P95),
            p99: percentile(Percentile::P99),
        }
    }

    fn cells(&self) -> impl Iterator<Item = &dyn Cell> {
        let estimates = [&self.p50, &self.p95, &self.p99].into_iter().map(|estimate| estimate as &dyn Cell);
        std::iter::once(&self.count as &dyn Cell).chain(estimates)
    }
}

impl From<EstimatedDuration> for LatencyEstimate {
    fn from(EstimatedDuration { estimate, low, high }: EstimatedDuration) -> Self {
        // More decimals would be noise.
        Self { ms: (estimate * 1000.0).round() / 1000.0, min_ms: low, max_ms: high }
    }
}

impl Cell for LatencyEstimate {
    fn cell(&self) -> String {
        self.ms.cell()
    }
}

impl BucketResult for LatencyResult {
    const RESOURCE: UsageResource = UsageResource::Latencies;
    const GROUPS: &'static [GroupName] = &[
        GroupName::ProjectId,
        GroupName::UserId,
        GroupName::ApiKeyId,
        GroupName::Model,
        GroupName::Service,
        GroupName::Endpoint,
        GroupName::Provider,
    ];
    const FILTERS: &'static [FilterName] = &[
        FilterName::UserIds,
        FilterName::ApiKeyIds,
        FilterName::Models,
        FilterName::Services,
        FilterName::Endpoints,
        FilterName::Providers,
    ];
    const COLUMNS: &'static [&'static str] = &[
        "num_model_requests",
        "latency_count",
        "latency_p50_ms",
        "latency_p95_ms",
        "latency_p99_ms",
        "first_token_count",
        "first_token_p50_ms",
        "first_token_p95_ms",
        "first_token_p99_ms",
        "project_id",
        "user_id",
        "api_key_id",
        "model",
        "service",
        "endpoint",
        "provider",
    ];

    fn new(SpanShare { key, totals }: SpanShare, _: &BucketQuery<Self>) -> Self {
        let durations = totals.durations.unwrap_or_default();
        Self {
            object: "organization.usage.latencies.result",
            num_model_requests: totals.measures.calls,
            latency: LatencyPercentiles::new(&durations.latency),
            first_token: LatencyPercentiles::new(&durations.first_token),
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            model: key.model,
            service: key.service,
            endpoint: key.endpoint,
            provider: key.provider,
        }
    }

    fn cells(&self) -> Vec<&dyn Cell> {
        let mut cells: Vec<&dyn Cell> = vec![&self.num_model_requests];
        cells.extend(self.latency.cells());
        cells.extend(self.first_token.cells());
        let groups: [&dyn Cell; 7] = [
            &self.project_id,
            &self.user_id,
            &self.api_key_id,
            &self.model,
            &self.service,
            &self.endpoint,
            &self.provider,
        ];
        cells.extend(groups);
        cells
    }
}
