//! Streamed answers: each event passes as it comes, the end waits for the record.
//!
//! The rule where somebody hangs up: when the client does, the provider's
//! answer is read to its end all the same, within the timeouts, since the
//! provider goes on to charge for it; the call is recorded as interrupted, at
//! the usage that the provider reports. When the provider does, or takes too
//! long, the call is recorded as interrupted at what it had reported, which
//! usually is nothing: then tokens and cost are unknown, not zero.

mod passed;

use std::{borrow::Cow, sync::Arc};

use axum::{body::Body, http::Response};
use bytes::Bytes;
use domain::{calls::Outcome, money::Quantities};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use self::passed::{Passed, Piece};
use super::{
    Gateway,
    call::{Call, End},
    collect::{Next, next},
    forward::Reply,
    headers,
    provider::{BrokenOff, Provider, ProviderBody},
    refusal::Refusal,
    sse::{Event, Ready, Splitter, data},
    usage::Reported,
};
use crate::config::GatewayConfig;

/// How many pieces may wait for a slow client.
const WAITING: usize = 32;

/// Passes on a stream, and stores what it used before its end.
pub(super) async fn relay(
    gateway: &Gateway,
    call: Call,
    provider: Arc<Provider>,
    response: Response<ProviderBody>,
    wants_usage_chunk: bool,
    reply: Reply,
) {
    let (parts, mut body) = response.into_parts();
    let status = parts.status;
    let (pieces, passed_on) = mpsc::channel(WAITING);
    let mut answer = Response::new(Body::new(Passed::new(passed_on)));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers::for_client(parts.headers);
    // Where the client has gone already, the other end of `pieces` goes with the answer.
    let _ = reply.send(answer);

    let mut relay = Relay {
        call: &call,
        limits: &gateway.limits,
        client: Some(pieces),
        wants_usage_chunk,
        within_event: false,
        used: None,
        error_code: None,
        first_byte_us: None,
    };
    let ending = call.lifeline.hold(relay.pass_events(&mut body)).await.unwrap_or(Ending::Cut);
    let complete = matches!(ending, Ending::Complete { .. });
    let outcome = match &relay.error_code {
        _ if !complete || relay.client_is_gone() => Outcome::Interrupted,
        None if status.is_success() => Outcome::Succeeded,
        _ => Outcome::Failed,
    };
    let error_code = match (&ending, relay.error_code.take()) {
        (Ending::Broken(code), _) => Cow::Borrowed(*code),
        (Ending::Cut, _) => Cow::Borrowed(Refusal::cut().code),
        (Ending::Complete { .. }, Some(code)) => Cow::Owned(code),
        (Ending::Complete { .. }, None) => Cow::Borrowed(""),
    };
    let end = End {
        provider: Arc::clone(&provider.name),
        status: status.as_u16(),
        outcome,
        streamed: true,
        used: relay.used,
        free: !status.is_success(),
        first_byte_us: relay.first_byte_us,
        error_code,
    };
    let stored = gateway.meter.record(call.record(end)).await;
    match ending {
        Ending::Complete { rest, more } if stored.is_ok() => relay.pass_end(rest, more, &mut body).await,
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
enum Fate {
    Pass,
    /// Nobody asked for it but us.
    Withhold,
    /// The last one: it goes on when the call is stored.
    Last,
}

struct Relay<'a> {
    call: &'a Call,
    limits: &'a GatewayConfig,
    /// `None` once it is known that it has gone.
    client: Option<mpsc::Sender<Piece>>,
    wants_usage_chunk: bool,
    /// Whether an event is passing piece by piece, so that nothing of ours can stand behind it.
    within_event: bool,
    used: Option<Quantities>,
    error_code: Option<String>,
    first_byte_us: Option<i64>,
}

impl Relay<'_> {
    fn deadline(&self) -> Instant {
        self.call.arrival.instant + self.limits.total_timeout
    }

    fn client_is_gone(&self) -> bool {
        self.client.as_ref().is_none_or(mpsc::Sender::is_closed)
    }

    /// Passes on all events but the last.
    async fn pass_events(&mut self, body: &mut ProviderBody) -> Ending {
        let mut splitter = Splitter::new();
        loop {
            match next(body, self.limits.idle_timeout, self.deadline()).await {
                Next::Data(chunk) => {
                    if let Some(last) = self.pass(splitter.push(chunk)).await {
                        let rest = [&*last, &*splitter.finish().bytes].concat();
                        return Ending::Complete { rest: rest.into(), more: true };
                    }
                }
                Next::End => {
                    let Ready { bytes, events } = splitter.finish();
                    let withheld = events.iter().any(|event| matches!(self.read(&bytes, event), Fate::Withhold));
                    let rest = if withheld { Bytes::new() } else { bytes };
                    return Ending::Complete { rest, more: false };
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
            match self.read(&bytes, event) {
                Fate::Pass => {}
                Fate::Withhold => {
                    self.send(bytes.slice(begin..event.place.start)).await;
                    begin = event.place.end;
                }
                Fate::Last => {
                    self.send(bytes.slice(begin..event.place.start)).await;
                    return Some(bytes.slice(event.place.start..));
                }
            }
        }
        self.send(bytes.slice(begin..)).await;
        None
    }

    fn read(&mut self, bytes: &Bytes, event: &Event) -> Fate {
        let Some(data) = data(&bytes[event.place.clone()]).filter(|_| event.whole) else { return Fate::Pass };
        if data.trim_ascii() == b"[DONE]" {
            return Fate::Last;
        }
        let reported = Reported::read(&data);
        // Some providers count up in every chunk: the last count is the one that holds.
        self.used = reported.used.or(self.used);
        self.error_code = reported.error_code.or(self.error_code.take());
        if reported.only_usage && !self.wants_usage_chunk { Fate::Withhold } else { Fate::Pass }
    }

    async fn send(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        if self.first_byte_us.is_none() {
            self.first_byte_us = Some(self.call.arrival.elapsed_us());
        }
        self.give(Piece::Data(bytes)).await;
    }

    /// Hands a piece to the client, who may keep it waiting, but not for ever.
    async fn give(&mut self, piece: Piece) {
        let Some(client) = &self.client else { return };
        let patience = self.deadline().min(Instant::now() + self.limits.idle_timeout);
        if !matches!(timeout_at(patience, client.send(piece)).await, Ok(Ok(()))) {
            self.client = None;
        }
    }

    /// Tells the client why its answer ends here. One who reads so slowly that much waits for it already isn't waited for.
    fn pass_cut(&mut self) {
        let Some(client) = self.client.take().filter(|_| !self.within_event) else { return };
        let event = format!("data: {}\n\n", Refusal::cut().json());
        if client.try_send(Piece::Data(event.into())).is_ok() {
            let _ = client.try_send(Piece::End);
        }
    }

    /// Passes on what was held back, and whatever comes after it.
    async fn pass_end(&mut self, rest: Bytes, more: bool, body: &mut ProviderBody) {
        self.send(rest).await;
        let mut more = more;
        while more {
            match next(body, self.limits.idle_timeout, self.deadline()).await {
                Next::Data(chunk) => self.send(chunk).await,
                Next::End => more = false,
                Next::TooSlow | Next::Broken => return,
            }
        }
        self.give(Piece::End).await;
    }
}
