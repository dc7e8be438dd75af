//! Undoes the compression of answers that were asked for without: piece by piece, in bounded memory.
//!
//! Source: RFC 9110, section 8.4.1, for the names; RFC 9659 for how far back zstd may look.

use std::{
    fmt,
    io::{self, BufRead, Read},
};

use axum::http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use bytes::{Buf, Bytes};
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;
/// How much is given to a decoder at once, in bytes: flate2 keeps what has no room in a piece until it is given more, and
/// deflate makes at most 1032 bytes of one.
const MORSEL: usize = 60;
/// How far back zstd may look, as a power of two.
const LARGEST_WINDOW: u32 = 23;

/// What undoes it.
pub(in crate::gateway) struct Decoding {
    decoder: Decoder,
    piece: Vec<u8>,
}

enum Decoder {
    Gzip(MultiGzDecoder<Fed>),
    Deflate(ZlibDecoder<Fed>),
    Brotli(Box<Decompressor<Fed>>),
    Zstd(zstd::stream::read::Decoder<'static, Fed>),
}

impl fmt::Debug for Decoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoding(…)")
    }
}

/// What comes next.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Decoded {
    Data(Bytes),
    /// Nothing before there is more to read.
    More,
    End,
}

impl Decoding {
    /// For an answer with these headers, which say no more of its compression then; `None` where there is none, or one that
    /// isn't known here.
    pub(super) fn of(headers: &mut HeaderMap) -> Option<Self> {
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
        let (Some(encoding), None) = (encodings.next(), encodings.next()) else { return None };
        let encoding = encoding.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        let fed = Fed::default();
        let decoder = match &*encoding {
            "gzip" | "x-gzip" => Decoder::Gzip(MultiGzDecoder::new(fed)),
            "deflate" => Decoder::Deflate(ZlibDecoder::new(fed)),
            "br" => {
                let mut decoder = Decompressor::new(fed, MORSEL);
                // It may look back 16 MiB, not a gigabyte.
                decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                Decoder::Brotli(Box::new(decoder))
            }
            "zstd" => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(fed).ok()?;
                decoder.window_log_max(LARGEST_WINDOW).ok()?;
                Decoder::Zstd(decoder)
            }
            _ => return None,
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        Some(Self { decoder, piece: vec![0; PIECE] })
    }

    fn fed(&mut self) -> &mut Fed {
        match &mut self.decoder {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
            Decoder::Brotli(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// Takes more to read, when all of what was there has been.
    pub(super) fn feed(&mut self, bytes: Bytes) {
        let fed = self.fed();
        fed.is_empty &= bytes.is_empty();
        fed.bytes = bytes;
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) {
        self.fed().is_over = true;
    }

    /// What comes next; an error where it makes no sense, or ends too early.
    pub(super) fn next(&mut self) -> io::Result<Decoded> {
        let fed = self.fed();
        if fed.is_empty {
            return Ok(if fed.is_over { Decoded::End } else { Decoded::More });
        }
        let read = match &mut self.decoder {
            Decoder::Gzip(decoder) => decoder.read(&mut self.piece),
            Decoder::Deflate(decoder) => decoder.read(&mut self.piece),
            Decoder::Brotli(decoder) => decoder.read(&mut self.piece),
            Decoder::Zstd(decoder) => decoder.read(&mut self.piece),
        };
        match read {
            Ok(0) if self.fed().is_over => Ok(Decoded::End),
            // What stands behind the end is nothing.
            Ok(0) => {
                self.fed().bytes.clear();
                Ok(Decoded::More)
            }
            Ok(read) => Ok(Decoded::Data(Bytes::copy_from_slice(&self.piece[..read]))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Decoded::More),
            Err(error) => Err(error),
        }
    }
}

/// What a decoder reads from.
struct Fed {
    bytes: Bytes,
    /// Whether nothing came until now.
    is_empty: bool,
    is_over: bool,
}

impl Default for Fed {
    fn default() -> Self {
        Self { bytes: Bytes::new(), is_empty: true, is_over: false }
    }
}

impl BufRead for Fed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.is_empty() && !self.is_over {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&self.bytes[..self.bytes.len().min(MORSEL)])
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.advance(amount);
    }
}

impl Read for Fed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{GzEncoder, ZlibEncoder},
    };

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// All that comes of `encoded`, which arrives in pieces of `size`.
    fn decoded(encoding: &'static str, encoded: &[u8], size: usize) -> io::Result<Vec<u8>> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        headers.insert(CONTENT_LENGTH, 7.into());
        let mut decoding = Decoding::of(&mut headers).unwrap();
        assert!(headers.is_empty());
        let mut pieces = encoded.chunks(size);
        let mut all = Vec::new();
        loop {
            match decoding.next()? {
                Decoded::Data(data) => all.extend_from_slice(&data),
                Decoded::End => return Ok(all),
                Decoded::More => match pieces.next() {
                    Some(piece) => decoding.feed(Bytes::copy_from_slice(piece)),
                    None => decoding.end(),
                },
            }
        }
    }

    #[test]
    fn what_was_compressed_comes_out_wherever_it_was_cut() {
        let text = "Once upon a time. ".repeat(20_000);
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(text.as_bytes()).unwrap();
        let deflated = deflate.finish().unwrap();
        let two = [gzip(b"Once upon "), gzip(b"a time.")].concat();
        for size in [1, 7, 1000, usize::MAX] {
            assert_eq!(decoded("gzip", &gzip(text.as_bytes()), size).unwrap(), text.as_bytes(), "{size}");
            assert_eq!(decoded("X-GZIP", &two, size).unwrap(), b"Once upon a time.", "{size}");
            assert_eq!(decoded("deflate", &deflated, size).unwrap(), text.as_bytes(), "{size}");
            let zstd = zstd::encode_all(text.as_bytes(), 3).unwrap();
            assert_eq!(decoded("zstd", &zstd, size).unwrap(), text.as_bytes(), "{size}");
            assert_eq!(decoded("br", BROTLI, size).unwrap(), "hello ".repeat(3).as_bytes(), "{size}");
            assert_eq!(decoded("gzip", b"", size).unwrap(), b"", "{size}");
        }
    }

    /// `hello hello hello `, as Node.js compresses it.
    const BROTLI: &[u8] = &[
        0x1b, 0x11, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0x96, 0x6c, 0x20, 0x6f, 0x11, 0x4f, 0x1c,
        0x40, 0x1c,
    ];

    #[test]
    fn what_ends_too_early_or_makes_no_sense_is_an_error() {
        let text = "Once upon a time. ".repeat(20_000);
        let (gzip, zstd) = (gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 3).unwrap());
        for (encoding, encoded) in [("gzip", &gzip[..]), ("zstd", &zstd), ("br", BROTLI)] {
            assert!(decoded(encoding, &encoded[..encoded.len() - 4], 7).is_err(), "{encoding}");
            assert!(decoded(encoding, b"no such thing", 7).is_err(), "{encoding}");
        }
    }

    #[test]
    fn what_was_flushed_comes_at_once() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut headers = HeaderMap::from_iter([(CONTENT_ENCODING, "gzip".parse().unwrap())]);
        let mut decoding = Decoding::of(&mut headers).unwrap();
        for event in ["data: 1\n\n", &"data: 2\n\n".repeat(100_000)] {
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            decoding.feed(std::mem::take(encoder.get_mut()).into());
            let mut read = Vec::new();
            while let Decoded::Data(data) = decoding.next().unwrap() {
                read.extend_from_slice(&data);
            }
            assert_eq!(read, event.as_bytes());
        }
    }

    #[test]
    fn what_isnt_known_stays_as_it_is() {
        for encoding in ["identity", "compress", "gzip, br", ""] {
            let mut headers = HeaderMap::from_iter([(CONTENT_ENCODING, encoding.parse().unwrap())]);
            assert!(Decoding::of(&mut headers).is_none() && !headers.is_empty(), "{encoding}");
        }
    }
}
