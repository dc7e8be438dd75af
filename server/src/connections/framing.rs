//! Finds where requests begin and end in the bytes of a connection.
//!
//! hyper does so as well, but accepts malformed ones. It gets only bytes that were understood here first.

use super::{
    chunks::{Chunks, is_token},
    fault::ConnectionFault,
    head::{self, BodyLength},
};

/// Maximum size of a request's head.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;

#[derive(Debug)]
enum FramingState {
    Head(Lines),
    Sized { left: u64 },
    Chunked(Chunks),
}

/// Progress through a head that isn't complete.
#[derive(Debug, Default)]
struct Lines {
    /// Bytes that were scanned.
    scanned: usize,
    /// Start of its first line, behind empty lines, which are skipped (RFC 9112, section 2.2).
    begin: usize,
    /// End of the last complete line.
    line: usize,
}

/// The position within the requests of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    state: FramingState,
    requests: u64,
}

/// The result of scanning some bytes.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct FramingStep {
    /// How many of them may be passed on. Those of a head count only once it is complete, and those of the
    /// next request never do.
    pub(super) accepted: usize,
    /// The fault in the bytes that follow.
    pub(super) fault: Option<ConnectionFault>,
}

impl Framing {
    pub(super) fn new() -> Self {
        Self { state: FramingState::Head(Lines::default()), requests: 0 }
    }

    /// Number of complete heads.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn is_in_body(&self) -> bool {
        !matches!(self.state, FramingState::Head(_))
    }

    /// Scans the next bytes. Those that weren't accepted must be passed again, with more behind them.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> FramingStep {
        let mut accepted = 0;
        if let FramingState::Head(lines) = &mut self.state {
            let end = match lines.scan(bytes) {
                Ok(Some(end)) => end,
                Ok(None) => return FramingStep::default(),
                Err(fault) => return FramingStep { accepted: 0, fault: Some(fault) },
            };
            match head::read(&bytes[lines.begin..end]) {
                Err(fault) => return FramingStep { accepted: 0, fault: Some(fault) },
                Ok(length) => self.state = Self::after_head(length),
            }
            self.requests += 1;
            accepted = end;
        }
        let (in_body, fault) = self.scan_body(&bytes[accepted..]);
        FramingStep { accepted: accepted + in_body, fault }
    }

    fn after_head(length: BodyLength) -> FramingState {
        match length {
            BodyLength::Known(0) => FramingState::Head(Lines::default()),
            BodyLength::Known(left) => FramingState::Sized { left },
            BodyLength::Chunked => FramingState::Chunked(Chunks::new()),
        }
    }

    fn scan_body(&mut self, bytes: &[u8]) -> (usize, Option<ConnectionFault>) {
        let (length, ends, fault) = match &mut self.state {
            FramingState::Head(_) => return (0, None),
            FramingState::Sized { left } => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= length as u64;
                (length, *left == 0, None)
            }
            FramingState::Chunked(chunks) => chunks.take(bytes),
        };
        if ends {
            self.state = FramingState::Head(Lines::default());
        }
        (length, fault)
    }
}

impl Lines {
    /// The end of the head, if it lies within these bytes.
    fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, ConnectionFault> {
        for index in memchr::memchr_iter(b'\n', &bytes[self.scanned..]) {
            let feed = self.scanned + index;
            if feed == 0 || bytes[feed - 1] != b'\r' {
                return Err(ConnectionFault::LineEnd);
            }
            let is_empty = feed - 1 == self.line;
            self.line = feed + 1;
            if is_empty && self.line - 2 > self.begin {
                return match self.line - self.begin {
                    ..=MAX_HEAD_BYTES => Ok(Some(self.line)),
                    _ => Err(ConnectionFault::HeadTooLarge),
                };
            }
            if is_empty {
                self.begin = self.line;
            }
        }
        self.scanned = bytes.len();
        // Otherwise a client of another protocol would be waited for in vain.
        match bytes.get(self.begin) {
            Some(b'\r') | None => {}
            Some(byte) if is_token(*byte) => {}
            Some(_) => return Err(ConnectionFault::Malformed),
        }
        if bytes.len() > MAX_HEAD_BYTES { Err(ConnectionFault::HeadTooLarge) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    fn accepted(bytes: usize) -> FramingStep {
        FramingStep { accepted: bytes, fault: None }
    }

    fn wrong(fault: ConnectionFault) -> FramingStep {
        FramingStep { accepted: 0, fault: Some(fault) }
    }

    #[test]
    fn a_head_counts_when_it_is_complete() {
        let mut framing = Framing::new();
        for end in 0..GET.len() {
            assert_eq!(framing.scan(&GET.as_bytes()[..end]), FramingStep::default(), "{end}");
        }
        assert_eq!((framing.scan(GET.as_bytes()), framing.requests()), (accepted(GET.len()), 1));
    }

    #[test]
    fn one_request_is_found_at_a_time() {
        let all = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc\r\n{GET}{GET}");
        let mut framing = Framing::new();
        let first = all.len() - 2 * GET.len() - 2;
        assert_eq!(framing.scan(all.as_bytes()), accepted(first));
        let second = first + 2 + GET.len();
        assert_eq!(framing.scan(&all.as_bytes()[first..]), accepted(second - first));
        assert_eq!(framing.scan(&all.as_bytes()[second..]), accepted(GET.len()));
        assert_eq!(framing.requests(), 3);
    }

    #[test]
    fn line_feeds_alone_are_refused_at_once() {
        for head in ["\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nhost: a\n", "GET / HTTP/1.1\r\nhost: a\r\n\n"] {
            assert_eq!(Framing::new().scan(head.as_bytes()), wrong(ConnectionFault::LineEnd), "{head:?}");
        }
    }

    #[test]
    fn another_protocol_is_refused_at_once() {
        for bytes in [&b"\x16\x03\x01\x02\x00\x01"[..], b"\0", b" GET", b"(hello)"] {
            assert_eq!(Framing::new().scan(bytes), wrong(ConnectionFault::Malformed), "{bytes:?}");
        }
        assert_eq!(Framing::new().scan(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), wrong(ConnectionFault::Malformed));
    }

    #[test]
    fn a_head_has_a_largest_size() {
        let head = |length: usize| {
            let begin = "GET / HTTP/1.1\r\nhost: a\r\nx: ";
            format!("{begin}{}\r\n\r\n", "y".repeat(length - begin.len() - 4))
        };
        assert_eq!(Framing::new().scan(head(MAX_HEAD_BYTES).as_bytes()), accepted(MAX_HEAD_BYTES));
        assert_eq!(Framing::new().scan(head(MAX_HEAD_BYTES + 1).as_bytes()), wrong(ConnectionFault::HeadTooLarge));
        assert_eq!(Framing::new().scan("GET /".repeat(20_000).as_bytes()), wrong(ConnectionFault::HeadTooLarge));
    }

    #[test]
    fn what_is_right_before_a_wrong_chunk_is_told() {
        let all = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n";
        assert_eq!(
            Framing::new().scan(all.as_bytes()),
            FramingStep { accepted: all.len() - "zz\r\n".len(), fault: Some(ConnectionFault::Chunk) }
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
            let (mut framing, mut accepted, mut length) = (Framing::new(), 0, cut);
            while accepted < all.len() {
                let end = all.len().min(accepted + length);
                let step = framing.scan(&all.as_bytes()[accepted..end]);
                prop_assert_eq!(step.fault, None);
                accepted += step.accepted;
                length = if step.accepted == 0 { length + cut } else { cut };
            }
            prop_assert_eq!(framing.requests(), bodies.len() as u64);
            prop_assert!(!framing.is_in_body());
        }

        #[test]
        fn any_bytes_are_right_or_wrong(bytes: Vec<u8>) {
            let step = Framing::new().scan(&bytes);
            prop_assert!(step.accepted <= bytes.len());
        }
    }
}
