//! The metrics in the format that Prometheus reads.

use std::{sync::PoisonError, time::Duration};

use domain::time::Timestamp;
use prometheus::{Error, TextEncoder};
use services::{
    background_migrations::BackgroundStatus,
    jobs::{JobCounts, JobMetrics},
    metering::MeterStatus,
    security::{SecurityEventKind, SecurityLog},
};

use super::{Gauges, Metrics};

/// The state of other parts of the server at a scrape.
pub(crate) struct ScrapeState<'a> {
    pub(crate) running: usize,
    pub(crate) meter: MeterStatus,
    /// Each provider with its breaker's state.
    pub(crate) breakers: Vec<(&'a str, &'static str)>,
    pub(crate) security: &'a SecurityLog,
    pub(crate) jobs: JobStatus<'a>,
    /// Empty while the database doesn't answer.
    pub(crate) migrations: &'a [BackgroundStatus],
}

/// Figures that the database counts for a scrape; empty while it doesn't answer.
#[derive(Default)]
pub(crate) struct DatabaseCounts {
    pub(crate) jobs: Vec<JobCounts>,
    pub(crate) migrations: Vec<BackgroundStatus>,
}

/// The state of background jobs at a scrape.
pub(crate) struct JobStatus<'a> {
    pub(crate) now: Timestamp,
    /// Jobs of all servers; empty while the database doesn't answer.
    pub(crate) counts: &'a [JobCounts],
    pub(crate) metrics: &'a JobMetrics,
}

/// All states of a breaker.
const BREAKER_STATES: [&str; 3] = ["closed", "half_open", "open"];

impl Metrics {
    /// All metrics in Prometheus' text format.
    pub(crate) fn text(&self, now: &ScrapeState<'_>) -> Result<String, Error> {
        let gauges = &self.gauges;
        gauges.running.set(saturating_i64(now.running as u64));
        gauges.waiting.set(saturating_i64(now.meter.waiting_calls));
        gauges.oldest.set(now.meter.oldest_age.unwrap_or(Duration::ZERO).as_secs_f64());
        gauges.journal.set(saturating_i64(now.meter.journal_bytes));
        gauges.set_aside.set(saturating_i64(now.meter.set_aside));
        gauges.refusing.set(i64::from(now.meter.refusing));
        // Removes providers that aren't configured any more.
        gauges.breakers.reset();
        for (provider, current) in &now.breakers {
            for state in BREAKER_STATES {
                gauges.breakers.with_label_values(&[provider, state]).set(i64::from(state == *current));
            }
        }
        let _lock = self.scrape_lock.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in SecurityEventKind::ALL {
            let counter = self.security.with_label_values(&[kind.name()]);
            counter.inc_by(now.security.count(kind).saturating_sub(counter.get()));
        }
        self.set_jobs(&now.jobs);
        gauges.unmigrated.reset();
        for migration in now.migrations {
            gauges.unmigrated.with_label_values(&[&*migration.name]).set(migration.rows_remaining());
        }
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

impl Metrics {
    /// Takes up the state of jobs. The scrape lock is held.
    fn set_jobs(&self, jobs: &JobStatus<'_>) {
        let Gauges { jobs: numbers, oldest_job, .. } = &self.gauges;
        // Removes kinds that have no jobs any more.
        numbers.reset();
        oldest_job.reset();
        for counts in jobs.counts {
            for (state, number) in [("waiting", counts.waiting), ("running", counts.running), ("dead", counts.dead)] {
                numbers.with_label_values(&[&*counts.kind, state]).set(number);
            }
            let age = counts.oldest_due_at.map_or(0, |due_at| (jobs.now.millis() - due_at.millis()).max(0));
            oldest_job.with_label_values(&[&*counts.kind]).set(Duration::from_millis(age.unsigned_abs()).as_secs_f64());
        }
        for (kind, outcome, number) in jobs.metrics.attempts() {
            let counter = self.job_attempts.with_label_values(&[&*kind, outcome]);
            counter.inc_by(number.saturating_sub(counter.get()));
        }
    }
}

fn saturating_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use services::{background_migrations::BackgroundState, security::SecurityEvent};

    use super::*;
    use crate::metrics::EndedCall;

    #[test]
    fn figures_are_told_in_prometheus_text_format() {
        let metrics = Metrics::new().unwrap();
        let call = EndedCall {
            endpoint: "/v1/chat/completions",
            model: "gpt-x",
            provider: "upstream",
            outcome: "succeeded",
            upstream: Some(Duration::from_millis(30)),
            first_token: None,
            added: Duration::from_micros(300),
        };
        metrics.record_call(&call);
        metrics.record_refusal("invalid_api_key");
        let security = SecurityLog::default();
        security.record(
            Timestamp::from_millis(0),
            SecurityEvent { kind: SecurityEventKind::NotFound, ip: None, caller: None, route: "/" },
        );
        let breakers = vec![("upstream", "open")];
        let counts = [JobCounts {
            kind: "key_reminders".to_owned(),
            waiting: 2,
            dead: 1,
            oldest_due_at: Some(Timestamp::from_millis(1_000)),
            ..JobCounts::default()
        }];
        let jobs = JobStatus { now: Timestamp::from_millis(5_500), counts: &counts, metrics: &JobMetrics::default() };
        let migrations = [BackgroundStatus {
            name: "fold_key_texts".to_owned(),
            state: BackgroundState::Running,
            rows_done: 500,
            rows_total: Some(1_200),
            percent: 41,
            started_at: Some(Timestamp::from_millis(0)),
            finished_at: None,
            failures: 0,
            error: None,
        }];
        let now = ScrapeState {
            running: 3,
            meter: MeterStatus::default(),
            breakers,
            security: &security,
            jobs,
            migrations: &migrations,
        };
        let text = metrics.text(&now).unwrap();
        for line in [
            "# TYPE tollhouse_calls_total counter",
            "tollhouse_jobs{kind=\"key_reminders\",state=\"waiting\"} 2",
            "tollhouse_jobs{kind=\"key_reminders\",state=\"dead\"} 1",
            "tollhouse_job_oldest_waiting_seconds{kind=\"key_reminders\"} 4.5",
            "tollhouse_background_migration_remaining_rows{migration=\"fold_key_texts\"} 700",
            "tollhouse_calls_total{endpoint=\"/v1/chat/completions\",model=\"gpt-x\",outcome=\"succeeded\",provider=\"upstream\"} 1",
            "tollhouse_refusals_total{code=\"invalid_api_key\"} 1",
            "tollhouse_upstream_seconds_bucket{provider=\"upstream\",le=\"0.025\"} 0",
            "tollhouse_upstream_seconds_bucket{provider=\"upstream\",le=\"0.05\"} 1",
            "tollhouse_added_seconds_bucket{le=\"0.00025\"} 0",
            "tollhouse_added_seconds_bucket{le=\"0.0005\"} 1",
            "tollhouse_calls_running 3",
            "tollhouse_security_events_total{kind=\"not_found\"} 1",
            "tollhouse_security_events_total{kind=\"throttled\"} 0",
            "tollhouse_provider_breaker_state{provider=\"upstream\",state=\"open\"} 1",
            "tollhouse_provider_breaker_state{provider=\"upstream\",state=\"closed\"} 0",
            concat!("tollhouse_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(text.lines().any(|other| other == line), "{line:?} is not in\n{text}");
        }
    }
}
