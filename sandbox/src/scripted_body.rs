//! An answer's body, in pieces, with requested delays and failures.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
    vec,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The connection breaks off, before the answer or within it, because the request asks for that.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the sandbox broke off, as requested")]
pub struct RequestedBreak;

/// The body of a sandbox's answer.
#[derive(Debug)]
pub struct SandboxBody {
    pieces: vec::IntoIter<Bytes>,
    /// The delay before each piece but the first.
    pause: Duration,
    sleeping: Option<Pin<Box<Sleep>>>,
    /// Number of pieces until the body breaks off.
    pieces_until_break: Option<usize>,
    /// Number of pieces until a single wait, and its duration.
    wait: Option<(usize, Duration)>,
}

impl SandboxBody {
    pub(super) fn new(pieces: Vec<Bytes>) -> Self {
        Self { pieces: pieces.into_iter(), pause: Duration::ZERO, sleeping: None, pieces_until_break: None, wait: None }
    }

    /// Waits before each piece but the first, and breaks off after a number of pieces if one is given.
    pub(super) fn slow_down(&mut self, pause: Duration, breaks_off_after: Option<usize>) {
        self.pause = pause;
        self.pieces_until_break = breaks_off_after;
    }

    /// Waits once after a number of pieces, until the work that they announce is done.
    pub(super) fn wait_after(&mut self, pieces: usize, wait_ms: u64) {
        self.wait = (wait_ms > 0).then_some((pieces, Duration::from_millis(wait_ms)));
    }
}

impl Body for SandboxBody {
    type Data = Bytes;
    type Error = RequestedBreak;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestedBreak>>> {
        if let Some((0, duration)) = self.wait {
            self.wait = None;
            self.sleeping = Some(Box::pin(sleep(duration)));
        }
        if let Some(sleeping) = &mut self.sleeping {
            ready!(sleeping.as_mut().poll(context));
            self.sleeping = None;
        }
        if let Some((pieces, _)) = &mut self.wait {
            *pieces -= 1;
        }
        if let Some(pieces) = &mut self.pieces_until_break {
            if *pieces == 0 {
                return Poll::Ready(Some(Err(RequestedBreak)));
            }
            *pieces -= 1;
        }
        let piece = self.pieces.next();
        if piece.is_some() && !self.pause.is_zero() {
            self.sleeping = Some(Box::pin(sleep(self.pause)));
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.pieces.as_slice().iter().map(|piece| piece.len() as u64).sum())
    }
}
