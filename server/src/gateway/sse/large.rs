//! Reads events that are too large to be held from their passing parts, in bounded memory.

use memchr::memchr2;

use super::BYTE_ORDER_MARK;
use crate::gateway::json::outline::{JsonOutline, JsonOutliner};

/// Longest name of an event, in bytes.
const MAX_NAME_LENGTH: usize = 64;

/// A reader of one large event, which gets its parts in order.
#[derive(Debug, Default)]
pub(in crate::gateway) struct LargeEvent {
    line: Line,
    name: Vec<u8>,
    has_data: bool,
    data: JsonOutliner,
}

/// The fields of a large event.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::gateway) struct LargeEventFields {
    pub(in crate::gateway) name: Option<String>,
    pub(in crate::gateway) data: JsonOutline,
}

/// The position in a line.
#[derive(Debug)]
enum Line {
    /// In the field's name, until that is known.
    Name(Vec<u8>),
    /// After the colon, where a blank may follow.
    Colon(Field),
    /// In the value.
    Value(Field),
}

impl Default for Line {
    fn default() -> Self {
        Self::Name(Vec::new())
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    Data,
    Event,
    Other,
}

impl LargeEvent {
    pub(in crate::gateway) fn push(&mut self, mut part: &[u8]) {
        while let Some(&byte) = part.first() {
            let mut read = 1;
            match &mut self.line {
                _ if matches!(byte, b'\n' | b'\r') => self.line = Line::default(),
                Line::Name(head) => {
                    head.push(byte);
                    if let Some(field) = field_of_line(head) {
                        self.begin_value(field);
                    }
                }
                Line::Colon(field) => {
                    let field = *field;
                    self.line = Line::Value(field);
                    read = usize::from(byte == b' ');
                }
                Line::Value(field) => {
                    read = memchr2(b'\n', b'\r', part).unwrap_or(part.len());
                    match field {
                        Field::Data => self.data.push(&part[..read]),
                        Field::Event => {
                            let missing = MAX_NAME_LENGTH.saturating_sub(self.name.len());
                            self.name.extend_from_slice(&part[..read.min(missing)]);
                        }
                        Field::Other => {}
                    }
                }
            }
            part = &part[read..];
        }
    }

    fn begin_value(&mut self, field: Field) {
        match field {
            Field::Event => self.name.clear(),
            // Several data lines are joined by line ends.
            Field::Data if self.has_data => self.data.push(b"\n"),
            Field::Data => self.has_data = true,
            Field::Other => {}
        }
        self.line = Line::Colon(field);
    }

    /// Returns the fields, once all parts have passed; `None` if the data isn't JSON.
    pub(in crate::gateway) fn finish(self) -> Option<LargeEventFields> {
        let data = self.data.finish()?;
        let name = String::from_utf8(self.name).ok().filter(|name| !name.is_empty());
        Some(LargeEventFields { name, data })
    }
}

/// Returns the field of a line that begins like this, as soon as it is known.
fn field_of_line(head: &[u8]) -> Option<Field> {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    match head {
        b"data:" => Some(Field::Data),
        b"event:" => Some(Field::Event),
        _ if b"data:".starts_with(head) || b"event:".starts_with(head) || BYTE_ORDER_MARK.starts_with(head) => None,
        _ => Some(Field::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_the_same_wherever_it_was_cut() {
        let event = "\u{feff}: comment\r\nevent: old\r\nevent:x.done\nid: 7\ndata: {\"a\":\r\ndata:  [1,2],\ndata:\"b\":\"c:d\"}\n\n";
        let expected = LargeEventFields {
            name: Some("x.done".to_owned()),
            data: JsonOutline { json: br#"{"a":[1,2],"b":"c:d"}"#.to_vec(), omitted_text_bytes: 0 },
        };
        for size in 1..=event.len() {
            let mut large = LargeEvent::default();
            event.as_bytes().chunks(size).for_each(|part| large.push(part));
            assert_eq!(large.finish().as_ref(), Some(&expected), "{size}");
        }
    }

    #[test]
    fn what_has_no_data_or_no_json_says_nothing() {
        for event in [": x\n\n", "data\n\n", "data: no\n\n", "database: {}\n\n", ""] {
            let mut large = LargeEvent::default();
            large.push(event.as_bytes());
            assert_eq!(large.finish(), None, "{event}");
        }
    }
}
