//! Relays answers that aren't JSON, such as audio, pictures and files, piece by piece. The last piece is held
//! back until the call is recorded.
//!
//! If the client disconnects, an answer that costs something is still read to its end, like a
//! stream; a free one isn't.

use std::{borrow::Cow, sync::Arc};

use axum::http::{HeaderValue, Response, header::CONTENT_LENGTH};
use bytes::Bytes;
use domain::calls::{CountSource, Outcome};

use super::{client::ClientStream, json::failed_end, shape::PeekedBody};
use crate::{
    gateway::{
        Gateway,
        call::{CallEnd, GatewayCall},
        collect::{NextPiece, next},
        endpoint::MeteredUnit,
        estimate::{OutputCounter, estimate},
        headers,
        limits::AnswerSender,
        provider::{AnswerHeaders, Provider},
    },
    v1::error::V1Error,
};

/// How a binary answer ended.
enum BinaryEnding {
    Complete(Bytes),
    Broken(&'static str),
}

/// Relays an answer, and records the call before its last piece.
pub(in crate::gateway) async fn relay(
    gateway: &Gateway,
    call: &mut GatewayCall,
    provider: Arc<Provider>,
    response: Response<PeekedBody>,
    reply: AnswerSender,
) {
    let (parts, mut body) = response.into_parts();
    let limits = gateway.limits_for(&provider);
    let AnswerHeaders { length, file_name, .. } = AnswerHeaders::of(&parts.extensions);
    let mut headers = parts.headers;
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers::set_attachment(&mut headers, file_name.as_deref());
    let prompt = std::mem::take(&mut call.context.prompt);
    let mut client = ClientStream::new(&call.arrival, &limits, parts.status, headers, reply);
    let is_free = call.arrival.endpoint.metered_unit == MeteredUnit::Free;
    let relaying = async {
        let mut held_back = Bytes::new();
        loop {
            match next(&mut body, limits.idle_timeout, client.deadline()).await {
                NextPiece::Data(_) if is_free && client.is_gone() => return BinaryEnding::Broken("client_gone"),
                NextPiece::Data(data) => client.send(std::mem::replace(&mut held_back, data)).await,
                NextPiece::End => return BinaryEnding::Complete(held_back),
                NextPiece::TooSlow => return BinaryEnding::Broken("upstream_timeout"),
                NextPiece::Broken => return BinaryEnding::Broken("upstream_error"),
            }
        }
    };
    let ending = call.guard.run(relaying).await.unwrap_or(BinaryEnding::Broken(V1Error::leaked_during_call().code));
    let (outcome, error_code) = match &ending {
        BinaryEnding::Complete(_) if !client.is_gone() => (Outcome::Succeeded, ""),
        BinaryEnding::Complete(_) => (Outcome::Interrupted, ""),
        BinaryEnding::Broken(code) => (Outcome::Interrupted, *code),
    };
    let used = match call.is_estimated() {
        // A binary answer reports no usage, but the request can be counted.
        true => {
            let used = estimate(prompt, OutputCounter::default(), &call.context.bounds).await;
            used.map(|used| (CountSource::Estimated, used))
        }
        false => None,
    };
    let end = CallEnd {
        outcome,
        streamed: true,
        used,
        first_byte_us: client.first_byte_us,
        error_code: Cow::Borrowed(error_code),
        ..failed_end(&provider, parts.status)
    };
    let stored = gateway.record(call, end).await;
    if let (Ok(()), BinaryEnding::Complete(held_back)) = (stored, ending) {
        client.send(held_back).await;
        client.end().await;
    }
}
