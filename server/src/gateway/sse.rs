//! Splits a stream of server-sent events without changing a byte of it.
//!
//! Source: the event stream grammar of the WHATWG HTML standard, section 9.2.6:
//! an event ends with an empty line, and a line with CRLF, LF or CR.

mod large;

use std::{borrow::Cow, ops::Range};

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

pub(super) use large::{Large, Read};

/// Largest event that is held until it is complete, in bytes. A larger one passes in parts, and is read by [`Large`].
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
    within: bool,
    /// Largest event that is held, in bytes.
    largest: usize,
}

/// Bytes that are ready to go on, and the events they are made of.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) bytes: Bytes,
    /// One after another, without gaps.
    pub(super) parts: Vec<Part>,
}

/// An event, or a part of one that is too large to be held. Whether it is too large depends on its size, and not on how the
/// network cut it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) place: Range<usize>,
    /// Whether nothing of its event came before it.
    begins: bool,
    /// Whether its event ends with it.
    pub(super) ends: bool,
}

impl Part {
    /// Whether it is a whole event that isn't too large.
    pub(super) fn is_whole(&self) -> bool {
        self.begins && self.ends && self.place.len() <= LARGEST_EVENT
    }
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self::up_to(LARGEST_EVENT)
    }

    /// For what is in memory anyway: all events are whole.
    pub(super) fn of_any_size() -> Self {
        Self::up_to(usize::MAX)
    }

    fn up_to(largest: usize) -> Self {
        Self { held: BytesMut::new(), searched: 0, at_line_start: true, within: false, largest }
    }

    /// Takes the next bytes, and gives back all events that are complete.
    ///
    /// An empty line that ends with a CR is complete with the byte after it, which may be its LF.
    pub(super) fn push(&mut self, chunk: Bytes) -> Ready {
        if self.held.is_empty() {
            // The usual case, a chunk of whole events: nothing is copied but what is left over.
            let (parts, end) = self.search(&chunk);
            self.held.extend_from_slice(&chunk[end..]);
            return Ready { bytes: chunk.slice(..end), parts };
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(&chunk);
        let (parts, end) = self.search(&held);
        let bytes = held.split_to(end).freeze();
        self.held = held;
        Ready { bytes, parts }
    }

    /// What is left when the stream is over: an event without its empty line, the rest of one (which may be empty), or nothing.
    pub(super) fn finish(&mut self) -> Ready {
        let bytes = std::mem::take(&mut self.held).freeze();
        let part = Part { place: 0..bytes.len(), begins: !self.within, ends: true };
        let parts = if bytes.is_empty() && !self.within { Vec::new() } else { vec![part] };
        *self = Self::up_to(self.largest);
        Ready { bytes, parts }
    }

    /// The events that end in `bytes`, with what passes of one that is too large; and where the last of them ends.
    fn search(&mut self, bytes: &[u8]) -> (Vec<Part>, usize) {
        let mut parts = Vec::new();
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
                parts.push(Part { place: begin..line_end, begins: !self.within, ends: true });
                self.within = false;
                begin = line_end;
            }
            self.at_line_start = true;
            position = line_end;
        }
        if bytes[position..] != *b"\r" {
            self.at_line_start &= position == bytes.len();
            position = bytes.len();
        }
        if position - begin > self.largest || (self.within && position > begin) {
            parts.push(Part { place: begin..position, begins: !self.within, ends: false });
            self.within = true;
            begin = position;
        }
        self.searched = position - begin;
        (parts, begin)
    }
}

/// What stands in the lines of an event.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    /// Its last `event` line.
    pub(super) name: Option<&'a str>,
    /// Its `data` lines, joined as the standard says; `None` without any.
    pub(super) data: Option<Cow<'a, [u8]>>,
}

/// A stream may begin with a byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) fn fields(event: &[u8]) -> Fields<'_> {
    let mut fields = Fields::default();
    let mut rest = event.strip_prefix(MARK).unwrap_or(event);
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

    /// All that comes out, as events with whether they are whole.
    fn split(chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<(Vec<u8>, bool)> {
        let mut splitter = Splitter::new();
        let mut all = Vec::new();
        let mut take = |ready: Ready| {
            let mut end = 0;
            for part in ready.parts {
                assert_eq!(part.place.start, end);
                end = part.place.end;
                all.push((ready.bytes[part.place.clone()].to_vec(), part.is_whole()));
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
        assert_eq!(last.parts.iter().map(Part::is_whole).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn whether_an_event_is_too_large_depends_on_its_size_alone() {
        for (length, expected) in [(LARGEST_EVENT - 8, true), (LARGEST_EVENT - 7, false)] {
            let event = format!("data: {}\n\n", "x".repeat(length));
            for cut in [1, 5, LARGEST_EVENT / 2, LARGEST_EVENT - 1, LARGEST_EVENT, event.len() - 1, event.len()] {
                let (begin, end) = event.as_bytes().split_at(cut.min(event.len()));
                let parts = split([begin.to_vec(), end.to_vec()]);
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
