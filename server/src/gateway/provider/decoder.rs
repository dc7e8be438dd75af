//! Decompresses answers that were requested uncompressed, piece by piece, in bounded memory.
//!
//! Source: RFC 9110, section 8.4.1, for the names; RFC 9659 for the largest window of zstd.

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

/// Size of the output buffer, in bytes.
const OUTPUT_BYTES: usize = 64 * 1024;
/// Bytes that a decoder gets at once: flate2 keeps output that doesn't fit its buffer until it gets more
/// input, and deflate makes at most 1032 bytes of one.
const INPUT_BYTES: usize = 60;
/// Largest window of zstd, as a power of two.
const MAX_WINDOW_LOG: u32 = 23;

/// A decoder for one answer's body.
pub(in crate::gateway) struct BodyDecoder {
    decoder: Decoder,
    output: Vec<u8>,
}

enum Decoder {
    Gzip(MultiGzDecoder<DecoderInput>),
    Deflate(ZlibDecoder<DecoderInput>),
    Brotli(Box<Decompressor<DecoderInput>>),
    Zstd(zstd::stream::read::Decoder<'static, DecoderInput>),
}

impl fmt::Debug for BodyDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyDecoder(…)")
    }
}

/// The next output of a decoder.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum DecodedPiece {
    Data(Bytes),
    /// None until the decoder gets more input.
    More,
    End,
}

impl BodyDecoder {
    /// Makes a decoder for an answer with these headers, and removes the compression from them; `None`
    /// without a compression, or with one that isn't supported.
    pub(super) fn of(headers: &mut HeaderMap) -> Option<Self> {
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
        let (Some(encoding), None) = (encodings.next(), encodings.next()) else { return None };
        let encoding = encoding.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        let input = DecoderInput::default();
        let decoder = match &*encoding {
            "gzip" | "x-gzip" => Decoder::Gzip(MultiGzDecoder::new(input)),
            "deflate" => Decoder::Deflate(ZlibDecoder::new(input)),
            "br" => {
                let mut decoder = Decompressor::new(input, INPUT_BYTES);
                // Limits the window to 16 MiB instead of a gigabyte.
                decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                Decoder::Brotli(Box::new(decoder))
            }
            "zstd" => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input).ok()?;
                decoder.window_log_max(MAX_WINDOW_LOG).ok()?;
                Decoder::Zstd(decoder)
            }
            _ => return None,
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        Some(Self { decoder, output: vec![0; OUTPUT_BYTES] })
    }

    fn input(&mut self) -> &mut DecoderInput {
        match &mut self.decoder {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
            Decoder::Brotli(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// Adds input, once all of it so far has been consumed.
    pub(super) fn feed(&mut self, bytes: Bytes) {
        let input = self.input();
        input.is_empty &= bytes.is_empty();
        input.bytes = bytes;
    }

    /// Marks the end of the input.
    pub(super) fn end(&mut self) {
        self.input().is_over = true;
    }

    /// Returns the next output; an error if the input is invalid or truncated.
    pub(super) fn next(&mut self) -> io::Result<DecodedPiece> {
        let input = self.input();
        if input.is_empty {
            return Ok(if input.is_over { DecodedPiece::End } else { DecodedPiece::More });
        }
        let read = match &mut self.decoder {
            Decoder::Gzip(decoder) => decoder.read(&mut self.output),
            Decoder::Deflate(decoder) => decoder.read(&mut self.output),
            Decoder::Brotli(decoder) => decoder.read(&mut self.output),
            Decoder::Zstd(decoder) => decoder.read(&mut self.output),
        };
        match read {
            Ok(0) if self.input().is_over => Ok(DecodedPiece::End),
            // Bytes after the end are ignored.
            Ok(0) => {
                self.input().bytes.clear();
                Ok(DecodedPiece::More)
            }
            Ok(read) => Ok(DecodedPiece::Data(Bytes::copy_from_slice(&self.output[..read]))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(DecodedPiece::More),
            Err(error) => Err(error),
        }
    }
}

/// The input of a decoder.
struct DecoderInput {
    bytes: Bytes,
    /// Whether no byte has arrived yet.
    is_empty: bool,
    is_over: bool,
}

impl Default for DecoderInput {
    fn default() -> Self {
        Self { bytes: Bytes::new(), is_empty: true, is_over: false }
    }
}

impl BufRead for DecoderInput {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.is_empty() && !self.is_over {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&self.bytes[..self.bytes.len().min(INPUT_BYTES)])
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.advance(amount);
    }
}

impl Read for DecoderInput {
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

    /// Decodes `encoded`, which arrives in pieces of `size`.
    fn decoded(encoding: &'static str, encoded: &[u8], size: usize) -> io::Result<Vec<u8>> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        headers.insert(CONTENT_LENGTH, 7.into());
        let mut decoder = BodyDecoder::of(&mut headers).unwrap();
        assert!(headers.is_empty());
        let mut pieces = encoded.chunks(size);
        let mut all = Vec::new();
        loop {
            match decoder.next()? {
                DecodedPiece::Data(data) => all.extend_from_slice(&data),
                DecodedPiece::End => return Ok(all),
                DecodedPiece::More => match pieces.next() {
                    Some(piece) => decoder.feed(Bytes::copy_from_slice(piece)),
                    None => decoder.end(),
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

    /// The text `hello hello hello `, compressed by Node.js.
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
        let mut decoder = BodyDecoder::of(&mut headers).unwrap();
        for event in ["data: 1\n\n", &"data: 2\n\n".repeat(100_000)] {
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            decoder.feed(std::mem::take(encoder.get_mut()).into());
            let mut read = Vec::new();
            while let DecodedPiece::Data(data) = decoder.next().unwrap() {
                read.extend_from_slice(&data);
            }
            assert_eq!(read, event.as_bytes());
        }
    }

    #[test]
    fn what_isnt_known_stays_as_it_is() {
        for encoding in ["identity", "compress", "gzip, br", ""] {
            let mut headers = HeaderMap::from_iter([(CONTENT_ENCODING, encoding.parse().unwrap())]);
            assert!(BodyDecoder::of(&mut headers).is_none() && !headers.is_empty(), "{encoding}");
        }
    }
}
