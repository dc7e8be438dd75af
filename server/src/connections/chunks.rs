//! Follows a chunked body to its end: RFC 9112, section 7.1.

use super::fault::ConnectionFault;

/// Maximum digits of a chunk's size: more than any chunk needs, and few enough for a `u64`.
const MAX_DIGITS: u8 = 15;
/// Maximum bytes of all chunk extensions of a body, which nothing reads. hyper takes 16 KiB.
const MAX_EXTENSION_BYTES: u16 = 4 * 1024;
/// Maximum bytes of all trailers of a body, which nothing reads either. hyper takes 16 KiB.
const MAX_TRAILER_BYTES: u16 = 4 * 1024;
/// Maximum number of trailers of a body.
const MAX_TRAILER_LINES: u8 = 32;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ChunkState {
    Size { size: u64, digits: u8 },
    Extension { size: u64 },
    SizeEnd { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataEnd,
    TrailerBegin,
    TrailerName,
    TrailerValue,
    TrailerEnd,
    LastLine,
    End,
}

/// Progress through one chunked body.
#[derive(Clone, Debug)]
pub(super) struct Chunks {
    state: ChunkState,
    extension_bytes: u16,
    trailer_bytes: u16,
    trailer_lines: u8,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { state: ChunkState::Size { size: 0, digits: 0 }, extension_bytes: 0, trailer_bytes: 0, trailer_lines: 0 }
    }

    /// Reads the next bytes. Returns how many of them belong to the body, whether it ends with them, and the
    /// fault of the byte that follows.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, bool, Option<ConnectionFault>) {
        let mut consumed = 0;
        while consumed < bytes.len() {
            if let ChunkState::Data { left } = self.state {
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - consumed);
                consumed += length;
                let left = left - length as u64;
                self.state = if left == 0 { ChunkState::DataReturn } else { ChunkState::Data { left } };
                continue;
            }
            match self.step(bytes[consumed]) {
                None => return (consumed, false, Some(ConnectionFault::Chunk)),
                Some(state) => self.state = state,
            }
            consumed += 1;
            if self.state == ChunkState::End {
                return (consumed, true, None);
            }
        }
        (consumed, false, None)
    }

    /// The state after the next byte outside of data; `None` if that byte is wrong.
    fn step(&mut self, byte: u8) -> Option<ChunkState> {
        let is_text = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
        match (self.state, byte) {
            (ChunkState::Size { size, digits }, _) if byte.is_ascii_hexdigit() && digits < MAX_DIGITS => {
                let digit = u64::from(char::from(byte).to_digit(16)?);
                Some(ChunkState::Size { size: (size << 4) | digit, digits: digits + 1 })
            }
            (ChunkState::Size { size, digits: 1.. }, b'\r') | (ChunkState::Extension { size }, b'\r') => {
                Some(ChunkState::SizeEnd { size })
            }
            (ChunkState::Size { size, digits: 1.. }, b';') => Some(ChunkState::Extension { size }),
            (ChunkState::Extension { size }, _) if is_text && self.extension_bytes < MAX_EXTENSION_BYTES => {
                self.extension_bytes += 1;
                Some(ChunkState::Extension { size })
            }
            (ChunkState::SizeEnd { size: 0 }, b'\n') => Some(ChunkState::TrailerBegin),
            (ChunkState::SizeEnd { size }, b'\n') => Some(ChunkState::Data { left: size }),
            (ChunkState::DataReturn, b'\r') => Some(ChunkState::DataEnd),
            (ChunkState::DataEnd, b'\n') => Some(ChunkState::Size { size: 0, digits: 0 }),
            (ChunkState::TrailerBegin, b'\r') => Some(ChunkState::LastLine),
            (ChunkState::LastLine, b'\n') => Some(ChunkState::End),
            (ChunkState::TrailerBegin | ChunkState::TrailerName, _) if is_token(byte) => {
                self.count_trailer_byte(ChunkState::TrailerName)
            }
            (ChunkState::TrailerName, b':') => self.count_trailer_byte(ChunkState::TrailerValue),
            (ChunkState::TrailerValue, b'\r') => self.end_trailer_line(),
            (ChunkState::TrailerEnd, b'\n') => Some(ChunkState::TrailerBegin),
            (ChunkState::TrailerValue, _) if is_text => self.count_trailer_byte(ChunkState::TrailerValue),
            _ => None,
        }
    }

    fn end_trailer_line(&mut self) -> Option<ChunkState> {
        self.trailer_lines += 1;
        (self.trailer_lines <= MAX_TRAILER_LINES).then_some(ChunkState::TrailerEnd)
    }

    fn count_trailer_byte(&mut self, next: ChunkState) -> Option<ChunkState> {
        self.trailer_bytes += 1;
        (self.trailer_bytes < MAX_TRAILER_BYTES).then_some(next)
    }
}

/// Whether a byte may occur in a token: RFC 9110, section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_ends_where_it_says() {
        for (body, rest) in [
            ("0\r\n\r\n", "x"),
            ("3\r\nabc\r\n0\r\n\r\n", "GET /"),
            ("00003\r\n\r\n\r\r\n0\r\n\r\n", ""),
            ("A;name=value\r\n0123456789\r\n0;last\r\n\r\n", ""),
            ("0\r\nx-checksum: 1\r\nempty:\r\n\r\n", "0\r\n\r\n"),
        ] {
            let all = format!("{body}{rest}");
            assert_eq!(Chunks::new().take(all.as_bytes()), (body.len(), true, None), "{all:?}");
        }
    }

    #[test]
    fn what_others_may_read_otherwise_is_refused() {
        for wrong in [
            "\r\n",
            "zz\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            "1_0\r\n",
            " 1\r\n",
            "1 \r\n",
            "1\n",
            "1;x\n",
            "1\rx",
            "1\r\na\n",
            "1\r\nab",
            "3\r\nabc0\r\n\r\n",
            "0000000000000001\r\n",
            "ffffffffffffffff\r\n",
            "0\r\n\n",
            "0\r\nx\r\n\r\n",
            "0\r\n: a\r\n\r\n",
            "0\r\n folded: a\r\n\r\n",
            "0\r\nx: a\n\r\n",
            "0\r\n\r\r",
        ] {
            let (consumed, ends, fault) = Chunks::new().take(wrong.as_bytes());
            assert!(consumed < wrong.len() && !ends && fault == Some(ConnectionFault::Chunk), "{wrong:?}");
        }
        let long = format!("1;{}\r\n", "x".repeat(5_000));
        assert_eq!(Chunks::new().take(long.as_bytes()).2, Some(ConnectionFault::Chunk));
        let many = format!("0\r\n{}\r\n", "a:\r\n".repeat(40));
        assert_eq!(Chunks::new().take(many.as_bytes()).2, Some(ConnectionFault::Chunk));
    }

    proptest! {
        #[test]
        fn it_matters_nothing_how_a_body_is_cut_into_pieces(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..8),
            cut in 1_usize..20,
            rest in "[a-z\r\n]{0,8}",
        ) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\n\r\n");
            let length = body.len();
            body.extend_from_slice(rest.as_bytes());
            let (mut reader, mut consumed, mut ended) = (Chunks::new(), 0, false);
            while !ended {
                let piece = &body[consumed..body.len().min(consumed + cut)];
                let (read, ends, fault) = reader.take(piece);
                prop_assert!(fault.is_none() && read > 0);
                consumed += read;
                ended = ends;
            }
            prop_assert_eq!(consumed, length);
        }
    }
}
