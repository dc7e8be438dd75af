//! Records the end of calls: in the journal, and for `/metrics`.

use std::time::Duration;

use services::{ServiceResult, Services};
use tokio::time::Instant;

use super::{
    Gateway,
    bodies::BodyWriter,
    breaker::BreakerState,
    call::{CallEnd, GatewayCall},
};
use crate::metrics::{DatabaseCounts, EndedCall, JobStatus, Metrics, ScrapeState};

impl Gateway {
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Records the end of a call durably, and counts it for the metrics.
    pub(super) async fn record(&self, call: &GatewayCall, end: CallEnd) -> ServiceResult<()> {
        // The answer ends now, unless its end was marked before.
        call.timing.answered();
        let (provider, outcome, status) = (end.provider.clone(), end.outcome, end.status);
        let first_token = end.first_byte_us.filter(|_| end.streamed).and_then(|us| u64::try_from(us).ok());
        let record = call.record(end);
        let stored = call.guard.settle(self.services.now(), record).await;
        let shares = call.timing.divide(call.arrival.instant, Instant::now());
        let has_provider = !provider.is_empty();
        self.metrics.record_call(&EndedCall {
            endpoint: call.arrival.endpoint.path,
            model: &call.offer.name,
            provider: &provider,
            outcome: outcome.name(),
            upstream: shares.upstream.filter(|_| has_provider),
            first_token: first_token.map(Duration::from_micros),
            added: shares.added,
        });
        tracing::debug!(%provider, %outcome, status, added = ?shares.added, "the call is over");
        stored
    }

    /// The metrics of this server in Prometheus' text format.
    pub(crate) fn metrics_text(&self, counts: &DatabaseCounts) -> Result<String, prometheus::Error> {
        let offers = self.offers();
        let now = Instant::now();
        let breakers = offers.providers().map(|provider| (&*provider.name, name(provider.breaker.state(now))));
        let now = ScrapeState {
            running: *self.calls.borrow(),
            meter: self.meter.status(),
            breakers: breakers.collect(),
            security: self.services.security(),
            jobs: JobStatus { now: self.services.now(), counts: &counts.jobs, metrics: self.services.job_metrics() },
            migrations: &counts.migrations,
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

/// Creates the metrics, and the body writer with its counters among them.
pub(super) fn new_metrics(services: &Services) -> Result<(Metrics, BodyWriter), prometheus::Error> {
    let metrics = Metrics::new()?;
    let stored =
        metrics.counter("tollhouse_bodies_stored_total", "Calls whose request and response bodies were stored.")?;
    let dropped = metrics.counter(
        "tollhouse_bodies_left_out_total",
        "Calls of which it isn't, since there was no room or the database was slow.",
    )?;
    let writer = BodyWriter::start(services, stored, dropped);
    Ok((metrics, writer))
}
