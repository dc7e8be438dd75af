//! Streamed answers: each event passes as it comes, the end waits for the record.
//!
//! The rule where somebody hangs up: when the client does, the provider's
//! answer is read to its end all the same, within the timeouts, since the
//! provider goes on to charge for it; the call is recorded as interrupted, at
//! the usage that the provider reports. When the provider does, or takes too
//! long, the call is recorded as interrupted at what it had reported; where
//! that is nothing, or not all, at an estimate of what was said until then.

mod client;
mod passed;
mod record;

use std::{borrow::Cow, sync::Arc};

use axum::http::Response;
use bytes::Bytes;
use domain::calls::Outcome;

pub(super) use self::client::Client;
use super::{
    Gateway,
    call::{Call, End},
    collect::{Next, Pieces},
    endpoint::Dialect,
    estimate::Said,
    headers,
    limits::Reply,
    provider::{BrokenOff, Provider, ProviderBody, Told},
    refusal::Refusal,
    sse::{Event, Ready, Splitter, data},
    usage::{EventKind, Reported, Reports},
};
use crate::config::GatewayConfig;

/// Whether an answer is one: it succeeded, and a stream was asked for.
pub(super) fn is_for(call: &Call, response: &Response<ProviderBody>) -> bool {
    response.status().is_success()
        && call.memo.may_stream
        && headers::is_event_stream(response.headers())
        && !Told::of(response.extensions()).encoded
}

/// Passes on a stream, and stores what it used before its end.
pub(super) async fn relay(
    gateway: &Gateway,
    call: &mut Call,
    provider: Arc<Provider>,
    response: Response<ProviderBody>,
    reply: Reply,
) {
    let (parts, body) = response.into_parts();
    let mut pieces = Pieces::new(body);
    let status = parts.status;
    let limits = gateway.limits_for(&provider);
    let prompt = std::mem::take(&mut call.memo.prompt);
    let client = Client::new(&call.arrival, &limits, status, parts.headers, reply);
    let mut relay = Relay::new(call, &limits, client);
    let ending = call.lifeline.hold(relay.pass_events(&mut pieces)).await.unwrap_or(Ending::Cut);
    let complete = matches!(ending, Ending::Complete { .. });
    let outcome = match &relay.error_code {
        _ if !complete || relay.client.is_gone() => Outcome::Interrupted,
        None if status.is_success() => Outcome::Succeeded,
        _ => Outcome::Failed,
    };
    let error_code = match (&ending, relay.error_code.take()) {
        (Ending::Broken(code), _) => Cow::Borrowed(*code),
        (Ending::Cut, _) => Cow::Borrowed(Refusal::cut().code),
        (Ending::Complete { .. }, Some(code)) => Cow::Owned(code),
        (Ending::Complete { .. }, None) => Cow::Borrowed(""),
    };
    if status.is_success() {
        relay.note(gateway, &provider).await;
    }
    let end = End {
        provider: Arc::clone(&provider.name),
        status: status.as_u16(),
        outcome,
        streamed: true,
        used: relay.used(prompt, outcome).await,
        free: !status.is_success(),
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

/// What to do with an event.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Fate {
    Pass,
    /// Nobody asked for it but us.
    Withhold,
    /// It may be the last one: it goes on with the next, or at the end.
    Hold,
    /// The last one: it goes on when the call is stored.
    Last,
}

struct Relay<'a> {
    call: &'a Call,
    limits: &'a GatewayConfig,
    client: Client<'a>,
    /// Whether an event is passing piece by piece, so that nothing of ours can stand behind it.
    within_event: bool,
    /// An event that may be the last one.
    held: Bytes,
    reports: Reports,
    said: Said,
    /// What the provider calls its answer.
    id: Option<String>,
    error_code: Option<String>,
}

impl<'a> Relay<'a> {
    fn new(call: &'a Call, limits: &'a GatewayConfig, client: Client<'a>) -> Self {
        Self {
            call,
            limits,
            client,
            within_event: false,
            held: Bytes::new(),
            reports: Reports::default(),
            said: Said::default(),
            id: None,
            error_code: None,
        }
    }

    /// Passes on all events but the last.
    async fn pass_events(&mut self, pieces: &mut Pieces<ProviderBody>) -> Ending {
        let mut splitter = Splitter::new();
        loop {
            match pieces.next(self.limits.idle_timeout, self.client.deadline()).await {
                Next::Data(chunk) => {
                    if let Some(last) = self.pass(splitter.push(chunk)).await {
                        let rest = [&*last, &*splitter.finish().bytes].concat();
                        return Ending::Complete { rest: rest.into(), more: true };
                    }
                }
                Next::End => {
                    let Ready { bytes, events } = splitter.finish();
                    let mut withheld = false;
                    for event in &events {
                        withheld |= self.read(&bytes, event).await == Fate::Withhold;
                    }
                    let rest = if withheld { Bytes::new() } else { bytes };
                    let rest = [std::mem::take(&mut self.held), rest].concat();
                    return Ending::Complete { rest: rest.into(), more: false };
                }
                Next::TooSlow => return Ending::Broken("upstream_timeout"),
                Next::Broken => return Ending::Broken("upstream_error"),
            }
        }
    }

    /// Passes on what is ready; gives back the last event and what came with it, if it was there.
    async fn pass(&mut self, ready: Ready) -> Option<Bytes> {
        let Ready { bytes, events } = ready;
        self.within_event = events.last().map_or(self.within_event, |last| !last.whole);
        let mut begin = 0;
        for event in &events {
            let fate = self.read(&bytes, event).await;
            if !self.held.is_empty() {
                let held = std::mem::take(&mut self.held);
                self.client.send(held).await;
            }
            if fate == Fate::Pass {
                continue;
            }
            self.client.send(bytes.slice(begin..event.place.start)).await;
            begin = event.place.end;
            match fate {
                Fate::Last => return Some(bytes.slice(event.place.start..)),
                Fate::Hold => self.held = bytes.slice(event.place.clone()),
                Fate::Pass | Fate::Withhold => {}
            }
        }
        self.client.send(bytes.slice(begin..)).await;
        None
    }

    async fn read(&mut self, bytes: &Bytes, event: &Event) -> Fate {
        let Some(data) = data(&bytes[event.place.clone()]).filter(|_| event.whole) else { return Fate::Pass };
        if data.trim_ascii() == b"[DONE]" {
            return Fate::Last;
        }
        let reported = Reported::read(&data);
        if self.id.is_none() && self.call.memo.stores {
            self.id = reported.id();
        }
        self.reports.then(reported.reports);
        self.error_code = reported.error_code.or(self.error_code.take());
        match reported.kind {
            _ if reported.only_usage && self.call.memo.withholds_usage_chunk => Fate::Withhold,
            EventKind::Content => {
                self.said.take(&data).await;
                Fate::Pass
            }
            EventKind::Other => Fate::Pass,
            EventKind::PerhapsLast => Fate::Hold,
            EventKind::Last => Fate::Last,
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
    async fn pass_end(&mut self, rest: Bytes, more: bool, pieces: &mut Pieces<ProviderBody>) {
        self.client.send(rest).await;
        let mut more = more;
        while more {
            match pieces.next(self.limits.idle_timeout, self.client.deadline()).await {
                Next::Data(chunk) => self.client.send(chunk).await,
                Next::End => more = false,
                Next::TooSlow | Next::Broken => return,
            }
        }
        self.client.end().await;
    }
}
