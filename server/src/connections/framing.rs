//! Where in the bytes of a connection requests begin and end.
//!
//! hyper knows as well, and takes what it shouldn't. It is given nothing that wasn't understood here first.

use super::{
    chunks::{Chunks, is_token},
    fault::Fault,
    head::{self, Length},
};

/// Largest head of a request, in bytes.
pub(super) const LARGEST_HEAD: usize = 64 * 1024;

#[derive(Debug)]
enum Place {
    Head(Lines),
    Sized { left: u64 },
    Chunked(Chunks),
}

/// How far a head was looked through.
#[derive(Debug, Default)]
struct Lines {
    /// So many bytes.
    seen: usize,
    /// Where its first line begins: behind empty lines, which are skipped (RFC 9112, section 2.2).
    begin: usize,
    /// Behind the last line's end.
    line: usize,
}

/// Follows one connection.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
    requests: u64,
}

/// What was found in some bytes.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Found {
    /// So many of them are right. Those of a head only when it is complete, and none of the request after.
    pub(super) good: usize,
    /// What is wrong with what follows.
    pub(super) fault: Option<Fault>,
}

impl Framing {
    pub(super) fn new() -> Self {
        Self { place: Place::Head(Lines::default()), requests: 0 }
    }

    /// How many heads were complete.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn is_in_body(&self) -> bool {
        !matches!(self.place, Place::Head(_))
    }

    /// Looks at the next bytes. Those that weren't good must come again, with more behind them.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Found {
        let mut good = 0;
        if let Place::Head(lines) = &mut self.place {
            let end = match lines.look(bytes) {
                Ok(Some(end)) => end,
                Ok(None) => return Found::default(),
                Err(fault) => return Found { good: 0, fault: Some(fault) },
            };
            match head::read(&bytes[lines.begin..end]) {
                Err(fault) => return Found { good: 0, fault: Some(fault) },
                Ok(length) => self.place = Self::behind(length),
            }
            self.requests += 1;
            good = end;
        }
        let (taken, fault) = self.look_in_body(&bytes[good..]);
        Found { good: good + taken, fault }
    }

    fn behind(length: Length) -> Place {
        match length {
            Length::Known(0) => Place::Head(Lines::default()),
            Length::Known(left) => Place::Sized { left },
            Length::Chunked => Place::Chunked(Chunks::new()),
        }
    }

    fn look_in_body(&mut self, bytes: &[u8]) -> (usize, Option<Fault>) {
        let (taken, ends, fault) = match &mut self.place {
            Place::Head(_) => return (0, None),
            Place::Sized { left } => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= here as u64;
                (here, *left == 0, None)
            }
            Place::Chunked(chunks) => chunks.take(bytes),
        };
        if ends {
            self.place = Place::Head(Lines::default());
        }
        (taken, fault)
    }
}

impl Lines {
    /// Where the head ends, if it does within these bytes.
    fn look(&mut self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        for found in memchr::memchr_iter(b'\n', &bytes[self.seen..]) {
            let feed = self.seen + found;
            if feed == 0 || bytes[feed - 1] != b'\r' {
                return Err(Fault::LineEnd);
            }
            let is_empty = feed - 1 == self.line;
            self.line = feed + 1;
            if is_empty && self.line - 2 > self.begin {
                return match self.line - self.begin {
                    ..=LARGEST_HEAD => Ok(Some(self.line)),
                    _ => Err(Fault::HeadTooLarge),
                };
            }
            if is_empty {
                self.begin = self.line;
            }
        }
        self.seen = bytes.len();
        // Otherwise what speaks another protocol would be waited for in vain.
        match bytes.get(self.begin) {
            Some(b'\r') | None => {}
            Some(byte) if is_token(*byte) => {}
            Some(_) => return Err(Fault::Malformed),
        }
        if bytes.len() > LARGEST_HEAD { Err(Fault::HeadTooLarge) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    fn good(bytes: usize) -> Found {
        Found { good: bytes, fault: None }
    }

    fn wrong(fault: Fault) -> Found {
        Found { good: 0, fault: Some(fault) }
    }

    #[test]
    fn a_head_counts_when_it_is_complete() {
        let mut framing = Framing::new();
        for end in 0..GET.len() {
            assert_eq!(framing.look(&GET.as_bytes()[..end]), Found::default(), "{end}");
        }
        assert_eq!((framing.look(GET.as_bytes()), framing.requests()), (good(GET.len()), 1));
    }

    #[test]
    fn one_request_is_found_at_a_time() {
        let all = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc\r\n{GET}{GET}");
        let mut framing = Framing::new();
        let first = all.len() - 2 * GET.len() - 2;
        assert_eq!(framing.look(all.as_bytes()), good(first));
        let second = first + 2 + GET.len();
        assert_eq!(framing.look(&all.as_bytes()[first..]), good(second - first));
        assert_eq!(framing.look(&all.as_bytes()[second..]), good(GET.len()));
        assert_eq!(framing.requests(), 3);
    }

    #[test]
    fn line_feeds_alone_are_refused_at_once() {
        for head in ["\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nhost: a\n", "GET / HTTP/1.1\r\nhost: a\r\n\n"] {
            assert_eq!(Framing::new().look(head.as_bytes()), wrong(Fault::LineEnd), "{head:?}");
        }
    }

    #[test]
    fn another_protocol_is_refused_at_once() {
        for bytes in [&b"\x16\x03\x01\x02\x00\x01"[..], b"\0", b" GET", b"(hello)"] {
            assert_eq!(Framing::new().look(bytes), wrong(Fault::Malformed), "{bytes:?}");
        }
        assert_eq!(Framing::new().look(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), wrong(Fault::Malformed));
    }

    #[test]
    fn a_head_has_a_largest_size() {
        let head = |length: usize| {
            let begin = "GET / HTTP/1.1\r\nhost: a\r\nx: ";
            format!("{begin}{}\r\n\r\n", "y".repeat(length - begin.len() - 4))
        };
        assert_eq!(Framing::new().look(head(LARGEST_HEAD).as_bytes()), good(LARGEST_HEAD));
        assert_eq!(Framing::new().look(head(LARGEST_HEAD + 1).as_bytes()), wrong(Fault::HeadTooLarge));
        assert_eq!(Framing::new().look("GET /".repeat(20_000).as_bytes()), wrong(Fault::HeadTooLarge));
    }

    #[test]
    fn what_is_right_before_a_wrong_chunk_is_told() {
        let all = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n";
        assert_eq!(
            Framing::new().look(all.as_bytes()),
            Found { good: all.len() - "zz\r\n".len(), fault: Some(Fault::Chunk) }
        );
    }

    proptest! {
        #[test]
        fn it_matters_nothing_how_requests_are_cut_into_pieces(
            bodies in proptest::collection::vec((any::<bool>(), 0_usize..50), 1..6),
            cut in 1_usize..60,
        ) {
            let mut all = String::new();
            for (chunked, length) in &bodies {
                let body = "b".repeat(*length);
                let (header, body) = match chunked {
                    false => (format!("content-length: {length}"), body),
                    true if body.is_empty() => ("transfer-encoding: chunked".to_owned(), "0\r\n\r\n".to_owned()),
                    true => ("transfer-encoding: chunked".to_owned(), format!("{length:x}\r\n{body}\r\n0\r\n\r\n")),
                };
                all.push_str(&format!("POST / HTTP/1.1\r\nhost: a\r\n{header}\r\n\r\n{body}"));
            }
            let (mut framing, mut passed, mut here) = (Framing::new(), 0, cut);
            while passed < all.len() {
                let end = all.len().min(passed + here);
                let found = framing.look(&all.as_bytes()[passed..end]);
                prop_assert_eq!(found.fault, None);
                passed += found.good;
                here = if found.good == 0 { here + cut } else { cut };
            }
            prop_assert_eq!(framing.requests(), bodies.len() as u64);
            prop_assert!(!framing.is_in_body());
        }

        #[test]
        fn any_bytes_are_right_or_wrong(bytes: Vec<u8>) {
            let found = Framing::new().look(&bytes);
            prop_assert!(found.good <= bytes.len());
        }
    }
}
