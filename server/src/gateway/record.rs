//! What of each call is counted for `/metrics`.

use std::time::Duration;

use domain::calls::Measured;
use services::{ServiceResult, Services};
use tokio::time::Instant;

use super::{
    Gateway,
    bodies::Writer,
    breaker::BreakerState,
    call::{Call, End},
};
use crate::metrics::{Ended, Metrics, Now};

impl Gateway {
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Keeps how a call ended; what is told of it then is durable. Counts it as well.
    pub(super) async fn record(&self, call: &Call, end: End) -> ServiceResult<()> {
        // Where nobody said so before, the answer ended just now.
        call.timing.answered();
        let (provider, outcome, status) = (end.provider.clone(), end.outcome, end.status);
        let first_token = end.first_byte_us.filter(|_| end.streamed).and_then(|us| u64::try_from(us).ok());
        let record = call.record(end);
        if let (Some(permit), true) = (&call.permit, record.measured != Measured::Unknown) {
            let tokens = record.used.tokens_in.saturating_add(record.used.tokens_out);
            permit.settle(self.services.now(), tokens.unsigned_abs());
        }
        let stored = self.meter.record(record).await;
        let divided = call.timing.divide(call.arrival.instant, Instant::now());
        let known = !provider.is_empty();
        self.metrics.ended(&Ended {
            endpoint: call.arrival.endpoint.path,
            model: &call.offer.name,
            provider: &provider,
            outcome: outcome.name(),
            upstream: divided.upstream.filter(|_| known),
            first_token: first_token.map(Duration::from_micros),
            added: divided.added,
        });
        tracing::debug!(%provider, %outcome, status, added = ?divided.added, "the call is over");
        stored
    }

    /// The figures of this server, in Prometheus' text format.
    pub(crate) fn metrics_text(&self) -> Result<String, prometheus::Error> {
        let offers = self.offers();
        let now = Instant::now();
        let breakers = offers.providers().map(|provider| (&*provider.name, name(provider.breaker.state(now))));
        let now = Now {
            running: *self.calls.borrow(),
            meter: self.meter.status(),
            breakers: breakers.collect(),
            security: self.services.security(),
        };
        self.metrics.text(&now)
    }
}

const fn name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::HalfOpen => "half_open",
        BreakerState::Open => "open",
    }
}

/// The metrics, and the writer of bodies, which counts by itself.
pub(super) fn counted(services: &Services) -> Result<(Metrics, Writer), prometheus::Error> {
    let metrics = Metrics::new()?;
    let stored = metrics.counter("tollhouse_bodies_stored_total", "Calls of which it is kept what was said.")?;
    let left_out = metrics.counter(
        "tollhouse_bodies_left_out_total",
        "Calls of which it isn't, since there was no room or the database was slow.",
    )?;
    let writer = Writer::start(services, stored, left_out);
    Ok((metrics, writer))
}
