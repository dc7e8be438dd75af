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

use super::budget::{BudgetFull, BudgetShare};

/// Largest answer that isn't streamed, in bytes.
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Maximum size of joined pieces, in bytes.
const MAX_JOINED_BYTES: usize = 16 * 1024;
/// Steps in which memory is reserved for a body of unknown length, in bytes.
const MEMORY_STEP: u64 = 1024 * 1024;

/// Limits on the size and duration of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct CollectLimits {
    pub(super) bytes: usize,
    /// Maximum time between two pieces.
    pub(super) idle: Duration,
    pub(super) deadline: Instant,
}

/// Bytes of an upload that extend its deadline by a second: it may take long, as long as it makes progress.
const BYTES_PER_SECOND: u64 = 16 * 1024;

impl CollectLimits {
    /// The deadline of an upload of which `read` bytes have arrived.
    pub(super) fn deadline_after(&self, read: u64) -> Instant {
        self.deadline + Duration::from_millis(read.saturating_mul(1_000) / BYTES_PER_SECOND)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum CollectError {
    #[error("too large")]
    TooLarge,
    #[error("too slow")]
    TooSlow,
    /// The memory budget is exhausted.
    #[error("no room")]
    NoRoom(BudgetFull),
    /// The other side broke off the body.
    #[error("broken off")]
    Broken,
}

/// The result of reading the next piece of a body.
pub(super) enum NextPiece {
    Data(Bytes),
    End,
    TooSlow,
    Broken,
}

impl NextPiece {
    /// Converts a frame; `None` for trailers, which are ignored.
    fn from_frame<E>(frame: Option<Result<Frame<Bytes>, E>>) -> Option<Self> {
        match frame {
            None => Some(Self::End),
            Some(Err(_)) => Some(Self::Broken),
            Some(Ok(frame)) => frame.into_data().ok().map(Self::Data),
        }
    }
}

/// Reads the next piece of `body`, for at most `idle` and until `deadline`.
pub(super) async fn next<B: Body<Data = Bytes> + Unpin>(body: &mut B, idle: Duration, deadline: Instant) -> NextPiece {
    loop {
        match timeout_at(deadline.min(Instant::now() + idle), body.frame()).await.map(NextPiece::from_frame) {
            Err(_) => return NextPiece::TooSlow,
            Ok(Some(next)) => return next,
            Ok(None) => {}
        }
    }
}

/// Reads a body of many small pieces, such as events, and joins pieces that have arrived together.
///
/// A connection hands over one piece at a time, and the next one after it was polled again.
/// Relayed like that, each piece would cost a system call and a packet. Joining never waits for
/// pieces that haven't arrived.
pub(super) struct PieceReader<B> {
    body: B,
    /// The result read after the last data.
    peeked: Option<NextPiece>,
}

impl<B: Body<Data = Bytes> + Unpin> PieceReader<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body, peeked: None }
    }

    /// Reads the next pieces, within the limits of [`next`].
    pub(super) async fn next(&mut self, idle: Duration, deadline: Instant) -> NextPiece {
        let first = match self.peeked.take() {
            Some(peeked) => peeked,
            None => next(&mut self.body, idle, deadline).await,
        };
        let NextPiece::Data(first) = first else { return first };
        let mut all = BytesMut::new();
        while first.len().max(all.len()) < MAX_JOINED_BYTES {
            yield_now().await;
            match self.body.frame().now_or_never().map(NextPiece::from_frame) {
                None => break,
                Some(None) => {}
                Some(Some(NextPiece::Data(more))) => {
                    if all.is_empty() {
                        all.extend_from_slice(&first);
                    }
                    all.extend_from_slice(&more);
                }
                Some(peeked) => {
                    self.peeked = peeked;
                    break;
                }
            }
        }
        NextPiece::Data(if all.is_empty() { first } else { all.freeze() })
    }
}

/// Reads all of `body`. A body of one piece isn't copied.
pub(super) async fn collect<B: Body<Data = Bytes> + Unpin>(
    body: &mut B,
    limits: CollectLimits,
) -> Result<Bytes, CollectError> {
    gather(None, body, limits).await
}

/// Reads all of `body`, and adds its memory to `share` unless it is small.
pub(super) async fn collect_into<B: Body<Data = Bytes> + Unpin>(
    share: &mut BudgetShare,
    body: &mut B,
    limits: CollectLimits,
) -> Result<Bytes, CollectError> {
    gather(Some(share), body, limits).await
}

async fn gather<B: Body<Data = Bytes> + Unpin>(
    mut share: Option<&mut BudgetShare>,
    body: &mut B,
    limits: CollectLimits,
) -> Result<Bytes, CollectError> {
    if body.size_hint().lower() > limits.bytes as u64 {
        return Err(CollectError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    // Bytes whose memory is reserved, or too few to be counted.
    let mut counted = MEMORY_STEP;
    loop {
        let received = (first.len() + all.len()) as u64;
        if let Some(share) = share.as_deref_mut().filter(|_| received >= counted) {
            let more = body.size_hint().exact().unwrap_or(0).max(MEMORY_STEP);
            let deadline = limits.deadline.min(Instant::now() + limits.idle);
            share.grow_in_time(more, deadline).await.map_err(CollectError::NoRoom)?;
            counted += more;
        }
        match next(body, limits.idle, limits.deadline).await {
            NextPiece::TooSlow => return Err(CollectError::TooSlow),
            NextPiece::Broken => return Err(CollectError::Broken),
            NextPiece::End if all.is_empty() => return Ok(first),
            NextPiece::End => return Ok(all.freeze()),
            NextPiece::Data(data) if first.len() + all.len() + data.len() > limits.bytes => {
                return Err(CollectError::TooLarge);
            }
            NextPiece::Data(data) if first.is_empty() && all.is_empty() => first = data,
            NextPiece::Data(data) => {
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

    fn body(pieces: impl IntoIterator<Item = Result<&'static str, io::Error>>) -> PieceReader<Body> {
        PieceReader::new(Body::from_stream(stream::iter(pieces.into_iter().collect::<Vec<_>>())))
    }

    async fn read(pieces: &mut PieceReader<Body>) -> Option<Bytes> {
        match pieces.next(SOON, Instant::now() + SOON).await {
            NextPiece::Data(data) => Some(data),
            NextPiece::End | NextPiece::TooSlow | NextPiece::Broken => None,
        }
    }

    #[tokio::test]
    async fn what_arrived_together_comes_together() {
        let mut pieces = body([Ok("a"), Ok("b"), Ok("c")]);
        assert_eq!(read(&mut pieces).await.unwrap(), "abc");
        assert!(matches!(pieces.next(SOON, Instant::now() + SOON).await, NextPiece::End));
    }

    #[tokio::test]
    async fn what_broke_off_is_told_after_what_came_before() {
        let mut pieces = body([Ok("a"), Ok("b"), Err(io::ErrorKind::ConnectionReset.into())]);
        assert_eq!(read(&mut pieces).await.unwrap(), "ab");
        assert!(matches!(pieces.next(SOON, Instant::now() + SOON).await, NextPiece::Broken));
    }

    #[tokio::test]
    async fn nobody_waits_for_what_has_not_come() {
        let (sender, mut receiver) = mpsc::channel::<Result<&'static str, io::Error>>(4);
        let mut pieces =
            PieceReader::new(Body::from_stream(stream::poll_fn(move |context| receiver.poll_recv(context))));
        for piece in ["a", "b"] {
            sender.send(Ok(piece)).await.unwrap();
            assert_eq!(read(&mut pieces).await.unwrap(), piece);
        }
    }

    #[tokio::test]
    async fn not_everything_is_put_together() {
        let piece: &'static str = "x".repeat(MAX_JOINED_BYTES / 2 + 1).leak();
        let mut pieces = body([Ok(piece), Ok(piece), Ok(piece)]);
        assert_eq!(read(&mut pieces).await.unwrap().len(), 2 * piece.len());
        assert_eq!(read(&mut pieces).await.unwrap().len(), piece.len());
    }
}
