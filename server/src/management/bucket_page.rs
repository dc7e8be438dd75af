//! Pages of buckets, as JSON or as CSV.

use axum::{
    Json,
    body::Body,
    extract::FromRequestParts,
    http::{
        HeaderValue,
        header::{CONTENT_TYPE, LINK},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use domain::{permissions::Permission, time::Timestamp};
use serde::Serialize;
use services::{
    Actor, Services,
    calls::retention::kept_since,
    usage::breakdown::{Breakdown, Span, breakdown},
};
use utoipa::ToSchema;

use super::buckets::{BucketQuery, BucketResult};
use crate::{
    exports::{accepts, csv::CsvRows},
    v1::{caller::Caller, error::V1Error, input::QueryParams, state::V1State},
};

/// A page of consecutive buckets.
#[derive(Serialize, ToSchema)]
pub(super) struct BucketPage<T> {
    #[schema(example = "page")]
    object: &'static str,
    data: Vec<Bucket<T>>,
    /// Whether there is a next page.
    has_more: bool,
    /// The parameter `page` of the next page; `null` if there is none.
    #[schema(required)]
    next_page: Option<String>,
}

/// A minute, hour or day of UTC.
#[derive(Serialize, ToSchema)]
struct Bucket<T> {
    #[schema(example = "bucket")]
    object: &'static str,
    /// Start, in seconds of Unix time.
    start_time: i64,
    /// End, in seconds of Unix time, exclusive.
    end_time: i64,
    /// A result for each group that has calls; empty if there were none.
    results: Vec<T>,
}

/// A request for buckets, in whichever form.
pub(super) struct BucketRequest {
    query: QueryParams,
    /// The path with the query.
    address: String,
    wants_table: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for BucketRequest {
    type Rejection = V1Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, V1Error> {
        let query = QueryParams::from_request_parts(parts, state).await?;
        let address = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        Ok(Self { query, address, wants_table: accepts(&parts.headers, &["text/csv"]) })
    }
}

/// Answers a request with a page of results of type `T`.
pub(super) async fn answer<T: BucketResult + Serialize>(
    v1: &V1State,
    caller: &Caller,
    request: BucketRequest,
) -> Result<Response, V1Error> {
    let actor = caller.with(Permission::ViewUsage)?;
    let services = v1.services();
    let BucketRequest { query, address, wants_table } = request;
    let query = BucketQuery::<T>::read(query, services.now())?;
    check_kept(services, &actor, &query.breakdown).await?;
    let spans = breakdown(services, &actor, &query.breakdown).await?;
    let page = BucketPage::new(spans, &query);
    Ok(if wants_table { page.table(&address) } else { Json(page).into_response() })
}

/// Rejects usage that is summed from calls, of a time whose calls are deleted.
async fn check_kept(services: &Services, actor: &Actor, breakdown: &Breakdown) -> Result<(), V1Error> {
    if !breakdown.reads_calls() {
        return Ok(());
    }
    match kept_since(services, &actor.organization).await? {
        Some(since) if breakdown.from < since => {
            let message = format!(
                "This usage is summed from calls, which are kept since {since}. Begin later, or use another `bucket_width`."
            );
            Err(V1Error::invalid("start_time", message))
        }
        _ => Ok(()),
    }
}

impl<T: BucketResult> BucketPage<T> {
    fn new(spans: Vec<Span>, query: &BucketQuery<T>) -> Self {
        let seconds = |moment: Timestamp| moment.millis() / 1000;
        let bucket = |span: Span| Bucket {
            object: "bucket",
            start_time: seconds(span.from),
            end_time: seconds(span.to),
            results: span.shares.into_iter().map(|share| T::new(share, query)).collect(),
        };
        let next_page = query.next_page();
        let data = spans.into_iter().map(bucket).collect();
        Self { object: "page", data, has_more: next_page.is_some(), next_page }
    }

    /// A row for each result, with its bucket. The next page's address is in a header.
    fn table(&self, address: &str) -> Response {
        let mut rows = CsvRows::new();
        ["start_time", "end_time"].into_iter().chain(T::COLUMNS.iter().copied()).for_each(|column| rows.plain(column));
        rows.end_row();
        for bucket in &self.data {
            for result in &bucket.results {
                rows.value(bucket.start_time);
                rows.value(bucket.end_time);
                result.cells().into_iter().for_each(|cell| rows.plain(&cell.cell()));
                rows.end_row();
            }
        }
        let mut response = Response::new(Body::from(rows.finish().bytes));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
        let link = self.next_page.as_deref().map(|page| format!("<{}>; rel=\"next\"", next_address(address, page)));
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            headers.insert(LINK, link);
        }
        response
    }
}

/// The address of another page.
fn next_address(address: &str, page: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let page = format!("page={page}");
    let is_kept = |part: &&str| !part.is_empty() && part.split('=').next() != Some("page");
    let mut parts: Vec<&str> = query.split('&').filter(is_kept).collect();
    parts.push(&page);
    format!("{path}?{}", parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_that_of_the_same_query() {
        let next = |address| next_address(address, "page_9");
        assert_eq!(next("/v1/a?start_time=1&limit=2"), "/v1/a?start_time=1&limit=2&page=page_9");
        assert_eq!(next("/v1/a?page=page_1&start_time=1"), "/v1/a?start_time=1&page=page_9");
    }
}
