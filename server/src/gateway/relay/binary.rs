//! Answers that aren't JSON, such as sound, pictures and files: passed on as they arrive, and never kept as a whole. The
//! last piece waits for the record.
//!
//! Where the client hangs up, what costs something is read to its end all the same, as streams are; what doesn't isn't.

use std::{borrow::Cow, sync::Arc};

use axum::http::{HeaderValue, Response, header::CONTENT_LENGTH};
use bytes::Bytes;
use domain::calls::{Measured, Outcome};

use super::{client::Client, json::failed, shape::Begun};
use crate::{
    gateway::{
        Gateway,
        call::{Call, End},
        collect::{Next, next},
        endpoint::Counts,
        estimate::{Said, estimate},
        headers,
        limits::Reply,
        provider::{Provider, Told},
    },
    v1::error::Refusal,
};

/// How such an answer ended.
enum Ending {
    Complete(Bytes),
    Broken(&'static str),
}

/// Passes on an answer, and stores the call before its last piece.
pub(in crate::gateway) async fn relay(
    gateway: &Gateway,
    call: &mut Call,
    provider: Arc<Provider>,
    response: Response<Begun>,
    reply: Reply,
) {
    let (parts, mut body) = response.into_parts();
    let limits = gateway.limits_for(&provider);
    let Told { length, file_name, .. } = Told::of(&parts.extensions);
    let mut headers = parts.headers;
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers::attach(&mut headers, file_name.as_deref());
    let prompt = std::mem::take(&mut call.memo.prompt);
    let mut client = Client::new(&call.arrival, &limits, parts.status, headers, reply);
    let is_free = call.arrival.endpoint.counts == Counts::Free;
    let pass = async {
        let mut held = Bytes::new();
        loop {
            match next(&mut body, limits.idle_timeout, client.deadline()).await {
                Next::Data(_) if is_free && client.is_gone() => return Ending::Broken("client_gone"),
                Next::Data(data) => client.send(std::mem::replace(&mut held, data)).await,
                Next::End => return Ending::Complete(held),
                Next::TooSlow => return Ending::Broken("upstream_timeout"),
                Next::Broken => return Ending::Broken("upstream_error"),
            }
        }
    };
    let ending = call.lifeline.hold(pass).await.unwrap_or(Ending::Broken(Refusal::cut().code));
    let (outcome, error_code) = match &ending {
        Ending::Complete(_) if !client.is_gone() => (Outcome::Succeeded, ""),
        Ending::Complete(_) => (Outcome::Interrupted, ""),
        Ending::Broken(code) => (Outcome::Interrupted, *code),
    };
    let used = match call.is_estimated() {
        // Nothing in such an answer reports anything; what was asked can be counted.
        true => estimate(prompt, Said::default()).await.map(|used| (Measured::Estimated, used)),
        false => None,
    };
    let end = End {
        outcome,
        streamed: true,
        used,
        first_byte_us: client.first_byte_us,
        error_code: Cow::Borrowed(error_code),
        ..failed(&provider, parts.status)
    };
    let stored = gateway.record(call, end).await;
    if let (Ok(()), Ending::Complete(held)) = (stored, ending) {
        client.send(held).await;
        client.end().await;
    }
}
