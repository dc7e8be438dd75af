//! Lists, a page at a time, each beginning after the last id of the one before.

use domain::ids::ApiKeyId;
use serde::Serialize;
use services::api_keys::queries::location::Cursor;

use crate::v1::error::Refusal;
use crate::v1::input::{Query, number};

/// How many items a page holds where nobody says.
const USUAL: i64 = 20;
/// How many it holds at most.
const MOST: i64 = 100;

/// Which page a query asks for, by `after`, `limit` and `order`.
///
/// With OpenAI `owner_project_access` narrows the keys of a project to those whose owner may (not) use it; here it takes
/// nothing but `any`, which is always meant.
pub(super) fn cursor(query: Query) -> Result<Cursor, Refusal> {
    let query = query.only(&["after", "limit", "order", "owner_project_access"])?;
    query.one("owner_project_access", |access| match access {
        "any" => Ok(()),
        _ => Err("It can only be \"any\": every key says it of its owner."),
    })?;
    let descending = query.one("order", |order| match order {
        "asc" => Ok(false),
        "desc" => Ok(true),
        _ => Err("An order is \"asc\" or \"desc\"."),
    })?;
    Ok(Cursor {
        after: query.one("after", str::parse::<ApiKeyId>)?,
        limit: query.one("limit", number(1, MOST))?.unwrap_or(USUAL).unsigned_abs(),
        descending: descending.unwrap_or(false),
    })
}

/// A page.
#[derive(Serialize)]
pub(super) struct List<T> {
    object: &'static str,
    data: Vec<T>,
    first_id: Option<ApiKeyId>,
    last_id: Option<ApiKeyId>,
    has_more: bool,
}

impl<T> List<T> {
    pub(super) fn new(data: Vec<T>, id: impl Fn(&T) -> ApiKeyId, has_more: bool) -> Self {
        let (first_id, last_id) = (data.first().map(&id), data.last().map(&id));
        Self { object: "list", data, first_id, last_id, has_more }
    }
}
