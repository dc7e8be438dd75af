//! Measures how a call's time is shared between the provider, the client, and the gateway.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::Instant;

/// Timestamps of one call's phases.
#[derive(Debug, Default)]
pub(super) struct CallTiming {
    marks: Mutex<Marks>,
    /// Time spent waiting for the client's body.
    client: ClientTime,
}

#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    /// When the first provider was asked.
    first_asked: Option<Instant>,
    /// When the provider that answered was asked.
    provider_asked: Option<Instant>,
    /// When its answer ended.
    answered: Option<Instant>,
}

/// The shares of a call's time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TimeShares {
    /// Time from the request to the provider that answered to the end of its answer.
    pub(super) upstream: Option<Duration>,
    /// Time spent in the gateway.
    pub(super) added: Duration,
}

impl CallTiming {
    pub(super) fn new(client: ClientTime) -> Self {
        Self { marks: Mutex::default(), client }
    }

    /// Marks the moment at which a provider is asked.
    pub(super) fn mark_provider_asked(&self) {
        let now = Instant::now();
        let mut marks = self.lock();
        marks.first_asked.get_or_insert(now);
        marks.provider_asked = Some(now);
    }

    /// Marks the end of the provider's answer. Only the first call counts.
    pub(super) fn answered(&self) {
        self.lock().answered.get_or_insert_with(Instant::now);
    }

    /// Divides the time of a call that arrived at `arrived` and ends at `now`.
    pub(super) fn divide(&self, arrived: Instant, now: Instant) -> TimeShares {
        let marks = *self.lock();
        let answered = marks.answered.unwrap_or(now);
        let client = self.client.get();
        let (before, after) = match marks.first_asked {
            Some(asked) => (asked - arrived, now.saturating_duration_since(answered)),
            None => (now - arrived, Duration::ZERO),
        };
        let upstream = marks.provider_asked.map(|asked| answered.saturating_duration_since(asked));
        TimeShares { upstream, added: before.saturating_sub(client) + after }
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time spent waiting for a client's body. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientTime(Arc<AtomicU64>);

impl ClientTime {
    fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    /// Wraps a body to measure the time spent waiting for it.
    pub(super) fn measure(&self, body: Body) -> Body {
        // Most bodies have arrived already.
        if body.is_end_stream() { body } else { Body::new(MeasuredBody { body, since: None, time: self.clone() }) }
    }
}

struct MeasuredBody {
    body: Body,
    since: Option<Instant>,
    time: ClientTime,
}

impl hyper::body::Body for MeasuredBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending() {
            self.since.get_or_insert_with(Instant::now);
        } else if let Some(since) = self.since.take() {
            let waited = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.time.0.fetch_add(waited, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};
    use http_body_util::BodyExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_here_is_what_is_left_of_a_call() {
        let arrived = Instant::now();
        let after = |seconds| Some(arrived + seconds * SECOND);
        let client = ClientTime::default();
        client.0.store(4_000_000, Ordering::Relaxed);
        let marks = Marks { first_asked: after(5), provider_asked: after(12), answered: after(22) };
        let timing = CallTiming { marks: Mutex::new(marks), client };
        let divided = timing.divide(arrived, arrived + 24 * SECOND);
        assert_eq!(divided, TimeShares { upstream: Some(10 * SECOND), added: 3 * SECOND });
    }

    #[test]
    fn the_first_question_and_the_first_end_count() {
        let timing = CallTiming::default();
        timing.mark_provider_asked();
        let first = *timing.lock();
        timing.mark_provider_asked();
        timing.answered();
        let answered = timing.lock().answered;
        timing.answered();
        let marks = *timing.lock();
        assert_eq!((marks.first_asked, marks.answered), (first.first_asked, answered));
    }

    #[test]
    fn a_call_that_asked_nobody_was_here_all_the_time() {
        let arrived = Instant::now();
        let divided = CallTiming::default().divide(arrived, arrived + SECOND);
        assert_eq!(divided, TimeShares { upstream: None, added: SECOND });
    }

    #[tokio::test]
    async fn a_body_whose_waits_are_counted_is_the_same() {
        let pieces = stream::iter(["he", "llo"]).then(async |piece| {
            tokio::task::yield_now().await;
            Ok::<_, std::io::Error>(piece)
        });
        let body = ClientTime::default().measure(Body::from_stream(pieces));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    }
}
