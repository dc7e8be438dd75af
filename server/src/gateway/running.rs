//! Tracks running calls, so that those of a leaked key can be cancelled and a shutdown can wait for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::ids::{ApiKeyId, CallId};
use futures::FutureExt as _;
use services::api_keys::directory::KeyDirectory;
use tokio::{sync::broadcast::error::RecvError, task::JoinHandle};
use tokio_util::{future::FutureExt as _, sync::CancellationToken};

use super::Gateway;

/// How long a leaked key is remembered, for calls that were admitted before the leak and registered after it.
const LEAKED_KEY_TTL: Duration = Duration::from_secs(60);

/// The running calls. Watches for leaked keys until it is dropped.
pub(super) struct RunningCalls {
    calls: Arc<Mutex<Calls>>,
    watch: JoinHandle<()>,
}

#[derive(Default)]
struct Calls {
    running: HashMap<CallId, (ApiKeyId, CancellationToken)>,
    by_key: HashMap<ApiKeyId, u32>,
    /// Keys that leaked recently.
    leaked: HashMap<ApiKeyId, Instant>,
}

impl RunningCalls {
    pub(super) fn start(directory: &KeyDirectory) -> Self {
        let calls: Arc<Mutex<Calls>> = Arc::default();
        let mut disabled = directory.subscribe_disabled();
        let watched = Arc::clone(&calls);
        let watch = tokio::spawn(async move {
            loop {
                match disabled.recv().await {
                    Ok(key) => lock(&watched).cancel_key(key),
                    // The task does nothing else, so the channel never overflows in practice.
                    Err(RecvError::Lagged(missed)) => tracing::error!(missed, "calls of leaked keys may go on"),
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Self { calls, watch }
    }

    /// Registers a running call of a key until the returned guard is dropped; `None` if
    /// `max_calls` are running already.
    pub(super) fn enter(&self, call: CallId, key: ApiKeyId, max_calls: u32) -> Option<CancelOnLeak> {
        let token = CancellationToken::new();
        let mut calls = lock(&self.calls);
        let running = calls.by_key.entry(key).or_default();
        if *running >= max_calls {
            return None;
        }
        *running += 1;
        if calls.leaked.contains_key(&key) {
            token.cancel();
        }
        calls.running.insert(call, (key, token.clone()));
        Some(CancelOnLeak { calls: Arc::clone(&self.calls), call, token })
    }
}

impl Drop for RunningCalls {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Calls {
    fn cancel_key(&mut self, leaked: ApiKeyId) {
        let now = Instant::now();
        self.leaked.retain(|_, since| now.duration_since(*since) < LEAKED_KEY_TTL);
        self.leaked.insert(leaked, now);
        self.running.values().filter(|(key, _)| *key == leaked).for_each(|(_, token)| token.cancel());
    }
}

/// The registration of a running call, which is cancelled if its key leaks.
pub(super) struct CancelOnLeak {
    calls: Arc<Mutex<Calls>>,
    call: CallId,
    token: CancellationToken,
}

/// The call's key leaked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct KeyLeaked;

impl CancelOnLeak {
    /// Runs `future` until the key leaks.
    pub(super) fn run<F: Future>(&self, future: F) -> impl Future<Output = Result<F::Output, KeyLeaked>> {
        future.with_cancellation_token(&self.token).map(|output| output.ok_or(KeyLeaked))
    }
}

impl Drop for CancelOnLeak {
    fn drop(&mut self) {
        let mut calls = lock(&self.calls);
        let Some((key, _)) = calls.running.remove(&self.call) else { return };
        if let Some(running) = calls.by_key.get_mut(&key) {
            *running -= 1;
            if *running == 0 {
                calls.by_key.remove(&key);
            }
        }
    }
}

fn lock(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a call as running until it is dropped.
pub(super) struct RunningGuard(Gateway);

impl RunningGuard {
    pub(super) fn new(gateway: &Gateway) -> Self {
        gateway.calls.send_if_modified(|calls| {
            *calls += 1;
            false
        });
        Self(gateway.clone())
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        // Receivers wait only for the last call to end.
        self.0.calls.send_if_modified(|calls| {
            *calls -= 1;
            *calls == 0
        });
    }
}
