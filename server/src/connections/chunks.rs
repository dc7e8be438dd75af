//! Follows a chunked body to its end: RFC 9112, section 7.1.

use super::fault::Fault;

/// Most digits of a chunk's size: more than any chunk needs, and less than a number holds.
const MOST_DIGITS: u8 = 15;
/// Most bytes of all extensions of a body's chunks, which nobody reads. hyper takes 16 KiB.
const EXTENSIONS: u16 = 4 * 1024;
/// Most bytes of all trailers, which nobody reads either. hyper takes 16 KiB.
const TRAILERS: u16 = 4 * 1024;
/// Most trailers of a body.
const TRAILER_LINES: u8 = 32;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
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

/// How far a chunked body has come.
#[derive(Clone, Debug)]
pub(super) struct Chunks {
    place: Place,
    extensions: u16,
    trailers: u16,
    trailer_lines: u8,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { place: Place::Size { size: 0, digits: 0 }, extensions: 0, trailers: 0, trailer_lines: 0 }
    }

    /// How many of the next bytes belong to the body, whether it ends with them, and what is wrong with what follows.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, bool, Option<Fault>) {
        let mut taken = 0;
        while taken < bytes.len() {
            if let Place::Data { left } = self.place {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - taken);
                taken += here;
                let left = left - here as u64;
                self.place = if left == 0 { Place::DataReturn } else { Place::Data { left } };
                continue;
            }
            match self.step(bytes[taken]) {
                None => return (taken, false, Some(Fault::Chunk)),
                Some(place) => self.place = place,
            }
            taken += 1;
            if self.place == Place::End {
                return (taken, true, None);
            }
        }
        (taken, false, None)
    }

    /// Where the next byte leads, outside of data.
    fn step(&mut self, byte: u8) -> Option<Place> {
        let is_text = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
        match (self.place, byte) {
            (Place::Size { size, digits }, _) if byte.is_ascii_hexdigit() && digits < MOST_DIGITS => {
                let digit = u64::from(char::from(byte).to_digit(16)?);
                Some(Place::Size { size: (size << 4) | digit, digits: digits + 1 })
            }
            (Place::Size { size, digits: 1.. }, b'\r') | (Place::Extension { size }, b'\r') => {
                Some(Place::SizeEnd { size })
            }
            (Place::Size { size, digits: 1.. }, b';') => Some(Place::Extension { size }),
            (Place::Extension { size }, _) if is_text && self.extensions < EXTENSIONS => {
                self.extensions += 1;
                Some(Place::Extension { size })
            }
            (Place::SizeEnd { size: 0 }, b'\n') => Some(Place::TrailerBegin),
            (Place::SizeEnd { size }, b'\n') => Some(Place::Data { left: size }),
            (Place::DataReturn, b'\r') => Some(Place::DataEnd),
            (Place::DataEnd, b'\n') => Some(Place::Size { size: 0, digits: 0 }),
            (Place::TrailerBegin, b'\r') => Some(Place::LastLine),
            (Place::LastLine, b'\n') => Some(Place::End),
            (Place::TrailerBegin | Place::TrailerName, _) if is_token(byte) => self.trailer(Place::TrailerName),
            (Place::TrailerName, b':') => self.trailer(Place::TrailerValue),
            (Place::TrailerValue, b'\r') => self.trailer_line(),
            (Place::TrailerEnd, b'\n') => Some(Place::TrailerBegin),
            (Place::TrailerValue, _) if is_text => self.trailer(Place::TrailerValue),
            _ => None,
        }
    }

    fn trailer_line(&mut self) -> Option<Place> {
        self.trailer_lines += 1;
        (self.trailer_lines <= TRAILER_LINES).then_some(Place::TrailerEnd)
    }

    fn trailer(&mut self, next: Place) -> Option<Place> {
        self.trailers += 1;
        (self.trailers < TRAILERS).then_some(next)
    }
}

/// RFC 9110, section 5.6.2.
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
            let (taken, ends, fault) = Chunks::new().take(wrong.as_bytes());
            assert!(taken < wrong.len() && !ends && fault == Some(Fault::Chunk), "{wrong:?}");
        }
        let long = format!("1;{}\r\n", "x".repeat(5_000));
        assert_eq!(Chunks::new().take(long.as_bytes()).2, Some(Fault::Chunk));
        let many = format!("0\r\n{}\r\n", "a:\r\n".repeat(40));
        assert_eq!(Chunks::new().take(many.as_bytes()).2, Some(Fault::Chunk));
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
            let (mut reader, mut taken, mut ended) = (Chunks::new(), 0, false);
            while !ended {
                let piece = &body[taken..body.len().min(taken + cut)];
                let (here, ends, fault) = reader.take(piece);
                prop_assert!(fault.is_none() && here > 0);
                taken += here;
                ended = ends;
            }
            prop_assert_eq!(taken, length);
        }
    }
}
