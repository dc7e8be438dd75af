//! Reads a whole body, within limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::{Instant, timeout_at};

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within {
    pub(super) bytes: usize,
    /// Between two pieces.
    pub(super) idle: Duration,
    /// For all of it.
    pub(super) deadline: Instant,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum CollectError {
    #[error("too large")]
    TooLarge,
    #[error("too slow")]
    TooSlow,
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

/// The next piece of `body`, which may take `idle`, but not beyond `deadline`.
pub(super) async fn next<B: Body<Data = Bytes> + Unpin>(body: &mut B, idle: Duration, deadline: Instant) -> Next {
    loop {
        match timeout_at(deadline.min(Instant::now() + idle), body.frame()).await {
            Err(_) => return Next::TooSlow,
            Ok(None) => return Next::End,
            Ok(Some(Err(_))) => return Next::Broken,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => return Next::Data(data),
                // Trailers, of which nothing is known that would matter.
                Err(_) => continue,
            },
        }
    }
}

/// All of `body`. A body of one piece isn't copied.
pub(super) async fn collect<B: Body<Data = Bytes> + Unpin>(
    body: &mut B,
    within: Within,
) -> Result<Bytes, CollectError> {
    if body.size_hint().lower() > within.bytes as u64 {
        return Err(CollectError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    loop {
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
