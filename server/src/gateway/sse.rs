//! Splits a stream of server-sent events without changing a byte of it.
//!
//! Source: the event stream grammar of the WHATWG HTML standard, section 9.2.6: an event ends with an empty
//! line, and a line with CRLF, LF or CR.

mod large;

use std::{borrow::Cow, ops::Range};

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

pub(super) use large::{LargeEvent, LargeEventFields};

/// Largest event that is held until it is complete, in bytes. A larger one passes in parts, and is
/// read by [`LargeEvent`].
pub(super) const MAX_EVENT_BYTES: usize = 1 << 20;

/// Finds the ends of events, independent of the network's chunks.
#[derive(Debug)]
pub(super) struct Splitter {
    /// The beginning of an event whose end hasn't arrived.
    held_back: BytesMut,
    /// Number of bytes of `held_back` that have been searched.
    searched: usize,
    /// Whether a line begins after the searched bytes, so that a line end would be an empty line.
    at_line_start: bool,
    /// Whether `held_back` continues an event whose beginning has passed, because it is too large.
    is_inside_event: bool,
    /// Largest event that is held, in bytes.
    max_bytes: usize,
}

/// Bytes that are ready to be sent, and their events.
#[derive(Debug, Default)]
pub(super) struct ReadyEvents {
    pub(super) bytes: Bytes,
    /// Events and parts of events, which cover `bytes` without gaps.
    pub(super) parts: Vec<EventSlice>,
}

/// An event, or a part of one that is too large to be held. This depends on the event's size only, not on
/// the network's chunks.
#[derive(Clone, Debug)]
pub(super) struct EventSlice {
    pub(super) range: Range<usize>,
    /// Whether this is the beginning of the event.
    is_start: bool,
    /// Whether this is the end of the event.
    pub(super) is_end: bool,
}

impl EventSlice {
    /// Whether this is a whole event that isn't too large.
    pub(super) fn is_whole(&self) -> bool {
        self.is_start && self.is_end && self.range.len() <= MAX_EVENT_BYTES
    }
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self::up_to(MAX_EVENT_BYTES)
    }

    /// Makes a splitter for streams that are in memory as a whole: it holds events of any size.
    pub(super) fn of_any_size() -> Self {
        Self::up_to(usize::MAX)
    }

    fn up_to(max_bytes: usize) -> Self {
        Self { held_back: BytesMut::new(), searched: 0, at_line_start: true, is_inside_event: false, max_bytes }
    }

    /// Adds the next bytes, and returns all events that are complete.
    ///
    /// An empty line that ends with a CR is complete with the byte after it, which may be its LF.
    pub(super) fn push(&mut self, chunk: Bytes) -> ReadyEvents {
        if self.held_back.is_empty() {
            // The common case, a chunk of whole events: only the rest is copied.
            let (parts, end) = self.search(&chunk);
            self.held_back.extend_from_slice(&chunk[end..]);
            return ReadyEvents { bytes: chunk.slice(..end), parts };
        }
        let mut held = std::mem::take(&mut self.held_back);
        held.extend_from_slice(&chunk);
        let (parts, end) = self.search(&held);
        let bytes = held.split_to(end).freeze();
        self.held_back = held;
        ReadyEvents { bytes, parts }
    }

    /// Returns the rest after the stream has ended: an event without its empty line, the end of a large one
    /// (which may be empty), or nothing.
    pub(super) fn finish(&mut self) -> ReadyEvents {
        let bytes = std::mem::take(&mut self.held_back).freeze();
        let part = EventSlice { range: 0..bytes.len(), is_start: !self.is_inside_event, is_end: true };
        let parts = if bytes.is_empty() && !self.is_inside_event { Vec::new() } else { vec![part] };
        *self = Self::up_to(self.max_bytes);
        ReadyEvents { bytes, parts }
    }

    /// Finds the events that end in `bytes` and the parts of a large one, with the end of the last of them.
    fn search(&mut self, bytes: &[u8]) -> (Vec<EventSlice>, usize) {
        let mut parts = Vec::new();
        let mut start = 0;
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
                parts.push(EventSlice { range: start..line_end, is_start: !self.is_inside_event, is_end: true });
                self.is_inside_event = false;
                start = line_end;
            }
            self.at_line_start = true;
            position = line_end;
        }
        if bytes[position..] != *b"\r" {
            self.at_line_start &= position == bytes.len();
            position = bytes.len();
        }
        if position - start > self.max_bytes || (self.is_inside_event && position > start) {
            parts.push(EventSlice { range: start..position, is_start: !self.is_inside_event, is_end: false });
            self.is_inside_event = true;
            start = position;
        }
        self.searched = position - start;
        (parts, start)
    }
}

/// The fields of an event.
#[derive(Debug, Default)]
pub(super) struct EventFields<'a> {
    /// The value of its last `event` line.
    pub(super) name: Option<&'a str>,
    /// The values of its `data` lines, joined as the standard defines; `None` without any.
    pub(super) data: Option<Cow<'a, [u8]>>,
}

/// A byte order mark, which a stream may begin with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Parses the fields of an event.
pub(super) fn fields(event: &[u8]) -> EventFields<'_> {
    let mut fields = EventFields::default();
    let mut rest = event.strip_prefix(BYTE_ORDER_MARK).unwrap_or(event);
    while !rest.is_empty() {
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let colon = memchr::memchr(b':', line);
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => fields.name = std::str::from_utf8(value).ok(),
            b"data" => {
                fields.data = Some(match fields.data {
                    None => Cow::Borrowed(value),
                    Some(before) => Cow::Owned([&*before, b"\n", value].concat()),
                });
            }
            _ => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Splits `chunks` into events, each with whether it is whole.
    fn split(chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<(Vec<u8>, bool)> {
        let mut splitter = Splitter::new();
        let mut all = Vec::new();
        let mut add = |ready: ReadyEvents| {
            let mut end = 0;
            for part in ready.parts {
                assert_eq!(part.range.start, end);
                end = part.range.end;
                all.push((ready.bytes[part.range.clone()].to_vec(), part.is_whole()));
            }
            assert_eq!(end, ready.bytes.len());
        };
        for chunk in chunks {
            add(splitter.push(chunk.into()));
        }
        add(splitter.finish());
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
        assert!(splitter.push(Bytes::from_static(b"data: 1\r\n\r")).parts.is_empty());
        assert_eq!(splitter.push(Bytes::from_static(b"\n")).parts.len(), 1);
        assert_eq!(splitter.push(Bytes::from_static(b"data: 2\n\nda")).parts.len(), 1);
    }

    #[test]
    fn data_lines_are_joined() {
        let text =
            |event: &'static str| fields(event.as_bytes()).data.map(|data| String::from_utf8(data.to_vec()).unwrap());
        assert_eq!(text("data: [DONE]\r\n\r\n").as_deref(), Some("[DONE]"));
        assert_eq!(text("event: x\ndata:1\nid: 7\ndata:  2\ndata\n\n").as_deref(), Some("1\n 2\n"));
        assert_eq!(text(": comment\n\n"), None);
        assert_eq!(text("database: 1\n\n"), None);
        assert_eq!(text("\u{feff}data: 1\n\n").as_deref(), Some("1"));
        assert_eq!(fields(b"event: a\ndata: 1\nevent:b\n\n").name, Some("b"));
    }

    #[test]
    fn a_huge_event_passes_in_parts_and_the_next_is_whole_again() {
        let chunks = (0..40).map(|_| vec![b'x'; 64 * 1024]).chain([b"\n\ndata: 1\n\n".to_vec()]);
        let mut splitter = Splitter::new();
        let mut max_held = 0;
        let mut passed = 0;
        let mut last = ReadyEvents::default();
        for chunk in chunks {
            last = splitter.push(chunk.into());
            passed += last.bytes.len();
            max_held = max_held.max(splitter.held_back.len());
        }
        assert!(max_held <= MAX_EVENT_BYTES);
        assert_eq!(passed, 40 * 64 * 1024 + 11);
        assert_eq!(last.parts.iter().map(EventSlice::is_whole).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn whether_an_event_is_too_large_depends_on_its_size_alone() {
        for (length, expected) in [(MAX_EVENT_BYTES - 8, true), (MAX_EVENT_BYTES - 7, false)] {
            let event = format!("data: {}\n\n", "x".repeat(length));
            for cut in [1, 5, MAX_EVENT_BYTES / 2, MAX_EVENT_BYTES - 1, MAX_EVENT_BYTES, event.len() - 1, event.len()] {
                let (start, end) = event.as_bytes().split_at(cut.min(event.len()));
                let parts = split([start.to_vec(), end.to_vec()]);
                assert!(parts.iter().all(|(_, whole)| *whole == expected), "{length} {cut}");
                assert_eq!(parts.into_iter().flat_map(|(part, _)| part).collect::<Vec<u8>>(), event.as_bytes());
            }
        }
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
