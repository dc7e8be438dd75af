//! How a question goes to the server, and its answer comes back: once for all questions, whatever their types.

use domain::errors::ApiError;
use leptos::prelude::window;
use serde::{Serialize, de::DeserializeOwned};
use server_fn::ServerFn;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

use super::{Session, json::Json};

/// Browsers send so much to its end when the page is left, in bytes for all requests together (Fetch, section 4.6). Half of
/// it, so that one request doesn't keep others from being sent.
const LONGEST_KEPT: usize = 32 * 1024;

/// A server function's own type, which holds its arguments.
pub trait Question: ServerFn<Error = ApiError, Output: DeserializeOwned> + Serialize {}

impl<Q: ServerFn<Error = ApiError, Output: DeserializeOwned> + Serialize> Question for Q {}

/// Whether an answer was taken over, or why not.
pub(super) type Taken = Result<(), ApiError>;

/// Asks the server.
pub async fn ask<Q: Question>(question: &Q) -> Result<Q::Output, ApiError> {
    read(post(Purpose::Question, Q::PATH, arguments(question)).await?)
}

/// Asks the server as who is signed in: that the session is over is noticed.
pub async fn ask_as<Q: Question>(session: Session, question: &Q) -> Result<Q::Output, ApiError> {
    read(post_as(session, Purpose::Question, Q::PATH, arguments(question)).await?)
}

/// Has the server change something as who is signed in.
pub async fn change_as<Q: Question>(session: Session, change: &Q) -> Result<Q::Output, ApiError> {
    read(post_as(session, Purpose::Change, Q::PATH, arguments(change)).await?)
}

/// What is sent for.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Purpose {
    /// To know something, for as long as the page is there.
    Question,
    /// To change something, whether or not the page is left or reloaded meanwhile.
    Change,
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
async fn post(purpose: Purpose, path: &'static str, arguments: String) -> Result<Json, ApiError> {
    let (answered, answer) = fetch(purpose, path, &arguments).await.map_err(|_| ApiError::Offline)?;
    if answered { Ok(answer) } else { Err(read(answer).unwrap_or_else(|error| error)) }
}

/// The same as who is signed in.
pub(super) async fn post_as(
    session: Session,
    purpose: Purpose,
    path: &'static str,
    arguments: String,
) -> Result<Json, ApiError> {
    let asked_as = session.number();
    let answered = post(purpose, path, arguments).await;
    if let Err(error) = &answered {
        session.notice(error, asked_as);
    }
    answered
}

/// Whether the server answered, and with what.
async fn fetch(purpose: Purpose, path: &str, arguments: &str) -> Result<(bool, Json), JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", "application/json")?;
    headers.set("Content-Type", "application/json")?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers_headers(&headers);
    request.set_body(&JsValue::from_str(arguments));
    let kept = purpose == Purpose::Change && arguments.len() <= LONGEST_KEPT;
    js_sys::Reflect::set(&request, &"keepalive".into(), &kept.into())?;
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(path, &request)).await?.dyn_into()?;
    let answer = JsFuture::from(response.json()?).await?;
    Ok((response.ok(), answer.into()))
}
