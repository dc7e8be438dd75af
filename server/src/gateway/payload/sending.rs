//! The HTTP body of a request to a provider.

use std::{
    collections::VecDeque,
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::Spool;

/// Size of reads from the file, in bytes.
const PIECE: u64 = 128 * 1024;

/// A spool can't be read.
#[derive(Debug, thiserror::Error)]
#[error("an upload can't be read from its file: {0}")]
pub(in crate::gateway) struct SpoolUnreadable(#[from] io::Error);

#[derive(Debug)]
pub(in crate::gateway) struct PayloadBody {
    parts: VecDeque<Part>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    left: u64,
}

#[derive(Debug)]
enum Part {
    Bytes(Bytes),
    File(Spool, Range<u64>),
}

impl PayloadBody {
    pub(super) fn from_bytes(bytes: Bytes) -> Self {
        Self { left: bytes.len() as u64, parts: VecDeque::from([Part::Bytes(bytes)]), reading: None }
    }

    /// Creates a body of two ranges of a spool, with `between` between them.
    pub(super) fn from_spool(spool: &Spool, [first, second]: [Range<u64>; 2], between: Bytes) -> Self {
        let left = (first.end - first.start) + between.len() as u64 + (second.end - second.start);
        let part = |range: Range<u64>| match spool.memory() {
            Some(bytes) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Part::Bytes(bytes.slice(at(range.start)..at(range.end)))
            }
            None => Part::File(spool.clone(), range),
        };
        Self { left, parts: VecDeque::from([part(first), Part::Bytes(between), part(second)]), reading: None }
    }

    fn emit(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, SpoolUnreadable>>> {
        self.left -= bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Body for PayloadBody {
    type Data = Bytes;
    type Error = SpoolUnreadable;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SpoolUnreadable>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(context));
                self.reading = None;
                return match read.map_err(io::Error::other).and_then(|read| read) {
                    Ok(bytes) => self.emit(bytes),
                    Err(error) => Poll::Ready(Some(Err(SpoolUnreadable(error)))),
                };
            }
            match self.parts.pop_front() {
                None => return Poll::Ready(None),
                Some(Part::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Part::Bytes(bytes)) => return self.emit(bytes),
                Some(Part::File(_, range)) if range.is_empty() => {}
                Some(Part::File(spool, range)) => {
                    let end = range.end.min(range.start + PIECE);
                    self.parts.push_front(Part::File(spool.clone(), end..range.end));
                    let length = usize::try_from(end - range.start).unwrap_or(0);
                    self.reading = Some(spawn_blocking(move || spool.read(range.start, length)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && self.reading.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
