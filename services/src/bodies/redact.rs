//! Redacts fields in a JSON text, even if its end is missing.
//!
//! The text isn't parsed and written again: everything that isn't redacted stays as it was. A text that isn't
//! JSON ([`is_understood`]) can't be redacted, and must not be stored if something should be left out of it.

use serde::de::IgnoredAny;

/// The replacement for a redacted value.
const REDACTED: &str = "\"[redacted]\"";

/// Whether fields can be found in a text: it is one JSON value or several; its end may be missing only if it
/// was `cut`.
pub fn is_understood(text: &str, cut: bool) -> bool {
    serde_json::Deserializer::from_str(text)
        .into_iter::<IgnoredAny>()
        .all(|value| value.map_or_else(|error| cut && error.is_eof(), |_| true))
}

/// Returns `text` without the values of `fields`: names, which match at any depth and in any case, or names
/// with those of their parents before them, such as `metadata.customer`. Lists don't count as parents.
pub fn redact(text: &str, fields: &[String]) -> String {
    if fields.is_empty() {
        return text.to_owned();
    }
    let fields = fields.iter().map(|field| field.split('.').collect()).collect();
    let mut redactor =
        Redactor { text, at: 0, copied: 0, out: String::with_capacity(text.len()), fields, path: Vec::new() };
    while redactor.at < text.len() {
        redactor.read_token();
    }
    redactor.copy_until(text.len());
    redactor.out
}

/// Copies a JSON text token by token, without redacted values.
struct Redactor<'a> {
    text: &'a str,
    at: usize,
    /// End of the text that is in `out`, as itself or redacted.
    copied: usize,
    out: String,
    fields: Vec<Vec<&'a str>>,
    /// The objects and lists around the current position, outermost first.
    path: Vec<Frame>,
}

enum Frame {
    List,
    /// An object, with the name of the field whose value comes next, once it has been read.
    Object(Option<String>),
}

impl Redactor<'_> {
    fn copy_until(&mut self, end: usize) {
        self.out.push_str(&self.text[self.copied..end]);
        self.copied = end;
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Reads one token. Nesting is kept in `path`, not on the stack, so that no depth does harm.
    fn read_token(&mut self) {
        let Some(byte) = self.peek() else { return };
        match byte {
            b'{' => {
                self.at += 1;
                self.path.push(Frame::Object(None));
            }
            b'[' => {
                self.at += 1;
                self.path.push(Frame::List);
            }
            b'}' | b']' => {
                self.at += 1;
                self.path.pop();
                self.end_value();
            }
            b',' => {
                self.at += 1;
                self.end_value();
            }
            b'"' => self.read_string(),
            _ => self.at += 1,
        }
    }

    /// Ends a value: the next string in an object is a name.
    fn end_value(&mut self) {
        if let Some(Frame::Object(name)) = self.path.last_mut() {
            *name = None;
        }
    }

    fn read_string(&mut self) {
        let begin = self.at;
        self.skip_string();
        let Some(Frame::Object(name @ None)) = self.path.last_mut() else { return };
        let written = &self.text[begin..self.at];
        // Unescaped, since escapes must not hide a name.
        let unescaped = serde_json::from_str(written).unwrap_or_else(|_| written.trim_matches('"').to_owned());
        *name = Some(unescaped);
        if self.is_redacted() {
            self.skip_space_and(b':');
            self.skip_space_and(b' ');
            self.copy_until(self.at);
            if self.at < self.text.len() {
                self.skip_value();
                self.out.push_str(REDACTED);
                self.copied = self.at;
            }
        }
    }

    fn is_redacted(&self) -> bool {
        let names = || {
            self.path.iter().rev().filter_map(|frame| match frame {
                Frame::Object(Some(name)) => Some(name.as_str()),
                Frame::Object(None) | Frame::List => None,
            })
        };
        self.fields.iter().any(|field| {
            let mut names = names();
            field.iter().rev().all(|part| names.next().is_some_and(|name| name.eq_ignore_ascii_case(part)))
        })
    }

    fn skip_space_and(&mut self, one: u8) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == one) {
            self.at += 1;
        }
    }

    /// Skips the string that begins here, up to its end or that of the text.
    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return,
                b'\\' => self.at += usize::from(self.peek().is_some_and(|next| next.is_ascii())),
                _ => {}
            }
        }
    }

    /// Skips the value that begins here, up to its end or that of the text.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return,
                _ => self.at += 1,
            }
            if depth == 0 && (byte == b'"' || byte == b'}' || byte == b']') {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn fields(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_count_at_any_depth_and_paths_by_their_end() {
        let text = r#"{"user": "u1", "messages":[{"role":"user","content":[{"text":"a, \"b\""}]}, {"user":{"id":1}}],
            "metadata":{"customer" : "c1","other":[1,2]},"customer":"c2","n":1}"#;
        let read = |names: &[&str]| -> Value { serde_json::from_str(&redact(text, &fields(names))).unwrap() };
        let original: Value = serde_json::from_str(text).unwrap();
        assert_eq!(redact(text, &[]), text);
        assert_eq!(read(&["nothing"]), original);
        let mut expected = original.clone();
        expected["user"] = json!("[redacted]");
        expected["messages"][1]["user"] = json!("[redacted]");
        assert_eq!(read(&["user"]), expected);
        let mut expected = original.clone();
        expected["metadata"]["customer"] = json!("[redacted]");
        expected["messages"][0]["content"] = json!("[redacted]");
        expected["n"] = json!("[redacted]");
        assert_eq!(read(&["metadata.customer", "messages.content", "n"]), expected);
    }

    #[test]
    fn what_is_cut_stays_black() {
        let text = r#"{"a":1,"secret":{"deep":["planted"#;
        assert_eq!(redact(text, &fields(&["secret"])), r#"{"a":1,"secret":"[redacted]""#);
        for end in 0..text.len() {
            assert!(!redact(&text[..end], &fields(&["secret"])).contains("plan"), "{end}");
        }
    }

    #[test]
    fn only_json_is_understood_and_a_missing_end_only_where_it_was_cut() {
        for text in ["{}", " [1] ", "{\"a\":1}\n{\"a\":2}\n", "\"x\"", ""] {
            assert!(is_understood(text, false) && is_understood(text, true), "{text}");
        }
        for text in ["{\"a\":\"x", "{\"a\":1}\n{\"a\":", "[1,", "{"] {
            assert!(!is_understood(text, false) && is_understood(text, true), "{text}");
        }
        for text in ["a=1", "{'a':1}", "{\"a\":x", "{a:1}", "<a/>", "{\"a\":1}}", "data: {}"] {
            assert!(!is_understood(text, false) && !is_understood(text, true), "{text}");
        }
    }

    #[test]
    fn capitals_are_no_way_around_a_name() {
        assert_eq!(
            redact(r#"{"Secret":"x","SECRET":1}"#, &fields(&["secret"])),
            r#"{"Secret":"[redacted]","SECRET":"[redacted]"}"#
        );
    }

    #[test]
    fn a_name_may_be_written_with_escapes() {
        assert_eq!(redact(r#"{"s\u0065cret":"x"}"#, &fields(&["secret"])), r#"{"s\u0065cret":"[redacted]"}"#);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), ".*".prop_map(Value::from)];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[abc\"\\\\]{0,2}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    fn without(value: &Value, name: &str) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| without(item, name)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), if key == name { json!("[redacted]") } else { without(value, name) }))
                .collect(),
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn it_does_what_a_parser_would(document in document(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let redacted = redact(&text.unwrap(), &fields(&["a"]));
            prop_assert_eq!(serde_json::from_str::<Value>(&redacted).unwrap(), without(&document, "a"));
        }

        #[test]
        fn no_text_does_harm(text: String) {
            redact(&text, &fields(&["a", "b.c"]));
        }

        #[test]
        fn no_json_like_text_does_harm(text in "[{}\\[\\]\",:\\\\a é]{0,60}") {
            redact(&text, &fields(&["a", "a.a"]));
        }
    }
}
