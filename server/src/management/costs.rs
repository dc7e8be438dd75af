//! `GET /v1/organization/costs`: what calls cost, by the prices of their moments.

use axum::{Json, extract::State};
use domain::{
    api_keys::Scope,
    ids::{ApiKeyId, ProjectId},
    money::Money,
};
use serde::Serialize;
use serde_json::value::RawValue;
use services::usage::breakdown::{Share, breakdown};

use super::{
    Management,
    buckets::{Asked, Limits, Page},
};
use crate::v1::error::Refusal;
use crate::v1::{caller::Caller, input::Query};

/// As OpenAI's, which has days only; hours are ours.
const LIMITS: Limits = Limits { hours: (24, 168), days: (7, 180) };

/// A part of a bucket. What it isn't told apart by is null.
#[derive(Serialize)]
pub(super) struct CostResult {
    object: &'static str,
    amount: Amount,
    project_id: Option<ProjectId>,
    user_id: Option<()>,
    api_key_id: Option<ApiKeyId>,
    /// The model that was called; said again under the name that usage has for it.
    line_item: Option<String>,
    model: Option<String>,
    /// Ours: calls whose cost isn't known, and isn't in the amount.
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
        // Money is written as JSON writes numbers: with a point, without an exponent.
        let value = RawValue::from_string(money.to_string()).unwrap_or_default();
        Self { value, currency: "usd" }
    }
}

pub(super) async fn costs(
    State(management): State<Management>,
    caller: Caller,
    query: Query,
) -> Result<Json<Page<CostResult>>, Refusal> {
    let actor = caller.with(Scope::UsageRead)?;
    let services = &management.hub.services;
    let asked = Asked::read(query, services.now(), None, LIMITS)?;
    let spans = breakdown(services, &actor, &asked.breakdown).await?;
    Ok(Json(asked.page(spans, result)))
}

fn result(share: Share) -> CostResult {
    let Share { project, api_key, model, measures } = share;
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
