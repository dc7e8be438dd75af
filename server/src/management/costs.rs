//! `GET /v1/organization/costs`: the cost of calls, at the prices of their time.

use axum::{extract::State, response::Response};
use domain::ids::{ApiKeyId, ProjectId, UserId};
use serde::Serialize;
use services::usage::breakdown::{SpanShare, UsageResource};
use utoipa::ToSchema;

use super::{
    amount::Amount,
    bucket_page::{BucketPage, BucketRequest, answer},
    buckets::{BucketQuery, BucketResult},
    dimensions::{FilterName, GroupName},
    tables::columns,
};
use crate::v1::{caller::Caller, error::V1Error, state::V1State};

/// Costs of one group in a bucket. Dimensions that aren't grouped by are `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct CostResult {
    #[schema(example = "organization.costs.result")]
    object: &'static str,
    amount: Amount,
    #[schema(required)]
    project_id: Option<ProjectId>,
    /// The member who created the key.
    #[schema(required)]
    user_id: Option<UserId>,
    #[schema(required)]
    api_key_id: Option<ApiKeyId>,
    /// The called model.
    #[schema(required)]
    line_item: Option<String>,
    /// The called model, under the name that the results of usage have for it.
    #[schema(required)]
    model: Option<String>,
    /// Always `null`: a line item has several quantities, such as input and output tokens.
    #[schema(required, value_type = Option<f64>)]
    quantity: Option<()>,
    /// Always `null`, like `quantity`.
    #[schema(required, value_type = Option<String>)]
    quantity_unit: Option<()>,
    /// `unlabeled` if grouped by it: no calls are those of OpenAI's agents.
    #[schema(required)]
    api_source: Option<&'static str>,
    /// Number of calls whose cost is unknown and isn't in the amount. This field isn't in OpenAI's API.
    num_unpriced_requests: i64,
}

impl BucketResult for CostResult {
    const RESOURCE: UsageResource = UsageResource::Costs;
    const GROUPS: &'static [GroupName] = &[
        GroupName::ProjectId,
        GroupName::UserId,
        GroupName::ApiKeyId,
        GroupName::LineItem,
        GroupName::Model,
        GroupName::ApiSource,
    ];
    const FILTERS: &'static [FilterName] =
        &[FilterName::UserIds, FilterName::ApiKeyIds, FilterName::Models, FilterName::LineItems];
    const DAYS: (i64, i64) = (7, 180);

    columns!(
        amount,
        project_id,
        user_id,
        api_key_id,
        line_item,
        model,
        quantity,
        quantity_unit,
        api_source,
        num_unpriced_requests
    );

    fn new(SpanShare { key, totals }: SpanShare, query: &BucketQuery<Self>) -> Self {
        Self {
            object: "organization.costs.result",
            amount: Amount::new(totals.measures.spend),
            project_id: key.project,
            user_id: key.member,
            api_key_id: key.api_key,
            line_item: key.model.clone(),
            model: key.model,
            quantity: None,
            quantity_unit: None,
            api_source: query.grouping.api_source(),
            num_unpriced_requests: totals.measures.unpriced,
        }
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
    params(BucketQuery<CostResult>),
    responses((
        status = 200,
        description = "A page of buckets",
        content((BucketPage<CostResult> = "application/json"), (String = "text/csv"))
    ))
)]
pub(super) async fn costs(
    State(v1): State<V1State>,
    caller: Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    answer::<CostResult>(&v1, &caller, request).await
}
