//! Splits a stream of server-sent events without changing a byte of it.
//!
//! Source: the event stream grammar of the WHATWG HTML standard, section 9.2.6:
//! an event ends with an empty line, and a line with CRLF, LF or CR.

use std::{borrow::Cow, ops::Range};

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

/// Largest event that is looked into, in bytes. A larger one passes piece by piece, unread.
pub(super) const LARGEST_EVENT: usize = 1 << 20;

/// Finds where events end, wherever the network cut them.
#[derive(Debug)]
pub(super) struct Splitter {
    /// The beginning of an event whose end hasn't arrived.
    held: BytesMut,
    /// How much of `held` was searched.
    searched: usize,
    /// Whether a line begins there, so that a line end would be an empty line.
    at_line_start: bool,
    /// Whether `held` goes on with an event whose beginning has passed already, because it is too large.
    oversized: bool,
}

/// Bytes that are ready to go on, and the events they are made of.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) bytes: Bytes,
    /// One after another, without gaps.
    pub(super) events: Vec<Event>,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) place: Range<usize>,
    /// Whether this is all of it; a part of one that is too large can't be read.
    pub(super) whole: bool,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self { held: BytesMut::new(), searched: 0, at_line_start: true, oversized: false }
    }

    /// Takes the next bytes, and gives back all events that are complete.
    ///
    /// An empty line that ends with a CR is complete with the byte after it, which may be its LF.
    pub(super) fn push(&mut self, chunk: Bytes) -> Ready {
        if self.held.is_empty() {
            // The usual case, a chunk of whole events: nothing is copied but what is left over.
            let (events, end) = self.search(&chunk);
            self.held.extend_from_slice(&chunk[end..]);
            return Ready { bytes: chunk.slice(..end), events };
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(&chunk);
        let (events, end) = self.search(&held);
        let bytes = held.split_to(end).freeze();
        self.held = held;
        Ready { bytes, events }
    }

    /// What is left when the stream is over: an event without its empty line, or nothing.
    pub(super) fn finish(&mut self) -> Ready {
        let bytes = std::mem::take(&mut self.held).freeze();
        let event = Event { place: 0..bytes.len(), whole: !self.oversized };
        let events = if bytes.is_empty() { Vec::new() } else { vec![event] };
        *self = Self::new();
        Ready { bytes, events }
    }

    /// The events that end in `bytes`, and where the last of them does.
    fn search(&mut self, bytes: &[u8]) -> (Vec<Event>, usize) {
        let mut events = Vec::new();
        let mut begin = 0;
        let mut position = self.searched;
        while let Some(offset) = memchr2(b'\n', b'\r', &bytes[position..]) {
            self.at_line_start &= offset == 0;
            position += offset;
            let line_end = match bytes[position..] {
                [b'\r', b'\n', ..] => position + 2,
                [b'\r'] => break,
                _ => position + 1,
            };
            if self.at_line_start {
                events.push(Event { place: begin..line_end, whole: !self.oversized });
                self.oversized = false;
                begin = line_end;
            }
            self.at_line_start = true;
            position = line_end;
        }
        if bytes[position..] != *b"\r" {
            self.at_line_start &= position == bytes.len();
            position = bytes.len();
        }
        if position - begin > LARGEST_EVENT {
            events.push(Event { place: begin..position, whole: false });
            self.oversized = true;
            begin = position;
        }
        self.searched = position - begin;
        (events, begin)
    }
}

/// The content of an event's `data` lines, joined as the standard says; `None` without any.
pub(super) fn data(event: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut data: Option<Cow<'_, [u8]>> = None;
    let mut rest = event;
    while !rest.is_empty() {
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let value = match line.strip_prefix(b"data:") {
            Some(value) => value.strip_prefix(b" ").unwrap_or(value),
            None if line == b"data" => b"",
            None => continue,
        };
        data = Some(match data {
            None => Cow::Borrowed(value),
            Some(before) => Cow::Owned([&*before, b"\n", value].concat()),
        });
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All that comes out, as events with whether they are whole.
    fn split(chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<(Vec<u8>, bool)> {
        let mut splitter = Splitter::new();
        let mut all = Vec::new();
        let mut take = |ready: Ready| {
            let mut end = 0;
            for event in ready.events {
                assert_eq!(event.place.start, end);
                end = event.place.end;
                all.push((ready.bytes[event.place].to_vec(), event.whole));
            }
            assert_eq!(end, ready.bytes.len());
        };
        for chunk in chunks {
            take(splitter.push(chunk.into()));
        }
        take(splitter.finish());
        all
    }

    fn events(text: &str) -> Vec<String> {
        split([text.as_bytes().to_vec()]).into_iter().map(|(event, _)| String::from_utf8(event).unwrap()).collect()
    }

    #[test]
    fn events_end_with_an_empty_line_of_any_kind() {
        assert_eq!(events("data: 1\n\ndata: 2\n\n"), ["data: 1\n\n", "data: 2\n\n"]);
        assert_eq!(events("data: 1\r\n\r\ndata: 2\r\n\r\n"), ["data: 1\r\n\r\n", "data: 2\r\n\r\n"]);
        assert_eq!(events("data: 1\r\rdata: 2\r\r"), ["data: 1\r\r", "data: 2\r\r"]);
        assert_eq!(events("a\n\n\nb\n"), ["a\n\n", "\n", "b\n"]);
        assert!(events("").is_empty());
    }

    #[test]
    fn an_event_is_ready_with_its_last_byte() {
        let mut splitter = Splitter::new();
        assert!(splitter.push(Bytes::from_static(b"data: 1\r\n\r")).events.is_empty());
        assert_eq!(splitter.push(Bytes::from_static(b"\n")).events.len(), 1);
        assert_eq!(splitter.push(Bytes::from_static(b"data: 2\n\nda")).events.len(), 1);
    }

    #[test]
    fn data_lines_are_joined() {
        let text = |event: &'static str| data(event.as_bytes()).map(|data| String::from_utf8(data.to_vec()).unwrap());
        assert_eq!(text("data: [DONE]\r\n\r\n").as_deref(), Some("[DONE]"));
        assert_eq!(text("event: x\ndata:1\nid: 7\ndata:  2\ndata\n\n").as_deref(), Some("1\n 2\n"));
        assert_eq!(text(": comment\n\n"), None);
        assert_eq!(text("database: 1\n\n"), None);
    }

    #[test]
    fn a_huge_event_passes_in_parts_and_the_next_is_whole_again() {
        let chunks = (0..40).map(|_| vec![b'x'; 64 * 1024]).chain([b"\n\ndata: 1\n\n".to_vec()]);
        let mut splitter = Splitter::new();
        let mut most_held = 0;
        let mut passed = 0;
        let mut last = Ready::default();
        for chunk in chunks {
            last = splitter.push(chunk.into());
            passed += last.bytes.len();
            most_held = most_held.max(splitter.held.len());
        }
        assert!(most_held <= LARGEST_EVENT);
        assert_eq!(passed, 40 * 64 * 1024 + 11);
        assert_eq!(last.events.iter().map(|event| event.whole).collect::<Vec<_>>(), [false, true]);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(
            text in "(data: [a-c]{0,3}|:|\n|\r\n|\r|\n\n|\r\n\r\n){0,24}",
            cuts in prop::collection::vec(0usize..120, 0..12),
        ) {
            let bytes = text.into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<Vec<u8>> = cuts.windows(2).map(|cut| bytes[cut[0]..cut[1]].to_vec()).collect();
            let whole = split([bytes.clone()]);
            prop_assert_eq!(whole.iter().flat_map(|(event, _)| event.clone()).collect::<Vec<u8>>(), bytes);
            prop_assert_eq!(split(chunks), whole);
        }
    }
}
