//! How tests wait: for what happens, on however slow a machine, and never for a time to pass.
//!
//! A test that says how long something may take fails when the machine has other work. So tests wait for events, which
//! fail only when they don't come at all; where a time is what counts, they ask for what no load can change: that a
//! question put late enough is answered rightly ([`from_then_on`]), or that what is waited for isn't waited for every
//! time ([`ever_within`]). How long things do take is what `make bench` measures.
#![allow(clippy::panic, reason = "tests fail by panicking")]

use std::{
    ops::AsyncFnMut,
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

/// Longer than anything in a test takes on any machine: what hasn't come by then never comes.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// After how long it is looked again where nothing tells of a change.
const AGAIN: Duration = Duration::from_millis(5);

/// Waits for `event`, which comes without help.
///
/// # Panics
/// It doesn't come; `what` says what was waited for.
pub async fn wait_for<T>(what: &str, event: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, event).await {
        Ok(event) => event,
        Err(_) => panic!("in vain was waited for this: {what}"),
    }
}

/// Looks again and again until something is found: for what nothing tells of, such as a row that another process writes.
///
/// # Panics
/// Nothing is ever found.
pub async fn find<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(AGAIN).await;
        }
    };
    wait_for(what, found).await
}

/// The same for a condition.
///
/// # Panics
/// It never holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    find(what, async || holds().await.then_some(())).await;
}

/// Asks until there is the new answer, and checks that the old one is given to nobody who asks more than `limit` after
/// now. However late an answer comes, what counts is when it was asked for: load makes no difference.
///
/// # Panics
/// Who asked later was given the old answer, for which `ask` gives nothing.
pub async fn from_then_on<T>(limit: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    find(what, async || {
        let asked = begun.elapsed();
        let answer = ask().await;
        assert!(answer.is_some() || asked <= limit, "asked for after {asked:?}, this wasn't so yet: {what}");
        answer
    })
    .await
}

/// Whether any of some tries takes less than `limit`. What is waited for each time keeps them all from it, and load
/// doesn't slow down each of many.
pub async fn ever_within(limit: Duration, mut attempt: impl AsyncFnMut()) -> bool {
    const TRIES: usize = 20;
    for _ in 0..TRIES {
        let begun = Instant::now();
        attempt().await;
        if begun.elapsed() < limit {
            return true;
        }
    }
    false
}
