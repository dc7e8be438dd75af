//! Relays streams of server-sent events one by one; the last is held back until the call is recorded.
//!
//! If the client disconnects, the provider's answer is still read to its end, within the timeouts, since the
//! provider goes on to charge for it; the call is recorded as interrupted, with the usage that the provider
//! reports. If the provider disconnects, takes too long, or ends its stream early, the call is recorded as
//! interrupted with the usage reported so far; if there is none, or only a part, with an estimate of the
//! output until then; the client's answer breaks off too.

mod progress;
mod read;
mod record;

use std::{borrow::Cow, sync::Arc};

use axum::http::{HeaderValue, Response, header::CONTENT_TYPE};
use bytes::Bytes;
use domain::{calls::Outcome, models::Service};

use self::{progress::StreamProgress, read::EventDisposition};
use super::{client::ClientStream, shape::PeekedBody};
use crate::{
    config::GatewayConfig,
    gateway::{
        Gateway,
        call::{CallEnd, GatewayCall},
        collect::{NextPiece, PieceReader},
        estimate::OutputCounter,
        headers,
        limits::AnswerSender,
        provider::Provider,
        sse::{LargeEvent, ReadyEvents, Splitter},
        usage::UsageReports,
    },
    v1::{dialect::Dialect, error::V1Error},
};

/// Relays a stream, and records its usage before its end.
pub(in crate::gateway) async fn relay(
    gateway: &Gateway,
    call: &mut GatewayCall,
    provider: Arc<Provider>,
    response: Response<PeekedBody>,
    reply: AnswerSender,
) {
    let (mut parts, body) = response.into_parts();
    // The provider may have labeled the stream as something else.
    if !headers::is_event_stream(&parts.headers) {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    }
    let mut pieces = PieceReader::new(body);
    let status = parts.status;
    let limits = gateway.limits_for(&provider);
    let prompt = std::mem::take(&mut call.context.prompt);
    let client = ClientStream::new(&call.arrival, &limits, status, parts.headers, reply);
    let mut relay = EventRelay::new(call, &limits, client);
    let ending = call.guard.run(relay.pass_events(&mut pieces)).await.unwrap_or(StreamEnding::KeyLeaked);
    let failure = relay.progress.failure().cloned();
    let (outcome, error_code) = match (&ending, failure) {
        (StreamEnding::KeyLeaked, _) => (Outcome::Interrupted, Cow::Borrowed(V1Error::leaked_during_call().code)),
        (_, Some(failure)) => (Outcome::Failed, Cow::Owned(failure.code)),
        (StreamEnding::Broken(code), None) => {
            tracing::warn!(provider = %provider.name, %code, "the provider's stream isn't complete");
            (Outcome::Interrupted, Cow::Borrowed(*code))
        }
        (StreamEnding::Complete { .. }, None) if relay.client.is_gone() => (Outcome::Interrupted, Cow::Borrowed("")),
        (StreamEnding::Complete { .. }, None) => (Outcome::Succeeded, Cow::Borrowed("")),
    };
    relay.remember_object(gateway, &provider).await;
    let end = CallEnd {
        provider: Arc::clone(&provider.name),
        status: status.as_u16(),
        outcome,
        streamed: true,
        // An error in place of an answer costs nothing; the cost of a later one isn't known.
        free: outcome == Outcome::Failed && relay.output.is_empty(),
        used: relay.used(prompt, outcome).await,
        first_byte_us: relay.client.first_byte_us,
        error_code,
    };
    let stored = gateway.record(call, end).await;
    match ending {
        StreamEnding::Complete { rest, more } if stored.is_ok() => relay.pass_end(rest, more, &mut pieces).await,
        StreamEnding::KeyLeaked => relay.send_leak_error(),
        // Breaks off, so that the client doesn't take the answer for complete.
        StreamEnding::Complete { .. } | StreamEnding::Broken(_) => {}
    }
}

/// How a provider's stream ended.
enum StreamEnding {
    /// Complete; `rest` is held back, and `more` may follow.
    Complete { rest: Bytes, more: bool },
    /// Broken off or timed out, with the error code.
    Broken(&'static str),
    /// The call's key leaked.
    KeyLeaked,
}

/// A stream on its way from a provider to a client.
struct EventRelay<'a> {
    call: &'a GatewayCall,
    limits: &'a GatewayConfig,
    client: ClientStream<'a>,
    /// Whether a large event has been sent in part, so that no event of ours can follow it.
    is_inside_event: bool,
    /// The parts of that event so far.
    large_event: LargeEvent,
    /// An event that may be the last one.
    held_back: Bytes,
    progress: StreamProgress,
    reports: UsageReports,
    output: OutputCounter,
    /// The provider's id of the answer.
    id: Option<String>,
}

impl<'a> EventRelay<'a> {
    fn new(call: &'a GatewayCall, limits: &'a GatewayConfig, client: ClientStream<'a>) -> Self {
        Self {
            call,
            limits,
            client,
            is_inside_event: false,
            large_event: LargeEvent::default(),
            held_back: Bytes::new(),
            progress: StreamProgress::new(call.arrival.endpoint.service == Service::Chat),
            reports: UsageReports::default(),
            output: OutputCounter::default(),
            id: None,
        }
    }

    /// Relays all events but the last.
    async fn pass_events(&mut self, pieces: &mut PieceReader<PeekedBody>) -> StreamEnding {
        let mut splitter = Splitter::new();
        loop {
            let code = match pieces.next(self.limits.idle_timeout, self.client.deadline()).await {
                NextPiece::Data(chunk) => {
                    if let Some(last) = self.pass_ready(splitter.push(chunk)).await {
                        let rest = [&*last, &*splitter.finish().bytes].concat();
                        return StreamEnding::Complete { rest: rest.into(), more: true };
                    }
                    continue;
                }
                NextPiece::End => {
                    let rest = self.finish(splitter.finish()).await;
                    if self.progress.is_complete() {
                        return StreamEnding::Complete { rest, more: false };
                    }
                    self.client.send(rest).await;
                    "upstream_error"
                }
                // The stream is complete, however the connection ends.
                NextPiece::TooSlow | NextPiece::Broken if self.progress.has_ended() => {
                    let rest = self.finish(splitter.finish()).await;
                    return StreamEnding::Complete { rest, more: false };
                }
                NextPiece::TooSlow => "upstream_timeout",
                NextPiece::Broken => "upstream_error",
            };
            let held_back = std::mem::take(&mut self.held_back);
            self.client.send(held_back).await;
            return StreamEnding::Broken(code);
        }
    }

    /// Relays complete events; returns the last one and the bytes after it, once it has arrived.
    async fn pass_ready(&mut self, ready: ReadyEvents) -> Option<Bytes> {
        let ReadyEvents { bytes, parts } = ready;
        self.is_inside_event = parts.last().map_or(self.is_inside_event, |last| !last.is_end);
        let mut start = 0;
        for part in &parts {
            let disposition = self.read(&bytes, part).await;
            if !self.held_back.is_empty() {
                let held_back = std::mem::take(&mut self.held_back);
                self.client.send(held_back).await;
            }
            if disposition == EventDisposition::Pass {
                continue;
            }
            self.client.send(bytes.slice(start..part.range.start)).await;
            start = part.range.end;
            match disposition {
                EventDisposition::Last => return Some(bytes.slice(part.range.start..)),
                EventDisposition::Hold => self.held_back = bytes.slice(part.range.clone()),
                EventDisposition::Pass | EventDisposition::Withhold => {}
            }
        }
        self.client.send(bytes.slice(start..)).await;
        None
    }

    /// Reads the remaining bytes of a stream that has ended; returns those that are to be sent.
    async fn finish(&mut self, ready: ReadyEvents) -> Bytes {
        let ReadyEvents { bytes, parts } = ready;
        let mut withheld = false;
        for part in &parts {
            let disposition = self.read(&bytes, part).await;
            withheld |= disposition == EventDisposition::Withhold;
            self.progress.record_end(disposition == EventDisposition::Last);
        }
        let rest = if withheld { Bytes::new() } else { bytes };
        match std::mem::take(&mut self.held_back) {
            held_back if held_back.is_empty() => rest,
            held_back => [held_back, rest].concat().into(),
        }
    }

    /// Sends the error of a leaked key to the client.
    fn send_leak_error(&mut self) {
        if self.is_inside_event {
            return;
        }
        let arrival = &self.call.arrival;
        let json = V1Error::leaked_during_call().json_in(arrival.endpoint.dialect, arrival.id);
        let event = match arrival.endpoint.dialect {
            Dialect::OpenAi => format!("data: {json}\n\n"),
            Dialect::Anthropic => format!("event: error\ndata: {json}\n\n"),
        };
        self.client.end_with(event.into());
    }

    /// Sends the held-back bytes, then relays everything that follows.
    async fn pass_end(&mut self, rest: Bytes, more: bool, pieces: &mut PieceReader<PeekedBody>) {
        self.client.send(rest).await;
        let mut more = more;
        while more {
            match pieces.next(self.limits.idle_timeout, self.client.deadline()).await {
                NextPiece::Data(chunk) => self.client.send(chunk).await,
                // The stream was complete, however the connection ends.
                NextPiece::End | NextPiece::TooSlow | NextPiece::Broken => more = false,
            }
        }
        self.client.end().await;
    }
}
