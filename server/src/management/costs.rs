//! `GET /v1/organization/costs`: the cost of calls, at the prices of their time.

use axum::{Json, extract::State};
use domain::{
    api_keys::Scope,
    ids::{ApiKeyId, ProjectId},
    money::Money,
};
use serde::Serialize;
use serde_json::value::RawValue;
use services::usage::breakdown::{SpanShare, breakdown};

use super::buckets::{BucketLimits, BucketPage, BucketQuery};
use crate::v1::{caller::Caller, error::V1Error, input::QueryParams, state::V1State};

/// OpenAI's limits for days; it has no hours.
const LIMITS: BucketLimits = BucketLimits { hours: (24, 168), days: (7, 180) };

/// A part of a bucket. Dimensions that it isn't grouped by are null.
#[derive(Serialize)]
pub(super) struct CostResult {
    object: &'static str,
    amount: Amount,
    project_id: Option<ProjectId>,
    user_id: Option<()>,
    api_key_id: Option<ApiKeyId>,
    /// The called model, repeated in `model`, which is usage's name for it.
    line_item: Option<String>,
    model: Option<String>,
    /// Ours: calls whose cost is unknown and isn't in the amount.
    num_unpriced_requests: i64,
}

#[derive(Serialize)]
struct Amount {
    /// US dollars, exactly.
    value: Box<RawValue>,
    currency: &'static str,
}

impl Amount {
    fn new(money: Money) -> Self {
        // Money is formatted like a JSON number: with a point, without an exponent.
        let value = RawValue::from_string(money.to_string()).unwrap_or_default();
        Self { value, currency: "usd" }
    }
}

pub(super) async fn costs(
    State(v1): State<V1State>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<BucketPage<CostResult>>, V1Error> {
    let actor = caller.with(Scope::UsageRead)?;
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
