//! Reads bodies within limits: as a whole, or piece by piece.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use tokio::{
    task::yield_now,
    time::{Instant, timeout_at},
};

use super::budget::{Full, Share};

/// How much of a body is put together at most, in bytes.
const TOGETHER: usize = 16 * 1024;
/// By how much more memory is taken for a body whose length isn't known, in bytes.
const STEP: u64 = 1024 * 1024;

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within {
    pub(super) bytes: usize,
    /// Between two pieces.
    pub(super) idle: Duration,
    /// For all of it.
    pub(super) deadline: Instant,
}

/// How many bytes of an upload give it another second: it may take long, as long as it goes on.
const A_SECOND: u64 = 16 * 1024;

impl Within {
    /// By when the rest must be here of an upload of which so many bytes are.
    pub(super) fn until(&self, read: u64) -> Instant {
        self.deadline + Duration::from_millis(read.saturating_mul(1_000) / A_SECOND)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum CollectError {
    #[error("too large")]
    TooLarge,
    #[error("too slow")]
    TooSlow,
    /// So much is being worked on that there is no memory for it.
    #[error("no room")]
    NoRoom(Full),
    /// The other side broke it off.
    #[error("broken off")]
    Broken,
}

/// What comes next of a body.
pub(super) enum Next {
    Data(Bytes),
    End,
    TooSlow,
    Broken,
}

impl Next {
    /// Nothing for trailers, of which nothing is known that would matter.
    fn of<E>(frame: Option<Result<Frame<Bytes>, E>>) -> Option<Self> {
        match frame {
            None => Some(Self::End),
            Some(Err(_)) => Some(Self::Broken),
            Some(Ok(frame)) => frame.into_data().ok().map(Self::Data),
        }
    }
}

/// The next piece of `body`, which may take `idle`, but not beyond `deadline`.
pub(super) async fn next<B: Body<Data = Bytes> + Unpin>(body: &mut B, idle: Duration, deadline: Instant) -> Next {
    loop {
        match timeout_at(deadline.min(Instant::now() + idle), body.frame()).await.map(Next::of) {
            Err(_) => return Next::TooSlow,
            Ok(Some(next)) => return next,
            Ok(None) => {}
        }
    }
}

/// A body of many small pieces, such as a stream's events: what has arrived together comes together.
///
/// A connection hands over one piece at a time, and the next when it was given a chance to run. Passed on like that, each
/// would cost a system call and a packet; what waits for nothing isn't kept waiting by this either.
pub(super) struct Pieces<B> {
    body: B,
    /// What was found behind the last data.
    ahead: Option<Next>,
}

impl<B: Body<Data = Bytes> + Unpin> Pieces<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body, ahead: None }
    }

    /// What comes next, as [`next`] has it.
    pub(super) async fn next(&mut self, idle: Duration, deadline: Instant) -> Next {
        let first = match self.ahead.take() {
            Some(ahead) => ahead,
            None => next(&mut self.body, idle, deadline).await,
        };
        let Next::Data(first) = first else { return first };
        let mut all = BytesMut::new();
        while first.len().max(all.len()) < TOGETHER {
            yield_now().await;
            match self.body.frame().now_or_never().map(Next::of) {
                None => break,
                Some(None) => {}
                Some(Some(Next::Data(more))) => {
                    if all.is_empty() {
                        all.extend_from_slice(&first);
                    }
                    all.extend_from_slice(&more);
                }
                Some(ahead) => {
                    self.ahead = ahead;
                    break;
                }
            }
        }
        Next::Data(if all.is_empty() { first } else { all.freeze() })
    }
}

/// All of `body`. A body of one piece isn't copied.
pub(super) async fn collect<B: Body<Data = Bytes> + Unpin>(
    body: &mut B,
    within: Within,
) -> Result<Bytes, CollectError> {
    gather(None, body, within).await
}

/// The same, with the memory that it takes, where it isn't small.
pub(super) async fn collect_into<B: Body<Data = Bytes> + Unpin>(
    share: &mut Share,
    body: &mut B,
    within: Within,
) -> Result<Bytes, CollectError> {
    gather(Some(share), body, within).await
}

async fn gather<B: Body<Data = Bytes> + Unpin>(
    mut share: Option<&mut Share>,
    body: &mut B,
    within: Within,
) -> Result<Bytes, CollectError> {
    if body.size_hint().lower() > within.bytes as u64 {
        return Err(CollectError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    // So much isn't counted, or is already.
    let mut counted = STEP;
    loop {
        let here = (first.len() + all.len()) as u64;
        if let Some(share) = share.as_deref_mut().filter(|_| here >= counted) {
            let more = body.size_hint().exact().unwrap_or(0).max(STEP);
            let until = within.deadline.min(Instant::now() + within.idle);
            share.grow_in_time(more, until).await.map_err(CollectError::NoRoom)?;
            counted += more;
        }
        match next(body, within.idle, within.deadline).await {
            Next::TooSlow => return Err(CollectError::TooSlow),
            Next::Broken => return Err(CollectError::Broken),
            Next::End if all.is_empty() => return Ok(first),
            Next::End => return Ok(all.freeze()),
            Next::Data(data) if first.len() + all.len() + data.len() > within.bytes => {
                return Err(CollectError::TooLarge);
            }
            Next::Data(data) if first.is_empty() && all.is_empty() => first = data,
            Next::Data(data) => {
                all.extend_from_slice(&std::mem::take(&mut first));
                all.extend_from_slice(&data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::body::Body;
    use futures::stream;
    use tokio::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn body(pieces: impl IntoIterator<Item = Result<&'static str, io::Error>>) -> Pieces<Body> {
        Pieces::new(Body::from_stream(stream::iter(pieces.into_iter().collect::<Vec<_>>())))
    }

    async fn read(pieces: &mut Pieces<Body>) -> Option<Bytes> {
        match pieces.next(SOON, Instant::now() + SOON).await {
            Next::Data(data) => Some(data),
            Next::End | Next::TooSlow | Next::Broken => None,
        }
    }

    #[tokio::test]
    async fn what_arrived_together_comes_together() {
        let mut pieces = body([Ok("a"), Ok("b"), Ok("c")]);
        assert_eq!(read(&mut pieces).await.unwrap(), "abc");
        assert!(matches!(pieces.next(SOON, Instant::now() + SOON).await, Next::End));
    }

    #[tokio::test]
    async fn what_broke_off_is_told_after_what_came_before() {
        let mut pieces = body([Ok("a"), Ok("b"), Err(io::ErrorKind::ConnectionReset.into())]);
        assert_eq!(read(&mut pieces).await.unwrap(), "ab");
        assert!(matches!(pieces.next(SOON, Instant::now() + SOON).await, Next::Broken));
    }

    #[tokio::test]
    async fn nobody_waits_for_what_has_not_come() {
        let (sender, mut receiver) = mpsc::channel::<Result<&'static str, io::Error>>(4);
        let mut pieces = Pieces::new(Body::from_stream(stream::poll_fn(move |context| receiver.poll_recv(context))));
        for piece in ["a", "b"] {
            sender.send(Ok(piece)).await.unwrap();
            assert_eq!(read(&mut pieces).await.unwrap(), piece);
        }
    }

    #[tokio::test]
    async fn not_everything_is_put_together() {
        let piece: &'static str = "x".repeat(TOGETHER / 2 + 1).leak();
        let mut pieces = body([Ok(piece), Ok(piece), Ok(piece)]);
        assert_eq!(read(&mut pieces).await.unwrap().len(), 2 * piece.len());
        assert_eq!(read(&mut pieces).await.unwrap().len(), piece.len());
    }
}
