//! Decompresses gzip bodies (RFC 1952) within limits, since a few bytes may expand to gigabytes.

use std::io::{self, Cursor, Read};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::bufread::GzDecoder;

use super::error::V1Error;

/// Bytes decompressed per step.
const STEP: u64 = 1024 * 1024;

/// Whether the headers declare a gzip body. Other and multiple encodings are rejected: the provider would
/// read such a body differently.
pub(crate) fn is_declared(headers: &HeaderMap) -> Result<bool, V1Error> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter().map(|value| value.as_bytes().trim_ascii());
    let mut codings = codings.filter(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(coding), None) if is_gzip(coding) => Ok(true),
        _ => Err(not_accepted("Send the body uncompressed, or with `content-encoding: gzip`.")),
    }
}

/// Whether a coding is gzip, by its name or its older alias (RFC 9110, section 8.4.1.3).
fn is_gzip(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
}

/// 415: the body's encoding isn't accepted by the endpoint.
pub(crate) fn not_accepted(message: &'static str) -> V1Error {
    V1Error::wrong_content_type(message)
}

/// An error of decompression.
#[derive(Debug)]
pub(crate) enum GzipError {
    TooLarge,
    /// The body isn't valid gzip.
    NotGzip,
}

impl GzipError {
    /// Converts to the error for clients, given the maximum size of the body.
    pub(crate) fn to_v1_error(&self, max_bytes: usize) -> V1Error {
        match self {
            Self::TooLarge => V1Error::body_too_large(max_bytes as u64),
            Self::NotGzip => V1Error::malformed("The body isn't gzip, although `content-encoding` says so."),
        }
    }
}

/// A body that is decompressed step by step.
pub(crate) struct GunzipBody {
    decoder: GzDecoder<Cursor<Bytes>>,
    max_bytes: usize,
    /// The decompressed bytes.
    pub(crate) plain: Vec<u8>,
}

impl GunzipBody {
    /// Creates a body of at most `max_bytes` decompressed bytes.
    pub(crate) fn new(compressed: Bytes, max_bytes: usize) -> Self {
        Self { decoder: GzDecoder::new(Cursor::new(compressed)), max_bytes, plain: Vec::new() }
    }

    /// Decompresses the next bytes, and returns their number; 0 at the end. CPU-bound:
    /// call it on a blocking thread.
    pub(crate) fn step(&mut self) -> Result<usize, GzipError> {
        let read: io::Result<usize> = (&mut self.decoder).take(STEP).read_to_end(&mut self.plain);
        let read = read.map_err(|_| GzipError::NotGzip)?;
        let rest = self.decoder.get_ref();
        if self.plain.len() > self.max_bytes {
            Err(GzipError::TooLarge)
        } else if read == 0 && rest.position() < rest.get_ref().len() as u64 {
            // RFC 1952 allows several members, but no client sends them, and each costs
            // time even if it is empty.
            Err(GzipError::NotGzip)
        } else {
            Ok(read)
        }
    }

    /// Decompresses the whole body.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, GzipError> {
        while self.step()? > 0 {}
        Ok(self.plain)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn compress(plain: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    fn coding(values: &[&str]) -> Option<bool> {
        let mut all = HeaderMap::new();
        for value in values {
            all.append(header::CONTENT_ENCODING, value.parse().unwrap());
        }
        is_declared(&all).ok()
    }

    #[test]
    fn one_coding_is_read() {
        for (values, expected) in [
            (&[][..], Some(false)),
            (&["identity"][..], Some(false)),
            (&["GZIP"][..], Some(true)),
            (&["x-gzip", "identity"][..], Some(true)),
            (&["gzip", "gzip"][..], None),
            (&["gzip, gzip"][..], None),
            (&["br"][..], None),
            (&[""][..], None),
        ] {
            assert_eq!(coding(values), expected, "{values:?}");
        }
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_a_size() {
        let plain = vec![b'a'; 3 * 1024 * 1024];
        let compressed = compress(&plain);
        assert!(compressed.len() < 10_000);
        assert_eq!(GunzipBody::new(compressed.clone(), plain.len()).finish().unwrap(), plain);
        assert!(matches!(GunzipBody::new(compressed.clone(), plain.len() - 1).finish(), Err(GzipError::TooLarge)));
        let twice = [&compressed[..], &compressed].concat();
        assert!(matches!(GunzipBody::new(twice.into(), usize::MAX).finish(), Err(GzipError::NotGzip)));
        for wrong in [Bytes::new(), compressed.slice(..compressed.len() - 1), Bytes::from_static(b"{}")] {
            assert!(matches!(GunzipBody::new(wrong, usize::MAX).finish(), Err(GzipError::NotGzip)));
        }
        let mut more = compressed.to_vec();
        more.extend_from_slice(b"{}");
        assert!(GunzipBody::new(more.into(), usize::MAX).finish().is_err());
    }

    #[test]
    fn a_bomb_is_given_up_soon_after_its_limit() {
        let compressed = compress(&vec![0; 64 * 1024 * 1024]);
        let mut body = GunzipBody::new(compressed, 1024);
        assert!(body.step().is_err());
        assert!(body.plain.len() <= STEP as usize);
    }
}
