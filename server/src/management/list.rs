//! Lists in pages, each beginning after the last id of the one before.

use domain::ids::ApiKeyId;
use serde::Serialize;
use services::api_keys::location::KeyCursor;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::path::{Parameter, ParameterIn},
};

use crate::v1::{
    error::V1Error,
    input::{QueryParams, number},
    parameters::{integer, one_of, query_param},
};

/// Default number of items on a page.
const DEFAULT_PAGE_SIZE: i64 = 20;
/// Maximum number of items on a page.
const MAX_PAGE_SIZE: i64 = 100;

/// Reads the requested page from `after`, `limit` and `order`.
///
/// OpenAI's `owner_project_access` filters a project's keys by whether the owner may use it; here only `any`
/// is allowed, which is the default.
pub(super) fn cursor(query: QueryParams) -> Result<KeyCursor, V1Error> {
    let query = query.reject_unknown(&["after", "limit", "order", "owner_project_access"])?;
    query.one("owner_project_access", |access| match access {
        "any" => Ok(()),
        _ => Err("Must be \"any\"; every key states its owner."),
    })?;
    let descending = query.one("order", |order| match order {
        "asc" => Ok(false),
        "desc" => Ok(true),
        _ => Err("`order` must be \"asc\" or \"desc\"."),
    })?;
    Ok(KeyCursor {
        after: query.one("after", str::parse::<ApiKeyId>)?,
        limit: query.one("limit", number(1, MAX_PAGE_SIZE))?.unwrap_or(DEFAULT_PAGE_SIZE).unsigned_abs(),
        descending: descending.unwrap_or(false),
    })
}

/// The parameters that [`cursor`] reads.
pub(super) enum KeyListParams {}

impl IntoParams for KeyListParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            query_param("after", "The last ID of the previous page; omit it for the first page.", ApiKeyId::schema()),
            query_param("limit", "Number of keys per page; 20 by default.", integer(1, MAX_PAGE_SIZE)),
            query_param("order", "Order by the time of creation; `asc` by default.", one_of(&["asc", "desc"])),
            query_param("owner_project_access", "OpenAI's filter, which can only be `any`.", one_of(&["any"])),
        ]
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct ListPage<T> {
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<T>,
    /// Id of the first item; `null` if the page is empty.
    #[schema(required)]
    first_id: Option<ApiKeyId>,
    /// Id of the last item, which is the parameter `after` of the next page; `null` if the page is empty.
    #[schema(required)]
    last_id: Option<ApiKeyId>,
    /// Whether there is a next page.
    has_more: bool,
}

impl<T> ListPage<T> {
    pub(super) fn new(data: Vec<T>, id: impl Fn(&T) -> ApiKeyId, has_more: bool) -> Self {
        let (first_id, last_id) = (data.first().map(&id), data.last().map(&id));
        Self { object: "list", data, first_id, last_id, has_more }
    }
}
