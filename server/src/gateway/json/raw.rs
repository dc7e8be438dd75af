//! Reads JSON as the clients of providers do: everything that JavaScript's `JSON.parse` or Python's
//! `json.loads` accepts.
//!
//! If several members have one name, both use the last. Both accept halves of surrogate pairs. Python also
//! accepts `NaN` and `Infinity`, which servers written in it send for probabilities. A byte order mark is
//! skipped and invalid UTF-8 is replaced, as text decoders do. Values are slices of the text, and only those
//! that are requested are read twice.

use std::borrow::Cow;

use memchr::memchr2;

/// Most levels of nested lists and objects; Python's reader fails at about a thousand.
const MAX_DEPTH: usize = 4096;

/// A complete value, as a slice of its text.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct RawJson<'a>(&'a [u8]);

/// Passes each member of the object `text` to `take`. Returns `None` for anything else, perhaps after
/// passing some members.
pub(in crate::gateway) fn members<'a>(text: &'a [u8], take: impl FnMut(&str, RawJson<'a>)) -> Option<()> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut cursor = Cursor { text, position: 0 };
    cursor.skip_blanks();
    cursor.members(take)?;
    cursor.skip_blanks();
    (cursor.position == text.len()).then_some(())
}

/// Reads `text` as a value; `None` if it isn't one.
pub(in crate::gateway) fn value(text: &[u8]) -> Option<RawJson<'_>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut cursor = Cursor { text, position: 0 };
    let value = cursor.value()?;
    cursor.skip_blanks();
    (cursor.position == text.len()).then_some(value)
}

impl<'a> RawJson<'a> {
    /// Returns the text of the value.
    pub(in crate::gateway) fn raw(self) -> &'a [u8] {
        self.0
    }

    pub(in crate::gateway) fn is_null(self) -> bool {
        self.0 == b"null"
    }

    pub(in crate::gateway) fn is_object(self) -> bool {
        self.0.starts_with(b"{")
    }

    /// Passes each member of an object to `take`; anything else has none.
    pub(in crate::gateway) fn members(self, take: impl FnMut(&str, RawJson<'a>)) {
        // The value has been read to its end before, so an object is valid.
        let _ = Cursor { text: self.0, position: 0 }.members(take);
    }

    /// Returns the last member with this name.
    pub(in crate::gateway) fn member(self, name: &str) -> Option<RawJson<'a>> {
        let mut found = None;
        self.members(|found_name, value| {
            if found_name == name {
                found = Some(value);
            }
        });
        found
    }

    /// Passes each item of a list to `take`; `None` for anything else.
    pub(in crate::gateway) fn items(self, mut take: impl FnMut(RawJson<'a>)) -> Option<()> {
        let mut cursor = Cursor { text: self.0, position: 0 };
        cursor.expect(b'[')?;
        cursor.skip_blanks();
        if cursor.accept(b']') {
            return Some(());
        }
        loop {
            take(cursor.value()?);
            cursor.skip_blanks();
            if cursor.accept(b']') {
                return Some(());
            }
            cursor.expect(b',')?;
        }
    }

    /// Returns the value as a number, which may be infinite or NaN.
    pub(in crate::gateway) fn number(self) -> Option<f64> {
        match self.0 {
            b"NaN" => Some(f64::NAN),
            b"Infinity" => Some(f64::INFINITY),
            b"-Infinity" => Some(f64::NEG_INFINITY),
            [b'-' | b'0'..=b'9', ..] => std::str::from_utf8(self.0).ok()?.parse().ok(),
            _ => None,
        }
    }

    pub(in crate::gateway) fn text(self) -> Option<Cow<'a, str>> {
        self.0.strip_prefix(b"\"")?.strip_suffix(b"\"").map(decode_string)
    }
}

/// Decodes the content of a string, without its quotes.
fn decode_string(raw: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw).is_none() {
        return String::from_utf8_lossy(raw);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        let unit = match (first, after) {
            (b'\\', [b'u', digits @ ..]) => {
                let unit = digits.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
                unit.and_then(|digits| u16::from_str_radix(digits, 16).ok())
            }
            _ => None,
        };
        if let Some(unit) = unit {
            units.push(unit);
            rest = &after[5..];
            continue;
        }
        bytes.extend_from_slice(String::from_utf16_lossy(&units).as_bytes());
        units.clear();
        let (byte, length) = match (first, after.first()) {
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b'b')) => (8, 2),
            (b'\\', Some(b'f')) => (12, 2),
            (b'\\', Some(other)) => (*other, 2),
            (other, _) => (*other, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes.extend_from_slice(String::from_utf16_lossy(&units).as_bytes());
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

struct Cursor<'a> {
    text: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.position += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.accept(byte).then_some(())
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn members(&mut self, mut take: impl FnMut(&str, RawJson<'a>)) -> Option<()> {
        self.expect(b'{')?;
        self.skip_blanks();
        if self.accept(b'}') {
            return Some(());
        }
        loop {
            self.skip_blanks();
            let name = self.name()?;
            let value = self.value()?;
            take(&decode_string(name), value);
            self.skip_blanks();
            if self.accept(b'}') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    /// Reads a member's name, without its quotes, and the colon after it.
    fn name(&mut self) -> Option<&'a [u8]> {
        let start = self.position + 1;
        self.string()?;
        let name = &self.text[start..self.position - 1];
        self.skip_blanks();
        self.expect(b':')?;
        Some(name)
    }

    fn value(&mut self) -> Option<RawJson<'a>> {
        self.skip_blanks();
        let start = self.position;
        // Closing brackets of the enclosing lists and objects.
        let mut enclosing: Vec<u8> = Vec::new();
        loop {
            self.skip_blanks();
            let closing = match self.peek()? {
                b'{' => Some(b'}'),
                b'[' => Some(b']'),
                b'"' => {
                    self.string()?;
                    None
                }
                _ => {
                    self.scalar()?;
                    None
                }
            };
            if let Some(closing) = closing {
                self.position += 1;
                self.skip_blanks();
                if !self.accept(closing) {
                    if enclosing.len() == MAX_DEPTH {
                        return None;
                    }
                    enclosing.push(closing);
                    if closing == b'}' {
                        self.name()?;
                    }
                    continue;
                }
            }
            loop {
                let Some(closing) = enclosing.last().copied() else {
                    return Some(RawJson(&self.text[start..self.position]));
                };
                self.skip_blanks();
                if self.accept(closing) {
                    enclosing.pop();
                    continue;
                }
                self.expect(b',')?;
                if closing == b'}' {
                    self.skip_blanks();
                    self.name()?;
                }
                break;
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            self.position += memchr2(b'"', b'\\', &self.text[self.position..])?;
            if self.accept(b'"') {
                return Some(());
            }
            self.position += 2;
            if self.position > self.text.len() {
                return None;
            }
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = &self.text[self.position..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let word = &rest[..length];
        let is_known = matches!(word, b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity");
        self.position += length;
        (is_known || is_number(word)).then_some(())
    }
}

/// Whether a word is a number, as RFC 8259, section 6 defines.
fn is_number(word: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    let integer_digits = digits(rest);
    if integer_digits == 0 || (integer_digits > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[integer_digits..];
    if let Some(after) = rest.strip_prefix(b".") {
        let decimals = digits(after);
        if decimals == 0 {
            return false;
        }
        rest = &after[decimals..];
    }
    if let [b'e' | b'E', after @ ..] = rest {
        let after = after.strip_prefix(b"+").or_else(|| after.strip_prefix(b"-")).unwrap_or(after);
        let exponent = digits(after);
        if exponent == 0 {
            return false;
        }
        rest = &after[exponent..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_read(text: &str) -> bool {
        members(text.as_bytes(), |_, _| {}).is_some()
    }

    fn member(text: &[u8], name: &str) -> Option<String> {
        let mut found = None;
        members(text, |found_name, value| {
            if found_name == name {
                found = value.text().map(Cow::into_owned);
            }
        })?;
        found
    }

    #[test]
    fn what_javascript_and_python_read_is_read() {
        for text in [
            "\u{feff}{}",
            " \r\n{ \"a\" : [ ] , \"b\" : [ 1 , { } ] } \t",
            r#"{"a":NaN,"b":[Infinity,-Infinity]}"#,
            r#"{"a":"\ud800","\udfff":1e999,"c":-0.0E+10}"#,
            r#"{"a":"\"\\\/\b\f\n\r\t\u00e9"}"#,
        ] {
            assert!(is_read(text), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000), "]".repeat(1_000));
        assert!(is_read(&deep));
        assert_eq!(member(b"{\"a\":\"1\",\"a\":\"2\"}", "a").as_deref(), Some("2"));
        assert_eq!(
            member(b"{\"\\u0061\":\"\\ud83d\\ude00\\ud83d!\\n\"}", "a").as_deref(),
            Some("\u{1f600}\u{fffd}!\n")
        );
        assert_eq!(member(b"{\"a\":\"\xff\"}", "a").as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn what_nobody_reads_isnt() {
        for text in [
            "",
            "[]",
            "7",
            "{",
            "{}}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":1e}",
            "{\"a\":+1}",
            "{\"a\":nan}",
            "{\"a\":\"}",
            "{\"a\":\"\\",
            "{\"a\":[1 2]}",
            "{\"a\":[}]",
        ] {
            assert!(!is_read(text), "{text}");
        }
        assert!(!is_read(&format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000))));
    }

    proptest! {
        #[test]
        fn json_is_read_as_serde_reads_it(text in "[\\[\\]{}:,\"a\\\\u0-9.eE+\\- truefalsn]{0,24}") {
            let text = format!("{{\"a\":{text}}}");
            let known = serde_json::from_str::<serde_json::Value>(&text);
            if let Ok(serde_json::Value::Object(known)) = known {
                let mut found = serde_json::Map::new();
                let read = members(text.as_bytes(), |name, value| {
                    found.insert(name.to_owned(), serde_json::from_slice(value.0).unwrap());
                });
                prop_assert!(read.is_some(), "{text}");
                prop_assert_eq!(found, known);
            }
        }

        #[test]
        fn any_bytes_are_read_or_not(bytes: Vec<u8>) {
            let object = [b"{\"a\":", &*bytes, b"}"].concat();
            for text in [&*bytes, &*object] {
                let _ = members(text, |_, value| {
                    let _ = (value.text(), value.number(), value.items(|_| {}));
                });
            }
        }
    }
}
