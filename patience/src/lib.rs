//! Waiting in tests: for events, on however slow a machine, and never for a time to pass.
//!
//! A test with a time limit fails when the machine has other work. So tests wait for events, and fail only if
//! an event never comes. Where time matters, they check properties that no load can change: that a request
//! sent late enough gets the new answer ([`find_within`]), or that not every attempt has to wait
//! ([`can_finish_within`]). `make bench` measures how long things take.
#![allow(clippy::panic, reason = "tests fail by panicking")]

use std::{
    ops::AsyncFnMut,
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

/// Maximum wait, longer than anything in a test takes on any machine: a later event never comes.
pub const TIMEOUT: Duration = Duration::from_secs(120);
/// Delay between two polls for an event without a notification.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Waits for `event`, which comes without polling.
///
/// # Panics
/// If it doesn't come, with its `description`.
pub async fn wait_for<T>(description: &str, event: impl Future<Output = T>) -> T {
    match timeout(TIMEOUT, event).await {
        Ok(event) => event,
        Err(_) => panic!("in vain was waited for this: {description}"),
    }
}

/// Polls until a value is found: for events without a notification, such as another process's writes.
///
/// # Panics
/// If no value is found.
pub async fn find<T>(description: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = poll().await {
                return found;
            }
            sleep(POLL_INTERVAL).await;
        }
    };
    wait_for(description, found).await
}

/// Polls until a condition is true.
///
/// # Panics
/// If it never becomes true.
pub async fn wait_until(description: &str, mut condition: impl AsyncFnMut() -> bool) {
    find(description, async || condition().await.then_some(())).await;
}

/// Repeats a request until it gets the new answer, and checks that no request sent more than `limit` from now
/// gets the old one, for which `request` returns `None`. The time of sending counts and not that of the
/// answer, so that load makes no difference.
///
/// # Panics
/// If a later request gets the old answer.
pub async fn find_within<T>(limit: Duration, description: &str, mut request: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    find(description, async || {
        let sent_after = start.elapsed();
        let answer = request().await;
        assert!(
            answer.is_some() || sent_after <= limit,
            "asked for after {sent_after:?}, this wasn't so yet: {description}"
        );
        answer
    })
    .await
}

/// Whether any of 20 attempts takes less than `limit`. If each has to wait, none does; load doesn't slow down
/// all of them.
pub async fn can_finish_within(limit: Duration, mut attempt: impl AsyncFnMut()) -> bool {
    const MAX_ATTEMPTS: usize = 20;
    for _ in 0..MAX_ATTEMPTS {
        let start = Instant::now();
        attempt().await;
        if start.elapsed() < limit {
            return true;
        }
    }
    false
}
