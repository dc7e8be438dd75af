//! Copies a body as it passes.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::Body,
    http::{HeaderMap, header::CONTENT_TYPE},
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::capture::{Capture, Direction, harmless};

/// One side of a call, as much of it as is kept.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) headers: Vec<(String, String)>,
    /// The essence of its type, such as `application/json`.
    pub(super) kind: String,
    pub(super) is_stream: bool,
    /// The end of what passed, and of what isn't a stream all of it.
    pub(super) bytes: Vec<u8>,
    /// What came before it, compressed piece by piece.
    pub(super) squeezed: Vec<Vec<u8>>,
    /// How many bytes passed.
    pub(super) total: u64,
    /// How many of them are kept at most.
    pub(super) limit: usize,
    /// How many bytes of it were taken.
    pub(super) taken: usize,
}

/// How much of a stream stands uncompressed: most calls' streams are shorter, and of many long ones at once nearly all
/// is compressed, ten times and more, since each event repeats the one before.
const PIECE: usize = 64 * 1024;
/// zstd's fastest level of those that aren't wasteful: a piece takes it a tenth of a millisecond.
const LEVEL: i32 = 1;

impl Side {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self { headers: harmless(headers), kind, ..Self::default() }
    }

    /// How much of the next so many bytes is wanted.
    pub(super) fn wants(&self, bytes: usize) -> usize {
        self.limit.saturating_sub(self.taken).min(bytes)
    }

    /// How much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.squeezed.iter().map(Vec::len).sum::<usize>()
    }

    /// Takes more; tells how much memory that freed, where it compressed what it had.
    pub(super) fn push(&mut self, data: &[u8]) -> usize {
        self.taken += data.len();
        self.bytes.extend_from_slice(data);
        if !self.is_stream || self.bytes.len() < PIECE {
            return 0;
        }
        match zstd::bulk::compress(&self.bytes, LEVEL) {
            Ok(squeezed) if squeezed.len() < self.bytes.len() => {
                let freed = self.bytes.len() - squeezed.len();
                self.squeezed.push(squeezed);
                self.bytes.clear();
                freed
            }
            // It stays as it is, and the limit holds all the same.
            _ => 0,
        }
    }

    /// All that was taken.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        if self.squeezed.is_empty() {
            return self.bytes;
        }
        let mut all = Vec::with_capacity(self.taken);
        for piece in &self.squeezed {
            // What was just compressed can be read; were it not, the rest would make no sense.
            match zstd::bulk::decompress(piece, self.taken) {
                Ok(piece) => all.extend_from_slice(&piece),
                Err(_) => return all,
            }
        }
        all.extend_from_slice(&self.bytes);
        all
    }
}

/// A body, copied as it passes.
pub(super) struct Tee {
    body: Body,
    capture: Capture,
    direction: Direction,
}

impl Tee {
    pub(super) fn new(body: Body, capture: Capture, direction: Direction) -> Self {
        Self { body, capture, direction }
    }
}

impl hyper::body::Body for Tee {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.capture.passed(self.direction, data);
        }
        Poll::Ready(frame)
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
    use super::*;

    #[test]
    fn a_long_stream_takes_little_room_and_is_all_there() {
        let mut side = Side { is_stream: true, limit: 1_000_000, ..Side::default() };
        let mut room = 0;
        let mut all = Vec::new();
        for number in 0..20_000 {
            let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{number}\"}}}}]}}\n\n");
            let wanted = side.wants(event.len());
            room += wanted;
            all.extend_from_slice(&event.as_bytes()[..wanted]);
            room -= side.push(&event.as_bytes()[..wanted]);
        }
        assert_eq!((all.len(), room), (1_000_000, side.size()));
        assert!(room < 3 * PIECE, "{room}");
        assert_eq!(side.into_bytes(), all);
    }
}
