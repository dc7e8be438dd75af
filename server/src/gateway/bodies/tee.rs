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

use super::capture::{Capture, Direction, redact_headers};

/// The captured part of one side of a call.
#[derive(Debug, Default)]
pub(super) struct CapturedSide {
    pub(super) headers: Vec<(String, String)>,
    /// The media type without parameters, such as `application/json`.
    pub(super) media_type: String,
    pub(super) is_stream: bool,
    /// The captured bytes: all of them, or of a stream the last ones.
    pub(super) bytes: Vec<u8>,
    /// The bytes of a stream before those in `bytes`, in compressed pieces.
    pub(super) compressed: Vec<Vec<u8>>,
    /// Number of bytes that passed.
    pub(super) total: u64,
    /// Maximum of bytes to capture.
    pub(super) limit: usize,
    /// Number of captured bytes, uncompressed.
    pub(super) captured: usize,
}

/// Bytes of a stream that are kept uncompressed. Most streams are shorter. Long ones shrink to a tenth or
/// less, since each event repeats the one before.
const PIECE: usize = 64 * 1024;
/// zstd's fastest reasonable level: a piece takes a tenth of a millisecond.
const LEVEL: i32 = 1;

impl CapturedSide {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self { headers: redact_headers(headers), media_type, ..Self::default() }
    }

    /// How many of the next `bytes` are to be captured.
    pub(super) fn wanted_bytes(&self, bytes: usize) -> usize {
        self.limit.saturating_sub(self.captured).min(bytes)
    }

    /// Memory in use, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.compressed.iter().map(Vec::len).sum::<usize>()
    }

    /// Captures bytes. Returns the number of bytes of memory that compression freed.
    pub(super) fn push(&mut self, data: &[u8]) -> usize {
        self.captured += data.len();
        self.bytes.extend_from_slice(data);
        if !self.is_stream || self.bytes.len() < PIECE {
            return 0;
        }
        match zstd::bulk::compress(&self.bytes, LEVEL) {
            Ok(compressed) if compressed.len() < self.bytes.len() => {
                let freed = self.bytes.len() - compressed.len();
                self.compressed.push(compressed);
                self.bytes.clear();
                freed
            }
            // It stays uncompressed; the limit holds nevertheless.
            _ => 0,
        }
    }

    /// Returns all captured bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        if self.compressed.is_empty() {
            return self.bytes;
        }
        let mut all = Vec::with_capacity(self.captured);
        for piece in &self.compressed {
            // It was compressed here, so this can't fail. If it did, the rest would make no sense.
            match zstd::bulk::decompress(piece, self.captured) {
                Ok(piece) => all.extend_from_slice(&piece),
                Err(_) => return all,
            }
        }
        all.extend_from_slice(&self.bytes);
        all
    }
}

/// A body that is copied as it passes.
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
            self.capture.push(self.direction, data);
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
        let mut side = CapturedSide { is_stream: true, limit: 1_000_000, ..CapturedSide::default() };
        let mut size = 0;
        let mut all = Vec::new();
        for number in 0..20_000 {
            let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{number}\"}}}}]}}\n\n");
            let wanted = side.wanted_bytes(event.len());
            size += wanted;
            all.extend_from_slice(&event.as_bytes()[..wanted]);
            size -= side.push(&event.as_bytes()[..wanted]);
        }
        assert_eq!((all.len(), size), (1_000_000, side.size()));
        assert!(size < 3 * PIECE, "{size}");
        assert_eq!(side.into_bytes(), all);
    }
}
