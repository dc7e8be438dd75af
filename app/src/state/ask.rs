//! How a question goes to the server, and its answer comes back: once for all questions, whatever their types.

use domain::errors::ApiError;
use leptos::prelude::window;
use serde::{Serialize, de::DeserializeOwned};
use server_fn::ServerFn;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

use super::json::Json;

/// A server function's own type, which holds its arguments.
pub trait Question: ServerFn<Error = ApiError, Output: DeserializeOwned> + Serialize {}

impl<Q: ServerFn<Error = ApiError, Output: DeserializeOwned> + Serialize> Question for Q {}

/// Whether an answer was taken over, or why not.
pub(super) type Taken = Result<(), ApiError>;

/// Asks the server.
pub async fn ask<Q: Question>(question: &Q) -> Result<Q::Output, ApiError> {
    read(post(Q::PATH, arguments(question)).await?)
}

/// A question's arguments, as JSON.
pub(super) fn arguments(question: &impl Serialize) -> String {
    serde_json::to_string(question).unwrap_or_default()
}

/// Reads an answer, or why there is none.
pub(super) fn read<T: DeserializeOwned>(answer: Json) -> Result<T, ApiError> {
    answer.read().map_err(|_| ApiError::Offline)
}

/// Sends arguments to the server function at `path`, as Leptos' own clients do; its answer.
pub(super) async fn post(path: &'static str, arguments: String) -> Result<Json, ApiError> {
    let (answered, answer) = fetch(path, &arguments).await.map_err(|_| ApiError::Offline)?;
    if answered { Ok(answer) } else { Err(read(answer).unwrap_or_else(|error| error)) }
}

/// Whether the server answered, and with what.
async fn fetch(path: &str, arguments: &str) -> Result<(bool, Json), JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", "application/json")?;
    headers.set("Content-Type", "application/json")?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers_headers(&headers);
    request.set_body(&arguments.into());
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(path, &request)).await?.dyn_into()?;
    let answer = JsFuture::from(response.json()?).await?;
    Ok((response.ok(), answer.into()))
}
