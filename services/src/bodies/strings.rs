//! Finds the text values of a JSON text, even if its end is missing.

use std::ops::Range;

/// Levels of objects and lists within which values are found. Clients' JSON has 128 at most; the answer of a provider, or a body
/// that isn't JSON, may have as many as it has bytes.
const MAX_DEPTH: usize = 256;
/// Maximum length of a pointer in bytes. A body may have thousands of values that are pointed at, all within a field of a long name.
const MAX_POINTER_BYTES: usize = 1_024;

/// Walks through the text values of a JSON text, which needn't be valid.
pub(super) struct StringValues<'a> {
    text: &'a str,
    at: usize,
    /// The objects and lists around the current position, outermost first.
    path: Vec<Place>,
}

enum Place {
    /// The index of a list's current value.
    List(usize),
    /// An object, with the name of the field whose value comes next, once it has been read.
    Object(Option<String>),
}

impl<'a> StringValues<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, path: Vec::new() }
    }

    /// Returns the position of the next text value, without its quotes. A value whose end is missing is left out, and so is the rest
    /// of a text from where it has more than [`MAX_DEPTH`] levels.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            // The position stays, so that the walk has ended for good.
            if matches!(byte, b'{' | b'[') && self.path.len() >= MAX_DEPTH {
                return None;
            }
            self.at += 1;
            match byte {
                b'{' => self.path.push(Place::Object(None)),
                b'[' => self.path.push(Place::List(0)),
                b'}' | b']' => drop(self.path.pop()),
                b',' => self.begin_value(),
                b'"' => {
                    let range = self.read_string()?;
                    match self.path.last_mut() {
                        Some(Place::Object(name @ None)) => *name = Some(unescape(&self.text[range])),
                        _ => return Some(range),
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The JSON pointer (RFC 6901) of the last value; `None` if it is longer than [`MAX_POINTER_BYTES`].
    pub(super) fn pointer(&self) -> Option<String> {
        let mut pointer = String::new();
        for place in &self.path {
            pointer.push('/');
            match place {
                Place::List(index) => pointer.push_str(&index.to_string()),
                Place::Object(name) => {
                    let name = name.as_deref().unwrap_or_default();
                    // A long name isn't copied.
                    if name.len() > MAX_POINTER_BYTES {
                        return None;
                    }
                    pointer.push_str(&escape_part(name));
                }
            }
            if pointer.len() > MAX_POINTER_BYTES {
                return None;
            }
        }
        Some(pointer)
    }

    /// The name of the field that the last value is in; empty in a list and outside of objects.
    pub(super) fn name(&self) -> &str {
        match self.path.last() {
            Some(Place::Object(Some(name))) => name,
            _ => "",
        }
    }

    fn begin_value(&mut self) {
        match self.path.last_mut() {
            Some(Place::List(index)) => *index += 1,
            Some(Place::Object(name)) => *name = None,
            None => {}
        }
    }

    /// Reads to the end of the string that has begun.
    fn read_string(&mut self) -> Option<Range<usize>> {
        let begin = self.at;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(begin..self.at - 1);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }
}

/// Escapes a part of a pointer.
pub(super) fn escape_part(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// Unescapes a JSON string without its quotes; one that isn't valid stays as it is.
pub(super) fn unescape(written: &str) -> String {
    if written.contains('\\') {
        serde_json::from_str(&format!("\"{written}\"")).unwrap_or_else(|_| written.to_owned())
    } else {
        written.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The text values with their pointers.
    fn found(text: &str) -> Vec<(String, String)> {
        let mut values = StringValues::new(text);
        let mut found = Vec::new();
        while let Some(range) = values.next() {
            found.push((values.pointer().unwrap(), unescape(&text[range])));
        }
        found
    }

    #[test]
    fn texts_are_found_with_their_pointers_also_where_the_end_is_missing() {
        let text = r#"{"a":"x","b":[1,"y",{"c/d":"z\"","~":{}}],"e":"w"}"#;
        let expected = [("/a", "x"), ("/b/1", "y"), ("/b/2/c~1d", "z\""), ("/e", "w")];
        assert_eq!(found(text), expected.map(|(pointer, value)| (pointer.to_owned(), value.to_owned())));
        assert_eq!(found(r#"["a","b"#), [("/0".to_owned(), "a".to_owned())]);
        assert_eq!(found(r#""alone""#), [(String::new(), "alone".to_owned())]);
    }

    #[test]
    fn values_are_found_within_so_many_levels() {
        let nested = |depth: usize| format!("[\"first\",{}\"deep\"", "[".repeat(depth - 1));
        assert_eq!(found(&nested(MAX_DEPTH)).len(), 2);
        let text = nested(MAX_DEPTH + 1);
        let mut values = StringValues::new(&text);
        assert_eq!(values.next().map(|range| &text[range]), Some("first"));
        assert!(values.next().is_none() && values.next().is_none());
        assert!(found(&"[{".repeat(1 << 20)).is_empty());
    }

    #[test]
    fn long_names_make_no_pointers() {
        for name in ["a".repeat(MAX_POINTER_BYTES), "/".repeat(MAX_POINTER_BYTES / 2), "a".repeat(1 << 20)] {
            let text = format!(r#"{{"{name}":"x","b":"y"}}"#);
            let mut values = StringValues::new(&text);
            assert!(values.next().is_some() && values.pointer().is_none());
            assert!(values.next().is_some());
            assert_eq!(values.pointer().as_deref(), Some("/b"));
        }
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), ".*".prop_map(Value::from)];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[ab~/\"\\\\]{0,2}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    fn count(value: &Value) -> usize {
        match value {
            Value::String(_) => 1,
            Value::Array(items) => items.iter().map(count).sum(),
            Value::Object(map) => map.values().map(count).sum(),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn every_text_is_where_its_pointer_says(document in document()) {
            let found = found(&document.to_string());
            prop_assert_eq!(found.len(), count(&document));
            for (pointer, text) in found {
                prop_assert_eq!(document.pointer(&pointer).and_then(Value::as_str), Some(text.as_str()));
            }
        }

        #[test]
        fn no_text_does_harm(text in "[{}\\[\\]\",:\\\\a é]{0,60}") {
            found(&text);
        }
    }
}
