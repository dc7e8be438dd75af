//! Streamed answers: each event passes as it comes, the end waits for the record.
//!
//! The rule where somebody hangs up: when the client does, the provider's
//! answer is read to its end all the same, within the timeouts, since the
//! provider goes on to charge for it; the call is recorded as interrupted, at
//! the usage that the provider reports. When the provider does, or takes too
//! long, or ends its stream before that is over, the call is recorded as
//! interrupted at what it had reported; where that is nothing, or not all, at
//! an estimate of what was said until then. The client's answer breaks off.

mod progress;
mod read;
mod record;

use std::{borrow::Cow, sync::Arc};

use axum::http::{HeaderValue, Response, header::CONTENT_TYPE};
use bytes::Bytes;
use domain::{calls::Outcome, models::Service};

use self::{progress::Course, read::Fate};
use super::client::Client;
use super::shape::Begun;
use crate::config::GatewayConfig;
use crate::{
    gateway::{
        Gateway,
        call::{Call, End},
        collect::{Next, Pieces},
        endpoint::Dialect,
        estimate::Said,
        headers,
        limits::Reply,
        provider::Provider,
        sse::{Large, Ready, Splitter},
        usage::Reports,
    },
    v1::error::Refusal,
};

/// Passes on a stream, and stores what it used before its end.
pub(in crate::gateway) async fn relay(
    gateway: &Gateway,
    call: &mut Call,
    provider: Arc<Provider>,
    response: Response<Begun>,
    reply: Reply,
) {
    let (mut parts, body) = response.into_parts();
    // Whatever it was called.
    if !headers::is_event_stream(&parts.headers) {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    }
    let mut pieces = Pieces::new(body);
    let status = parts.status;
    let limits = gateway.limits_for(&provider);
    let prompt = std::mem::take(&mut call.memo.prompt);
    let client = Client::new(&call.arrival, &limits, status, parts.headers, reply);
    let mut relay = Relay::new(call, &limits, client);
    let ending = call.lifeline.hold(relay.pass_events(&mut pieces)).await.unwrap_or(Ending::Cut);
    let failure = relay.course.failure().cloned();
    let (outcome, error_code) = match (&ending, failure) {
        (Ending::Cut, _) => (Outcome::Interrupted, Cow::Borrowed(Refusal::cut().code)),
        (_, Some(failure)) => (Outcome::Failed, Cow::Owned(failure.code)),
        (Ending::Broken(code), None) => {
            tracing::warn!(provider = %provider.name, %code, "the provider's stream isn't complete");
            (Outcome::Interrupted, Cow::Borrowed(*code))
        }
        (Ending::Complete { .. }, None) if relay.client.is_gone() => (Outcome::Interrupted, Cow::Borrowed("")),
        (Ending::Complete { .. }, None) => (Outcome::Succeeded, Cow::Borrowed("")),
    };
    relay.note(gateway, &provider).await;
    let end = End {
        provider: Arc::clone(&provider.name),
        status: status.as_u16(),
        outcome,
        streamed: true,
        // An error in place of an answer costs nothing; of one that came later it isn't known.
        free: outcome == Outcome::Failed && relay.said.is_nothing(),
        used: relay.used(prompt, outcome).await,
        first_byte_us: relay.client.first_byte_us,
        error_code,
    };
    let stored = gateway.record(call, end).await;
    match ending {
        Ending::Complete { rest, more } if stored.is_ok() => relay.pass_end(rest, more, &mut pieces).await,
        Ending::Cut => relay.pass_cut(),
        // The answer breaks off here, so that the client doesn't take it for complete.
        Ending::Complete { .. } | Ending::Broken(_) => {}
    }
}

/// How a provider's stream ended.
enum Ending {
    /// All is there; `rest` is held back, and there may be more.
    Complete { rest: Bytes, more: bool },
    /// It broke off or took too long, with the code that says which.
    Broken(&'static str),
    /// The call's key leaked.
    Cut,
}

struct Relay<'a> {
    call: &'a Call,
    limits: &'a GatewayConfig,
    client: Client<'a>,
    /// Whether an event is passing in parts, so that nothing of ours can stand behind it.
    within_event: bool,
    /// What was read of that event.
    large: Large,
    /// An event that may be the last one.
    held: Bytes,
    course: Course,
    reports: Reports,
    said: Said,
    /// What the provider calls its answer.
    id: Option<String>,
}

impl<'a> Relay<'a> {
    fn new(call: &'a Call, limits: &'a GatewayConfig, client: Client<'a>) -> Self {
        Self {
            call,
            limits,
            client,
            within_event: false,
            large: Large::default(),
            held: Bytes::new(),
            course: Course::new(call.arrival.endpoint.service == Service::Chat),
            reports: Reports::default(),
            said: Said::default(),
            id: None,
        }
    }

    /// Passes on all events but the last.
    async fn pass_events(&mut self, pieces: &mut Pieces<Begun>) -> Ending {
        let mut splitter = Splitter::new();
        loop {
            let code = match pieces.next(self.limits.idle_timeout, self.client.deadline()).await {
                Next::Data(chunk) => {
                    if let Some(last) = self.pass(splitter.push(chunk)).await {
                        let rest = [&*last, &*splitter.finish().bytes].concat();
                        return Ending::Complete { rest: rest.into(), more: true };
                    }
                    continue;
                }
                Next::End => {
                    let rest = self.finish(splitter.finish()).await;
                    if self.course.is_over() {
                        return Ending::Complete { rest, more: false };
                    }
                    self.client.send(rest).await;
                    "upstream_error"
                }
                // All that matters is there, however the connection ends.
                Next::TooSlow | Next::Broken if self.course.is_told() => {
                    let rest = self.finish(splitter.finish()).await;
                    return Ending::Complete { rest, more: false };
                }
                Next::TooSlow => "upstream_timeout",
                Next::Broken => "upstream_error",
            };
            let held = std::mem::take(&mut self.held);
            self.client.send(held).await;
            return Ending::Broken(code);
        }
    }

    /// Passes on what is ready; gives back the last event and what came with it, if it was there.
    async fn pass(&mut self, ready: Ready) -> Option<Bytes> {
        let Ready { bytes, parts } = ready;
        self.within_event = parts.last().map_or(self.within_event, |last| !last.ends);
        let mut begin = 0;
        for part in &parts {
            let fate = self.read(&bytes, part).await;
            if !self.held.is_empty() {
                let held = std::mem::take(&mut self.held);
                self.client.send(held).await;
            }
            if fate == Fate::Pass {
                continue;
            }
            self.client.send(bytes.slice(begin..part.place.start)).await;
            begin = part.place.end;
            match fate {
                Fate::Last => return Some(bytes.slice(part.place.start..)),
                Fate::Hold => self.held = bytes.slice(part.place.clone()),
                Fate::Pass | Fate::Withhold => {}
            }
        }
        self.client.send(bytes.slice(begin..)).await;
        None
    }

    /// Reads what is left when no more comes; gives back what is to pass of it.
    async fn finish(&mut self, ready: Ready) -> Bytes {
        let Ready { bytes, parts } = ready;
        let mut withheld = false;
        for part in &parts {
            let fate = self.read(&bytes, part).await;
            withheld |= fate == Fate::Withhold;
            self.course.ends(fate == Fate::Last);
        }
        let rest = if withheld { Bytes::new() } else { bytes };
        match std::mem::take(&mut self.held) {
            held if held.is_empty() => rest,
            held => [held, rest].concat().into(),
        }
    }

    /// Tells the client why its answer ends here.
    fn pass_cut(&mut self) {
        if self.within_event {
            return;
        }
        let arrival = &self.call.arrival;
        let json = Refusal::cut().json_in(arrival.endpoint.dialect, arrival.id);
        let event = match arrival.endpoint.dialect {
            Dialect::OpenAi => format!("data: {json}\n\n"),
            Dialect::Anthropic => format!("event: error\ndata: {json}\n\n"),
        };
        self.client.end_with(event.into());
    }

    /// Passes on what was held back, and whatever comes after it.
    async fn pass_end(&mut self, rest: Bytes, more: bool, pieces: &mut Pieces<Begun>) {
        self.client.send(rest).await;
        let mut more = more;
        while more {
            match pieces.next(self.limits.idle_timeout, self.client.deadline()).await {
                Next::Data(chunk) => self.client.send(chunk).await,
                // All that matters was there, however the connection ends.
                Next::End | Next::TooSlow | Next::Broken => more = false,
            }
        }
        self.client.end().await;
    }
}
