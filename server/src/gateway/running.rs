//! Which calls are under way, so that those of a key that leaked can be cut off.

pub(in crate::gateway) mod guard;

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

/// How long a leaked key is remembered: for calls that were let in just before, and come here just after.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The calls under way. Watches for leaked keys until it is dropped.
pub(super) struct Running {
    calls: Arc<Mutex<Calls>>,
    watch: JoinHandle<()>,
}

#[derive(Default)]
struct Calls {
    running: HashMap<CallId, (ApiKeyId, CancellationToken)>,
    by_key: HashMap<ApiKeyId, u32>,
    /// Keys that leaked a moment ago.
    leaked: HashMap<ApiKeyId, Instant>,
}

impl Running {
    pub(super) fn start(directory: &KeyDirectory) -> Self {
        let calls: Arc<Mutex<Calls>> = Arc::default();
        let mut disabled = directory.disabled();
        let watched = Arc::clone(&calls);
        let watch = tokio::spawn(async move {
            loop {
                match disabled.recv().await {
                    Ok(key) => lock(&watched).cut(key),
                    // It reads nothing but this: so many at once as don't fit were never seen.
                    Err(RecvError::Lagged(missed)) => tracing::error!(missed, "calls of leaked keys may go on"),
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Self { calls, watch }
    }

    /// Counts a call of this key as under way, until what is given back is dropped; nothing where `most` of them are.
    pub(super) fn enter(&self, call: CallId, key: ApiKeyId, most: u32) -> Option<Lifeline> {
        let token = CancellationToken::new();
        let mut calls = lock(&self.calls);
        let under_way = calls.by_key.entry(key).or_default();
        if *under_way >= most {
            return None;
        }
        *under_way += 1;
        if calls.leaked.contains_key(&key) {
            token.cancel();
        }
        calls.running.insert(call, (key, token.clone()));
        Some(Lifeline { calls: Arc::clone(&self.calls), call, token })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Calls {
    fn cut(&mut self, leaked: ApiKeyId) {
        let now = Instant::now();
        self.leaked.retain(|_, since| now.duration_since(*since) < REMEMBERED);
        self.leaked.insert(leaked, now);
        self.running.values().filter(|(key, _)| *key == leaked).for_each(|(_, token)| token.cancel());
    }
}

/// What a call under way hangs by: cut when its key leaks.
pub(super) struct Lifeline {
    calls: Arc<Mutex<Calls>>,
    call: CallId,
    token: CancellationToken,
}

/// The call's key leaked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cut;

impl Lifeline {
    /// Works on `future` as long as the key is good.
    pub(super) fn hold<F: Future>(&self, future: F) -> impl Future<Output = Result<F::Output, Cut>> {
        future.with_cancellation_token(&self.token).map(|output| output.ok_or(Cut))
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        let mut calls = lock(&self.calls);
        let Some((key, _)) = calls.running.remove(&self.call) else { return };
        if let Some(under_way) = calls.by_key.get_mut(&key) {
            *under_way -= 1;
            if *under_way == 0 {
                calls.by_key.remove(&key);
            }
        }
    }
}

fn lock(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}
