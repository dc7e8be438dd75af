//! JSON as the clients of providers read it: whatever JavaScript's `JSON.parse` or Python's `json.loads` takes.
//!
//! Of several members of one name both take the last, and both take halves of surrogate pairs. Python takes `NaN` and
//! `Infinity` besides, which servers written in it send for probabilities. A byte order mark is left out and what isn't UTF-8
//! is replaced, as decoders of texts do. Nothing is kept but where values stand, and nothing is read twice but what is asked for.

use std::borrow::Cow;

use memchr::memchr2;

/// How many lists and objects may stand in each other; Python's reader ends at about a thousand.
const DEEPEST: usize = 4096;

/// A value that was read to its end, as it stands in its text.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Value<'a>(&'a [u8]);

/// Gives `take` each member of the object that `text` is; `None` for anything else, of which some may have been given by then.
pub(in crate::gateway) fn members<'a>(text: &'a [u8], take: impl FnMut(&str, Value<'a>)) -> Option<()> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut cursor = Cursor { text, at: 0 };
    cursor.blanks();
    cursor.members(take)?;
    cursor.blanks();
    (cursor.at == text.len()).then_some(())
}

/// The value that `text` is; `None` where it is none.
pub(in crate::gateway) fn value(text: &[u8]) -> Option<Value<'_>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut cursor = Cursor { text, at: 0 };
    let value = cursor.value()?;
    cursor.blanks();
    (cursor.at == text.len()).then_some(value)
}

impl<'a> Value<'a> {
    /// As it is written.
    pub(in crate::gateway) fn raw(self) -> &'a [u8] {
        self.0
    }

    pub(in crate::gateway) fn is_null(self) -> bool {
        self.0 == b"null"
    }

    pub(in crate::gateway) fn is_object(self) -> bool {
        self.0.starts_with(b"{")
    }

    /// Gives `take` each member of an object, and nothing of anything else.
    pub(in crate::gateway) fn members(self, take: impl FnMut(&str, Value<'a>)) {
        // It was read to its end before, so that nothing can be wrong with an object.
        let _ = Cursor { text: self.0, at: 0 }.members(take);
    }

    /// The last member of this name.
    pub(in crate::gateway) fn member(self, wanted: &str) -> Option<Value<'a>> {
        let mut found = None;
        self.members(|name, value| {
            if name == wanted {
                found = Some(value);
            }
        });
        found
    }

    /// Gives `take` each item of a list; `None` for anything else.
    pub(in crate::gateway) fn items(self, mut take: impl FnMut(Value<'a>)) -> Option<()> {
        let mut cursor = Cursor { text: self.0, at: 0 };
        cursor.expect(b'[')?;
        cursor.blanks();
        if cursor.eat(b']') {
            return Some(());
        }
        loop {
            take(cursor.value()?);
            cursor.blanks();
            if cursor.eat(b']') {
                return Some(());
            }
            cursor.expect(b',')?;
        }
    }

    /// Whichever number it is, perhaps none that is finite.
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
        self.0.strip_prefix(b"\"")?.strip_suffix(b"\"").map(decoded)
    }
}

/// What a text says between its quotes.
fn decoded(raw: &[u8]) -> Cow<'_, str> {
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
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn members(&mut self, mut take: impl FnMut(&str, Value<'a>)) -> Option<()> {
        self.expect(b'{')?;
        self.blanks();
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            self.blanks();
            let name = self.name()?;
            let value = self.value()?;
            take(&decoded(name), value);
            self.blanks();
            if self.eat(b'}') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    /// A member's name between its quotes, and the colon behind it.
    fn name(&mut self) -> Option<&'a [u8]> {
        let begin = self.at + 1;
        self.string()?;
        let name = &self.text[begin..self.at - 1];
        self.blanks();
        self.expect(b':')?;
        Some(name)
    }

    fn value(&mut self) -> Option<Value<'a>> {
        self.blanks();
        let begin = self.at;
        // What closes the lists and objects around.
        let mut around: Vec<u8> = Vec::new();
        loop {
            self.blanks();
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
                self.at += 1;
                self.blanks();
                if !self.eat(closing) {
                    if around.len() == DEEPEST {
                        return None;
                    }
                    around.push(closing);
                    if closing == b'}' {
                        self.name()?;
                    }
                    continue;
                }
            }
            loop {
                let Some(closing) = around.last().copied() else {
                    return Some(Value(&self.text[begin..self.at]));
                };
                self.blanks();
                if self.eat(closing) {
                    around.pop();
                    continue;
                }
                self.expect(b',')?;
                if closing == b'}' {
                    self.blanks();
                    self.name()?;
                }
                break;
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            self.at += memchr2(b'"', b'\\', &self.text[self.at..])?;
            if self.eat(b'"') {
                return Some(());
            }
            self.at += 2;
            if self.at > self.text.len() {
                return None;
            }
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let word = &rest[..length];
        let is_known = matches!(word, b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity");
        self.at += length;
        (is_known || is_number(word)).then_some(())
    }
}

/// RFC 8259, section 6.
fn is_number(word: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
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

    fn member(text: &[u8], wanted: &str) -> Option<String> {
        let mut found = None;
        members(text, |name, value| {
            if name == wanted {
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
