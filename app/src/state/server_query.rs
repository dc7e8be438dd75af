//! Sends queries to server functions and reads the answers; compiled once for all types of queries.

use domain::errors::ApiError;
use leptos::prelude::window;
use serde::{Serialize, de::DeserializeOwned};
use server_fn::ServerFn;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

use super::json::Json;

/// Largest request that is sent with `keepalive`, in bytes. Browsers finish 64 KiB of such requests together
/// after the page is left (Fetch, section 4.6); half of it leaves room for others.
const MAX_KEEPALIVE_BYTES: usize = 32 * 1024;

/// A server function's own type, which holds the arguments of one call.
pub trait ServerQuery: ServerFn<Error = ApiError, Output: DeserializeOwned> + Serialize {}

impl<Q: ServerFn<Error = ApiError, Output: DeserializeOwned> + Serialize> ServerQuery for Q {}

/// Result of taking over an answer.
pub(super) type TakeResult = Result<(), ApiError>;

/// Sends a query to the server.
pub async fn query<Q: ServerQuery>(query: &Q) -> Result<Q::Output, ApiError> {
    read(post(RequestPurpose::Query, Q::PATH, arguments(query)).await?)
}

/// The purpose of a request.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum RequestPurpose {
    /// A read, which is dropped when the page is left.
    Query,
    /// A change, which is finished even if the page is left or reloaded meanwhile.
    Mutation,
}

/// A query's arguments, as JSON.
pub(super) fn arguments(query: &impl Serialize) -> String {
    serde_json::to_string(query).unwrap_or_default()
}

/// Reads an answer; one that can't be read counts as none.
pub(super) fn read<T: DeserializeOwned>(answer: Json) -> Result<T, ApiError> {
    answer.read().map_err(|_| ApiError::Offline)
}

/// Sends arguments to the server function at `path`, as Leptos' own clients do, and returns its answer.
pub(super) async fn post(purpose: RequestPurpose, path: &'static str, arguments: String) -> Result<Json, ApiError> {
    let (ok, answer) = fetch(purpose, path, &arguments).await.map_err(|_| ApiError::Offline)?;
    if ok { Ok(answer) } else { Err(read(answer).unwrap_or_else(|error| error)) }
}

/// Sends a request; returns whether its status is a success, and the JSON of its body.
async fn fetch(purpose: RequestPurpose, path: &str, arguments: &str) -> Result<(bool, Json), JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", "application/json")?;
    headers.set("Content-Type", "application/json")?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers_headers(&headers);
    request.set_body(&JsValue::from_str(arguments));
    let keepalive = purpose == RequestPurpose::Mutation && arguments.len() <= MAX_KEEPALIVE_BYTES;
    js_sys::Reflect::set(&request, &"keepalive".into(), &keepalive.into())?;
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(path, &request)).await?.dyn_into()?;
    let answer = JsFuture::from(response.json()?).await?;
    Ok((response.ok(), answer.into()))
}
