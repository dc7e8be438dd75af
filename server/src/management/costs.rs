//! `GET /v1/organization/costs`: the cost of calls, at the prices of their time.

use axum::{Json, extract::State};
use domain::{
    ids::{ApiKeyId, ProjectId},
    money::Money,
    permissions::Permission,
};
use serde::Serialize;
use serde_json::value::RawValue;
use services::usage::breakdown::{SpanShare, breakdown};
use utoipa::ToSchema;

use super::buckets::{BucketLimits, BucketPage, BucketQuery};
use crate::v1::{caller::Caller, error::V1Error, input::QueryParams, state::V1State};

/// OpenAI's limits for days; it has no hours.
const LIMITS: BucketLimits = BucketLimits { hours: (24, 168), days: (7, 180) };

/// Costs of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct CostResult {
    #[schema(example = "organization.costs.result")]
    object: &'static str,
    amount: Amount,
    #[schema(required)]
    project_id: Option<ProjectId>,
    /// Always `null`: costs aren't grouped by users.
    #[schema(required, value_type = Option<String>)]
    user_id: Option<()>,
    #[schema(required)]
    api_key_id: Option<ApiKeyId>,
    /// The called model.
    #[schema(required)]
    line_item: Option<String>,
    /// The called model, under the name that the results of usage have for it.
    #[schema(required)]
    model: Option<String>,
    /// Number of calls whose cost is unknown and isn't in the amount. This field isn't in OpenAI's API.
    num_unpriced_requests: i64,
}

/// An amount of money.
#[derive(Serialize, ToSchema)]
struct Amount {
    /// US dollars, exact to the nano-dollar.
    #[schema(value_type = f64)]
    value: Box<RawValue>,
    #[schema(example = "usd")]
    currency: &'static str,
}

impl Amount {
    fn new(money: Money) -> Self {
        // Money is formatted like a JSON number: with a point, without an exponent.
        let value = RawValue::from_string(money.to_string()).unwrap_or_default();
        Self { value, currency: "usd" }
    }
}

/// Returns the costs of calls, at the prices of their time.
///
/// A read key returns those of its own project.
#[utoipa::path(
    get,
    path = "/v1/organization/costs",
    operation_id = "usage-costs",
    tag = "Usage",
    security(("bearer" = ["usage.read"])),
    params(BucketQuery),
    responses((status = 200, description = "A page of buckets", body = BucketPage<CostResult>))
)]
pub(super) async fn costs(
    State(v1): State<V1State>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<BucketPage<CostResult>>, V1Error> {
    let actor = caller.with(Permission::ViewUsage)?;
    let services = v1.services();
    let bucket_query = BucketQuery::read(query, services.now(), None, LIMITS)?;
    let spans = breakdown(services, &actor, &bucket_query.breakdown).await?;
    Ok(Json(bucket_query.page(spans, result)))
}

fn result(share: SpanShare) -> CostResult {
    let SpanShare { project, api_key, model, measures } = share;
    CostResult {
        object: "organization.costs.result",
        amount: Amount::new(measures.spend),
        project_id: project,
        user_id: None,
        api_key_id: api_key,
        line_item: model.clone(),
        model,
        num_unpriced_requests: measures.unpriced,
    }
}
