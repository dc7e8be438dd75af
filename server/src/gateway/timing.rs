//! How long a call was where: with the provider, with the client, and here.

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

/// A call's.
#[derive(Debug, Default)]
pub(super) struct Timing {
    marks: Mutex<Marks>,
    /// How long the client's body was waited for.
    client: ClientTime,
}

#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    /// When the first provider was asked.
    first_asked: Option<Instant>,
    /// When the one was asked that answered.
    asked: Option<Instant>,
    /// When there was no more to come from it.
    answered: Option<Instant>,
}

/// How a call's time divides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Divided {
    /// From asking the provider that answered to its answer's end.
    pub(super) upstream: Option<Duration>,
    /// What was spent here.
    pub(super) added: Duration,
}

impl Timing {
    pub(super) fn new(client: ClientTime) -> Self {
        Self { marks: Mutex::default(), client }
    }

    /// A provider is asked now.
    pub(super) fn asked(&self) {
        let now = Instant::now();
        let mut marks = self.lock();
        marks.first_asked.get_or_insert(now);
        marks.asked = Some(now);
    }

    /// Nothing more comes from the provider. The first time counts.
    pub(super) fn answered(&self) {
        self.lock().answered.get_or_insert_with(Instant::now);
    }

    /// Of a call that arrived then and is over now.
    pub(super) fn divide(&self, arrived: Instant, now: Instant) -> Divided {
        let marks = *self.lock();
        let answered = marks.answered.unwrap_or(now);
        let client = self.client.get();
        let (before, after) = match marks.first_asked {
            Some(asked) => (asked - arrived, now.saturating_duration_since(answered)),
            None => (now - arrived, Duration::ZERO),
        };
        let upstream = marks.asked.map(|asked| answered.saturating_duration_since(asked));
        Divided { upstream, added: before.saturating_sub(client) + after }
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a client kept us waiting for its body.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientTime(Arc<AtomicU64>);

impl ClientTime {
    fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    /// The same body, whose waits are counted.
    pub(super) fn of(&self, body: Body) -> Body {
        // A body that is there already, as most are, keeps nobody waiting.
        if body.is_end_stream() { body } else { Body::new(Waited { body, since: None, time: self.clone() }) }
    }
}

struct Waited {
    body: Body,
    since: Option<Instant>,
    time: ClientTime,
}

impl hyper::body::Body for Waited {
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
        let marks = Marks { first_asked: after(5), asked: after(12), answered: after(22) };
        let timing = Timing { marks: Mutex::new(marks), client };
        let divided = timing.divide(arrived, arrived + 24 * SECOND);
        assert_eq!(divided, Divided { upstream: Some(10 * SECOND), added: 3 * SECOND });
    }

    #[test]
    fn the_first_question_and_the_first_end_count() {
        let timing = Timing::default();
        timing.asked();
        let first = *timing.lock();
        timing.asked();
        timing.answered();
        let answered = timing.lock().answered;
        timing.answered();
        let marks = *timing.lock();
        assert_eq!((marks.first_asked, marks.answered), (first.first_asked, answered));
    }

    #[test]
    fn a_call_that_asked_nobody_was_here_all_the_time() {
        let arrived = Instant::now();
        let divided = Timing::default().divide(arrived, arrived + SECOND);
        assert_eq!(divided, Divided { upstream: None, added: SECOND });
    }

    #[tokio::test]
    async fn a_body_whose_waits_are_counted_is_the_same() {
        let pieces = stream::iter(["he", "llo"]).then(async |piece| {
            tokio::task::yield_now().await;
            Ok::<_, std::io::Error>(piece)
        });
        let body = ClientTime::default().of(Body::from_stream(pieces));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    }
}
