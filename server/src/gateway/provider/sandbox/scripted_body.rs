//! An answer's body: whole, or a piece at a time, as slowly as it was asked for.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
    vec,
};

use bytes::Bytes;
use hyper::body::SizeHint;
use tokio::time::{Sleep, sleep};

use crate::gateway::provider::BrokenOff;

#[derive(Debug)]
pub(crate) struct Pieces {
    pieces: vec::IntoIter<Bytes>,
    pause: Duration,
    pausing: Option<Pin<Box<Sleep>>>,
    /// After how many more pieces it breaks off.
    left: Option<usize>,
    /// After how many more pieces it waits once, and how long.
    waits: Option<(usize, Duration)>,
}

impl Pieces {
    pub(super) fn new(pieces: Vec<Bytes>) -> Self {
        Self { pieces: pieces.into_iter(), pause: Duration::ZERO, pausing: None, left: None, waits: None }
    }

    /// Waits before each piece but the first, and breaks off after so many, if that is asked for.
    pub(super) fn slow_down(&mut self, pause: Duration, breaks_off_after: Option<usize>) {
        self.pause = pause;
        self.left = breaks_off_after;
    }

    /// Waits once for so many milliseconds, after so many pieces: for what they tell of.
    pub(super) fn wait_after(&mut self, pieces: usize, wait_ms: u64) {
        self.waits = (wait_ms > 0).then_some((pieces, Duration::from_millis(wait_ms)));
    }

    pub(in crate::gateway::provider) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if let Some((0, wait)) = self.waits {
            self.waits = None;
            self.pausing = Some(Box::pin(sleep(wait)));
        }
        if let Some(pausing) = &mut self.pausing {
            ready!(pausing.as_mut().poll(context));
            self.pausing = None;
        }
        if let Some((pieces, _)) = &mut self.waits {
            *pieces -= 1;
        }
        if let Some(left) = &mut self.left {
            if *left == 0 {
                return Poll::Ready(Some(Err(BrokenOff)));
            }
            *left -= 1;
        }
        let piece = self.pieces.next();
        if piece.is_some() && !self.pause.is_zero() {
            self.pausing = Some(Box::pin(sleep(self.pause)));
        }
        Poll::Ready(piece.map(Ok))
    }

    pub(in crate::gateway::provider) fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.pieces.as_slice().iter().map(|piece| piece.len() as u64).sum())
    }
}
