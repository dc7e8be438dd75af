//! Bodies that are compressed by gzip (RFC 1952), unpacked within limits: a few bytes may stand for very many.

use std::io::{self, Cursor, Read};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::bufread::GzDecoder;

use super::error::Refusal;

/// How much is unpacked at once, in bytes.
const STEP: u64 = 1024 * 1024;

/// Whether a body with these headers is compressed by gzip. One that is in another way, or in several, is refused: it would
/// be read otherwise by its provider than here.
pub(crate) fn is_said(headers: &HeaderMap) -> Result<bool, Refusal> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter().map(|value| value.as_bytes().trim_ascii());
    let mut codings = codings.filter(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(coding), None) if is_gzip(coding) => Ok(true),
        _ => Err(refused("Send the body as it is, or with `content-encoding: gzip`.")),
    }
}

/// By its name, or by the older one that means the same (RFC 9110, section 8.4.1.3).
fn is_gzip(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
}

/// 415: the body is compressed in a way that isn't read where it was sent.
pub(crate) fn refused(message: &'static str) -> Refusal {
    Refusal::wrong_content_type(message)
}

/// Why something can't be unpacked.
#[derive(Debug)]
pub(crate) enum Fault {
    TooLarge,
    /// It isn't what it was said to be.
    NotGzip,
}

impl Fault {
    /// As a client is told it, of a body that may have so many bytes.
    pub(crate) fn refusal(&self, most: usize) -> Refusal {
        match self {
            Self::TooLarge => Refusal::body_too_large(most as u64),
            Self::NotGzip => Refusal::malformed("The body isn't gzip, though its `content-encoding` says so."),
        }
    }
}

/// A body that is being unpacked, step by step.
pub(crate) struct Unpacking {
    packed: GzDecoder<Cursor<Bytes>>,
    most: usize,
    /// What is unpacked of it.
    pub(crate) plain: Vec<u8>,
}

impl Unpacking {
    /// It may have `most` bytes.
    pub(crate) fn new(packed: Bytes, most: usize) -> Self {
        Self { packed: GzDecoder::new(Cursor::new(packed)), most, plain: Vec::new() }
    }

    /// Unpacks a little more, and tells how much: nothing at the end. It is work for a thread of its own.
    pub(crate) fn step(&mut self) -> Result<usize, Fault> {
        let read: io::Result<usize> = (&mut self.packed).take(STEP).read_to_end(&mut self.plain);
        let read = read.map_err(|_| Fault::NotGzip)?;
        let rest = self.packed.get_ref();
        if self.plain.len() > self.most {
            Err(Fault::TooLarge)
        } else if read == 0 && rest.position() < rest.get_ref().len() as u64 {
            // Another member would be allowed, but nobody sends several: each costs time, however little is in it.
            Err(Fault::NotGzip)
        } else {
            Ok(read)
        }
    }

    /// Unpacks all of it.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Fault> {
        while self.step()? > 0 {}
        Ok(self.plain)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(plain: &[u8]) -> Bytes {
        let mut packing = GzEncoder::new(Vec::new(), Compression::best());
        packing.write_all(plain).unwrap();
        packing.finish().unwrap().into()
    }

    fn coding(values: &[&str]) -> Option<bool> {
        let mut all = HeaderMap::new();
        for value in values {
            all.append(header::CONTENT_ENCODING, value.parse().unwrap());
        }
        is_said(&all).ok()
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
        let packed = packed(&plain);
        assert!(packed.len() < 10_000);
        assert_eq!(Unpacking::new(packed.clone(), plain.len()).finish().unwrap(), plain);
        assert!(matches!(Unpacking::new(packed.clone(), plain.len() - 1).finish(), Err(Fault::TooLarge)));
        let twice = [&packed[..], &packed].concat();
        assert!(matches!(Unpacking::new(twice.into(), usize::MAX).finish(), Err(Fault::NotGzip)));
        for wrong in [Bytes::new(), packed.slice(..packed.len() - 1), Bytes::from_static(b"{}")] {
            assert!(matches!(Unpacking::new(wrong, usize::MAX).finish(), Err(Fault::NotGzip)));
        }
        let mut more = packed.to_vec();
        more.extend_from_slice(b"{}");
        assert!(Unpacking::new(more.into(), usize::MAX).finish().is_err());
    }

    #[test]
    fn a_bomb_is_given_up_soon_after_its_limit() {
        let packed = packed(&vec![0; 64 * 1024 * 1024]);
        let mut unpacking = Unpacking::new(packed, 1024);
        assert!(unpacking.step().is_err());
        assert!(unpacking.plain.len() <= STEP as usize);
    }
}
