//! The figures as Prometheus reads them.

use std::{sync::PoisonError, time::Duration};

use prometheus::{Error, TextEncoder};
use services::{
    metering::MeterStatus,
    security::{Kind, SecurityLog},
};

use super::Metrics;

/// What others know at the moment of a scrape.
pub(crate) struct Now<'a> {
    pub(crate) running: usize,
    pub(crate) meter: MeterStatus,
    /// Each provider with its breaker's state.
    pub(crate) breakers: Vec<(&'a str, &'static str)>,
    pub(crate) security: &'a SecurityLog,
}

/// The states that a breaker can be in.
const STATES: [&str; 3] = ["closed", "half_open", "open"];

impl Metrics {
    /// All figures, in Prometheus' text format.
    pub(crate) fn text(&self, now: &Now<'_>) -> Result<String, Error> {
        let gauges = &self.gauges;
        gauges.running.set(whole(now.running as u64));
        gauges.waiting.set(whole(now.meter.waiting_calls));
        gauges.oldest.set(now.meter.oldest_age.unwrap_or(Duration::ZERO).as_secs_f64());
        gauges.journal.set(whole(now.meter.journal_bytes));
        gauges.set_aside.set(whole(now.meter.set_aside));
        gauges.refusing.set(i64::from(now.meter.refusing));
        // Providers that aren't configured any more have none.
        gauges.breakers.reset();
        for (provider, current) in &now.breakers {
            for state in STATES {
                gauges.breakers.with_label_values(&[provider, state]).set(i64::from(state == *current));
            }
        }
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in Kind::ALL {
            let counter = self.security.with_label_values(&[kind.name()]);
            counter.inc_by(now.security.count(kind).saturating_sub(counter.get()));
        }
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use services::security::Event;

    use super::*;
    use crate::metrics::Ended;

    #[test]
    fn figures_are_told_in_prometheus_text_format() {
        let metrics = Metrics::new().unwrap();
        let call = Ended {
            endpoint: "/v1/chat/completions",
            model: "gpt-x",
            provider: "upstream",
            outcome: "succeeded",
            upstream: Some(Duration::from_millis(30)),
            first_token: None,
            added: Duration::from_micros(300),
        };
        metrics.ended(&call);
        metrics.refused("invalid_api_key");
        let security = SecurityLog::default();
        security.note(Timestamp::from_millis(0), Event { kind: Kind::NotFound, ip: None, asker: None, route: "/" });
        let breakers = vec![("upstream", "open")];
        let now = Now { running: 3, meter: MeterStatus::default(), breakers, security: &security };
        let text = metrics.text(&now).unwrap();
        for line in [
            "# TYPE tollhouse_calls_total counter",
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
            assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
        }
    }
}
