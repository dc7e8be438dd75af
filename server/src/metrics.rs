//! What the server counts and measures of itself, for Prometheus.
//!
//! Labels are names from the configuration and from this code, never from a
//! request, so that nobody outside can make more series; keys, organizations
//! and projects aren't among them: those figures are in Usage.

mod page;
mod scrape;

use std::{sync::Mutex, time::Duration};

use prometheus::{
    Error, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector,
};

pub(crate) use page::show;
pub(crate) use scrape::Now;

/// What a provider takes: from an answer of a cache to a long answer that isn't streamed. Seconds.
const UPSTREAM: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0];
/// What Tollhouse takes itself: from a tenth of a millisecond to a disk that stands still. Seconds.
const ADDED: &[f64] = &[0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// One for each server.
pub(crate) struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    refusals: IntCounterVec,
    attempts: IntCounterVec,
    upstream: HistogramVec,
    first_token: HistogramVec,
    added: Histogram,
    reloads: IntCounterVec,
    security: IntCounterVec,
    /// Held while somebody asks, so that what is counted elsewhere isn't added twice.
    asking: Mutex<()>,
    /// Told by others when somebody asks.
    gauges: Gauges,
}

struct Gauges {
    running: IntGauge,
    waiting: IntGauge,
    oldest: prometheus::Gauge,
    journal: IntGauge,
    set_aside: IntGauge,
    refusing: IntGauge,
    breakers: IntGaugeVec,
}

/// A call that is over, as it is counted.
pub(crate) struct Ended<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) model: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) outcome: &'static str,
    /// From the moment the provider was asked to the end of its answer; `None` where none was asked.
    pub(crate) upstream: Option<Duration>,
    /// From the call's arrival to the first piece of a streamed answer.
    pub(crate) first_token: Option<Duration>,
    /// What was spent here, neither waiting for the provider nor for the client's body.
    pub(crate) added: Duration,
}

impl Metrics {
    /// Fails only where a name is wrong, which a test would have found.
    pub(crate) fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let build = added(
            &registry,
            IntGauge::with_opts(
                Opts::new("tollhouse_build_info", "Always 1; the label says which version runs.")
                    .const_label("version", env!("CARGO_PKG_VERSION")),
            )?,
        )?;
        build.set(1);
        let gauge = |name: &str, help: &str| added(&registry, IntGauge::with_opts(Opts::new(name, help))?);
        let counters = |name: &str, help: &str, labels: &[&str]| {
            added(&registry, IntCounterVec::new(Opts::new(name, help), labels)?)
        };
        let times = |name: &str, help: &str| HistogramOpts::new(name, help).buckets(UPSTREAM.to_vec());
        let oldest =
            Opts::new("tollhouse_meter_oldest_waiting_seconds", "Age of the oldest call that isn't stored yet.");
        let breakers =
            Opts::new("tollhouse_provider_breaker_state", "1 for the state that a provider's breaker is in.");
        let gauges = Gauges {
            running: gauge("tollhouse_calls_running", "Calls under way.")?,
            waiting: gauge("tollhouse_meter_waiting_calls", "Calls that are over and not yet in the database.")?,
            oldest: added(&registry, prometheus::Gauge::with_opts(oldest)?)?,
            journal: gauge("tollhouse_meter_journal_bytes", "Size of the meter's journal.")?,
            set_aside: gauge("tollhouse_meter_set_aside_calls", "Calls that the database refused for themselves.")?,
            refusing: gauge("tollhouse_meter_refusing", "1 while new calls are refused since the journal is full.")?,
            breakers: added(&registry, IntGaugeVec::new(breakers, &["provider", "state"])?)?,
        };
        let added_time = HistogramOpts::new(
            "tollhouse_added_seconds",
            "Time of a call in Tollhouse, without waiting for the provider or for the client's body.",
        );
        let first_token =
            times("tollhouse_first_token_seconds", "From a call's arrival to the first piece of its stream.");
        let upstream = times("tollhouse_upstream_seconds", "From asking a provider to the end of its answer.");
        Ok(Self {
            calls: counters(
                "tollhouse_calls_total",
                "Calls that were forwarded and are over.",
                &["endpoint", "model", "provider", "outcome"],
            )?,
            refusals: counters(
                "tollhouse_refusals_total",
                "Requests that weren't forwarded, by error code.",
                &["code"],
            )?,
            attempts: counters(
                "tollhouse_upstream_attempts_total",
                "What came of asking a provider.",
                &["provider", "result"],
            )?,
            upstream: added(&registry, HistogramVec::new(upstream, &["provider"])?)?,
            first_token: added(&registry, HistogramVec::new(first_token, &["model"])?)?,
            added: added(&registry, Histogram::with_opts(added_time.buckets(ADDED.to_vec()))?)?,
            reloads: counters(
                "tollhouse_config_reloads_total",
                "How often the configuration was read anew.",
                &["result"],
            )?,
            security: counters(
                "tollhouse_security_events_total",
                "What somebody tried who may not, by kind.",
                &["kind"],
            )?,
            asking: Mutex::default(),
            gauges,
            registry,
        })
    }

    pub(crate) fn ended(&self, call: &Ended<'_>) {
        self.calls.with_label_values(&[call.endpoint, call.model, call.provider, call.outcome]).inc();
        if let Some(time) = call.upstream {
            self.upstream.with_label_values(&[call.provider]).observe(time.as_secs_f64());
        }
        if let Some(time) = call.first_token {
            self.first_token.with_label_values(&[call.model]).observe(time.as_secs_f64());
        }
        self.added.observe(call.added.as_secs_f64());
    }

    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.with_label_values(&[code]).inc();
    }

    pub(crate) fn attempted(&self, provider: &str, result: &'static str) {
        self.attempts.with_label_values(&[provider, result]).inc();
    }

    pub(crate) fn reloaded(&self, succeeded: bool) {
        self.reloads.with_label_values(&[if succeeded { "taken_up" } else { "refused" }]).inc();
    }

    /// Lets a part of the server count by itself.
    pub(crate) fn counter(&self, name: &str, help: &str) -> Result<IntCounter, Error> {
        added(&self.registry, IntCounter::new(name, help)?)
    }
}

fn added<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
