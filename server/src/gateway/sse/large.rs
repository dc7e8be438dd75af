//! Events that are too large to be held: read as their parts pass, in bounded memory.

use memchr::memchr2;

use super::MARK;
use crate::gateway::json::outline::{Outline, Outlined};

/// Longest name of an event, in bytes.
const LONGEST_NAME: usize = 64;

/// Takes the parts of an event, one after the other.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Large {
    line: Line,
    name: Vec<u8>,
    has_data: bool,
    data: Outline,
}

/// What was read of such an event.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::gateway) struct Read {
    pub(in crate::gateway) name: Option<String>,
    pub(in crate::gateway) data: Outlined,
}

#[derive(Debug)]
enum Line {
    /// Its beginning, until it is known whose line it is.
    Head(Vec<u8>),
    /// Behind the colon, where a blank may stand.
    Colon(Field),
    In(Field),
}

impl Default for Line {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    Data,
    Name,
    Other,
}

impl Large {
    pub(in crate::gateway) fn push(&mut self, mut part: &[u8]) {
        while let Some(&byte) = part.first() {
            let mut read = 1;
            match &mut self.line {
                _ if matches!(byte, b'\n' | b'\r') => self.line = Line::default(),
                Line::Head(head) => {
                    head.push(byte);
                    if let Some(field) = whose(head) {
                        self.begin(field);
                    }
                }
                Line::Colon(field) => {
                    let field = *field;
                    self.line = Line::In(field);
                    read = usize::from(byte == b' ');
                }
                Line::In(field) => {
                    read = memchr2(b'\n', b'\r', part).unwrap_or(part.len());
                    match field {
                        Field::Data => self.data.push(&part[..read]),
                        Field::Name => {
                            let room = LONGEST_NAME.saturating_sub(self.name.len());
                            self.name.extend_from_slice(&part[..read.min(room)]);
                        }
                        Field::Other => {}
                    }
                }
            }
            part = &part[read..];
        }
    }

    fn begin(&mut self, field: Field) {
        match field {
            Field::Name => self.name.clear(),
            // Lines are joined by line ends.
            Field::Data if self.has_data => self.data.push(b"\n"),
            Field::Data => self.has_data = true,
            Field::Other => {}
        }
        self.line = Line::Colon(field);
    }

    /// What it was, now that all of it has passed; `None` where that was no JSON.
    pub(in crate::gateway) fn finish(self) -> Option<Read> {
        let data = self.data.finish()?;
        let name = String::from_utf8(self.name).ok().filter(|name| !name.is_empty());
        Some(Read { name, data })
    }
}

/// Whose line it is that begins like this, as soon as that is known.
fn whose(head: &[u8]) -> Option<Field> {
    let head = head.strip_prefix(MARK).unwrap_or(head);
    match head {
        b"data:" => Some(Field::Data),
        b"event:" => Some(Field::Name),
        _ if b"data:".starts_with(head) || b"event:".starts_with(head) || MARK.starts_with(head) => None,
        _ => Some(Field::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_the_same_wherever_it_was_cut() {
        let event = "\u{feff}: comment\r\nevent: old\r\nevent:x.done\nid: 7\ndata: {\"a\":\r\ndata:  [1,2],\ndata:\"b\":\"c:d\"}\n\n";
        let expected = Read {
            name: Some("x.done".to_owned()),
            data: Outlined { json: br#"{"a":[1,2],"b":"c:d"}"#.to_vec(), texts: 0 },
        };
        for size in 1..=event.len() {
            let mut large = Large::default();
            event.as_bytes().chunks(size).for_each(|part| large.push(part));
            assert_eq!(large.finish().as_ref(), Some(&expected), "{size}");
        }
    }

    #[test]
    fn what_has_no_data_or_no_json_says_nothing() {
        for event in [": x\n\n", "data\n\n", "data: no\n\n", "database: {}\n\n", ""] {
            let mut large = Large::default();
            large.push(event.as_bytes());
            assert_eq!(large.finish(), None, "{event}");
        }
    }
}
