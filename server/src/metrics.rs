//! The server's metrics, for Prometheus.
//!
//! Labels are names from the configuration and from this code, never from a request, so that clients can't
//! create series. Keys, organizations and projects aren't among them: their figures are on the page Usage.

mod scrape;

use std::{sync::Mutex, time::Duration};

use prometheus::{
    Error, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, core::Collector,
};

pub(crate) use scrape::{DatabaseCounts, JobStatus, ScrapeState};

/// Buckets for the time of a provider, in seconds: from an answer out of a cache to a long answer that isn't
/// streamed.
const UPSTREAM_BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0];
/// Buckets for Tollhouse's own time, in seconds: from a tenth of a millisecond to a disk that stalls.
const ADDED_BUCKETS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Prometheus metrics of one server.
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
    job_attempts: IntCounterVec,
    /// Held during a scrape, so that figures counted elsewhere aren't added twice.
    scrape_lock: Mutex<()>,
    /// Set from elsewhere during a scrape.
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
    jobs: IntGaugeVec,
    oldest_job: GaugeVec,
    unmigrated: IntGaugeVec,
}

/// A call that has ended, with its labels and times.
pub(crate) struct EndedCall<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) model: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) outcome: &'static str,
    /// Time from the request to the provider to the end of its answer; `None` if no provider was called.
    pub(crate) upstream: Option<Duration>,
    /// Time from the call's arrival to the first piece of a streamed answer.
    pub(crate) first_token: Option<Duration>,
    /// Time spent in Tollhouse, without waiting for the provider or for the client's body.
    pub(crate) added: Duration,
}

impl Metrics {
    /// Creates and registers all metrics.
    ///
    /// # Errors A name is invalid, which a test would have found.
    pub(crate) fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let build = register(
            &registry,
            IntGauge::with_opts(
                Opts::new("tollhouse_build_info", "Always 1; the label says which version runs.")
                    .const_label("version", env!("CARGO_PKG_VERSION")),
            )?,
        )?;
        build.set(1);
        let gauge = |name: &str, help: &str| register(&registry, IntGauge::with_opts(Opts::new(name, help))?);
        let counters = |name: &str, help: &str, labels: &[&str]| {
            register(&registry, IntCounterVec::new(Opts::new(name, help), labels)?)
        };
        let times = |name: &str, help: &str| HistogramOpts::new(name, help).buckets(UPSTREAM_BUCKETS.to_vec());
        let oldest =
            Opts::new("tollhouse_meter_oldest_waiting_seconds", "Age of the oldest call that isn't stored yet.");
        let breakers =
            Opts::new("tollhouse_provider_breaker_state", "1 for the state that a provider's breaker is in.");
        let jobs = Opts::new("tollhouse_jobs", "Background jobs of all servers that aren't done, by kind and state.");
        let oldest_job =
            Opts::new("tollhouse_job_oldest_waiting_seconds", "Time since the job was due that has waited longest.");
        let unmigrated = Opts::new(
            "tollhouse_background_migration_remaining_rows",
            "Rows that a background migration has left, as far as they have been counted.",
        );
        let gauges = Gauges {
            running: gauge("tollhouse_calls_running", "Calls under way.")?,
            waiting: gauge("tollhouse_meter_waiting_calls", "Calls that are over and not yet in the database.")?,
            oldest: register(&registry, prometheus::Gauge::with_opts(oldest)?)?,
            journal: gauge("tollhouse_meter_journal_bytes", "Size of the meter's journal.")?,
            set_aside: gauge("tollhouse_meter_set_aside_calls", "Calls that the database refused for themselves.")?,
            refusing: gauge("tollhouse_meter_refusing", "1 while new calls are refused since the journal is full.")?,
            breakers: register(&registry, IntGaugeVec::new(breakers, &["provider", "state"])?)?,
            jobs: register(&registry, IntGaugeVec::new(jobs, &["kind", "state"])?)?,
            oldest_job: register(&registry, GaugeVec::new(oldest_job, &["kind"])?)?,
            unmigrated: register(&registry, IntGaugeVec::new(unmigrated, &["migration"])?)?,
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
            upstream: register(&registry, HistogramVec::new(upstream, &["provider"])?)?,
            first_token: register(&registry, HistogramVec::new(first_token, &["model"])?)?,
            added: register(&registry, Histogram::with_opts(added_time.buckets(ADDED_BUCKETS.to_vec()))?)?,
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
            job_attempts: counters(
                "tollhouse_job_attempts_total",
                "Attempts at background jobs that this server made.",
                &["kind", "outcome"],
            )?,
            scrape_lock: Mutex::default(),
            gauges,
            registry,
        })
    }

    pub(crate) fn record_call(&self, call: &EndedCall<'_>) {
        self.calls.with_label_values(&[call.endpoint, call.model, call.provider, call.outcome]).inc();
        if let Some(time) = call.upstream {
            self.upstream.with_label_values(&[call.provider]).observe(time.as_secs_f64());
        }
        if let Some(time) = call.first_token {
            self.first_token.with_label_values(&[call.model]).observe(time.as_secs_f64());
        }
        self.added.observe(call.added.as_secs_f64());
    }

    pub(crate) fn record_refusal(&self, code: &'static str) {
        self.refusals.with_label_values(&[code]).inc();
    }

    pub(crate) fn record_attempt(&self, provider: &str, result: &'static str) {
        self.attempts.with_label_values(&[provider, result]).inc();
    }

    pub(crate) fn record_reload(&self, succeeded: bool) {
        self.reloads.with_label_values(&[if succeeded { "taken_up" } else { "refused" }]).inc();
    }

    /// Registers a counter that another part of the server increments.
    pub(crate) fn counter(&self, name: &str, help: &str) -> Result<IntCounter, Error> {
        register(&self.registry, IntCounter::new(name, help)?)
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
