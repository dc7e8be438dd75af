//! The captured bodies of a call, and the budget of their bytes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use domain::{
    bodies::BodySettings,
    ids::{CallId, OrganizationId},
    time::Timestamp,
};

/// Maximum of all copies together, including those that wait for the writer, in bytes.
const MAX_TOTAL_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of a stream that are kept uncompressed. Most streams are shorter. Long ones shrink to a tenth or
/// less, since each event repeats the one before.
const PIECE: usize = 64 * 1024;
/// zstd's fastest reasonable level: a piece takes a tenth of a millisecond.
const LEVEL: i32 = 1;

/// The bytes taken by all copies. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct CaptureBudget(Arc<AtomicUsize>);

impl CaptureBudget {
    pub(super) fn take(&self, bytes: usize) -> bool {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > MAX_TOTAL_BYTES {
            self.0.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        true
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The bodies of a finished call.
#[derive(Debug)]
pub(super) struct CapturedBodies {
    pub(super) organization_id: OrganizationId,
    pub(super) settings: BodySettings,
    pub(super) call_id: CallId,
    pub(super) started_at: Timestamp,
    pub(super) path: &'static str,
    pub(super) request: CapturedSide,
    pub(super) response: CapturedSide,
    /// Bytes taken from the budget.
    pub(super) size: usize,
}

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

/// Copies headers without secrets: a value that might contain one is replaced.
fn redact_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    const SECRET: [&str; 9] =
        ["authorization", "cookie", "key", "token", "secret", "password", "signature", "credential", "session"];
    let redacted = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        let name = name.as_str();
        // `x-ratelimit-remaining-tokens` counts another kind of token.
        let has_secret_name = !name.starts_with("x-ratelimit-") && SECRET.iter().any(|part| name.contains(part));
        let is_secret = value.is_sensitive() || has_secret_name;
        let value =
            if is_secret { "[redacted]".to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
        (name.to_owned(), value)
    };
    headers.iter().map(redacted).collect()
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
