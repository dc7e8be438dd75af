//! Calls to both servers with one key, and their results.

use std::{sync::Arc, time::Instant};

use axum::http::{Method, StatusCode};
use domain::time::Timestamp;
use patience::wait_for;
use serde_json::json;
use services::{Clock, SystemClock};
use tokio::{sync::watch, task::JoinSet};

use crate::process::Process;

/// Callers for each server and key.
const CALLERS: usize = 3;
/// Calls with a key on each server before something happens to it.
pub(super) const BEFORE: usize = 30;

pub(super) const SERVED: Verdict = (StatusCode::OK, None);
pub(super) const NO_KEY: Verdict = (StatusCode::UNAUTHORIZED, Some("invalid_api_key"));
pub(super) const CUT: Verdict = (StatusCode::UNAUTHORIZED, Some("api_key_disabled"));
pub(super) const NO_SCOPE: Verdict = (StatusCode::FORBIDDEN, Some("insufficient_permissions"));
pub(super) const NO_MODEL: Verdict = (StatusCode::FORBIDDEN, Some("model_not_allowed"));

/// A status, and the code of an error.
pub(super) type Verdict = (StatusCode, Option<&'static str>);

/// When a call began or ended: on a monotonic clock, and on the clock that servers use.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: Instant,
    pub(super) clock: Timestamp,
}

impl Moment {
    fn now() -> Self {
        Self { at: Instant::now(), clock: SystemClock.now() }
    }
}

/// The result of a call.
pub(super) struct CallResult {
    pub(super) server: usize,
    pub(super) started: Moment,
    pub(super) ended: Moment,
    pub(super) status: StatusCode,
    pub(super) code: Option<String>,
}

impl CallResult {
    pub(super) fn is(&self, (status, code): Verdict) -> bool {
        self.status == status && self.code.as_deref() == code
    }
}

/// Calls to both servers with one key, until a moment that is set later.
pub(super) struct Load {
    until: watch::Sender<Option<Instant>>,
    callers: JoinSet<Vec<CallResult>>,
    /// Answered calls of each server.
    answered: watch::Sender<[usize; 2]>,
}

impl Load {
    pub(super) fn start(servers: &[Arc<Process>; 2], secret: &str) -> Self {
        let (until, answered) = (watch::Sender::new(None), watch::Sender::new([0; 2]));
        let mut callers = JoinSet::new();
        for (server, process) in servers.iter().enumerate() {
            for _ in 0..CALLERS {
                let (process, secret) = (Arc::clone(process), secret.to_owned());
                callers.spawn(keep_calling(server, process, secret, until.subscribe(), answered.clone()));
            }
        }
        Self { until, callers, answered }
    }

    pub(super) async fn wait_until_started(&self) {
        let mut answered = self.answered.subscribe();
        let enough = answered.wait_for(|answered| answered.iter().all(|calls| *calls >= BEFORE));
        wait_for("calls are answered", enough).await.unwrap();
    }

    /// Lets each caller go on until it has begun a call at `end` or later; returns all calls.
    pub(super) async fn until(self, end: Instant) -> Vec<CallResult> {
        self.until.send(Some(end)).unwrap();
        self.callers.join_all().await.into_iter().flatten().collect()
    }
}

async fn keep_calling(
    server: usize,
    process: Arc<Process>,
    secret: String,
    until: watch::Receiver<Option<Instant>>,
    answered: watch::Sender<[usize; 2]>,
) -> Vec<CallResult> {
    let question = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] });
    let mut results = Vec::new();
    loop {
        let started = Moment::now();
        let (status, answer) = process.call(Method::POST, "/v1/chat/completions", &secret, &question).await;
        let code = answer["error"]["code"].as_str().map(str::to_owned);
        results.push(CallResult { server, started, ended: Moment::now(), status, code });
        answered.send_modify(|answered| answered[server] += 1);
        if until.borrow().is_some_and(|end| started.at >= end) {
            return results;
        }
    }
}
