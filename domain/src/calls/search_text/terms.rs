//! The terms of a search text: words between spaces, most of them a qualifier, a colon and a value, which may be quoted.

use std::borrow::Cow;

/// A term and its place in the text, in bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Term {
    /// The part before the colon; `None` for a word without one.
    pub(super) qualifier: Option<String>,
    /// The value, without quotation marks.
    pub(super) value: String,
    pub(super) start: usize,
    /// The place at which the value begins, with its quotation mark.
    pub(super) value_start: usize,
    pub(super) end: usize,
    /// Whether the closing quotation mark is missing.
    pub(super) is_open: bool,
}

/// Splits a text into its terms.
pub(super) fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let term = Term::read(rest, text.len() - rest.len());
        rest = text[term.end..].trim_start();
        terms.push(term);
    }
    terms
}

impl Term {
    /// Reads the term with which `rest` begins, at `start` in the text.
    fn read(rest: &str, start: usize) -> Self {
        let ends_word = |letter: char| letter.is_whitespace() || letter == ':' || letter == '"';
        let word = rest.find(ends_word).unwrap_or(rest.len());
        let qualifier = rest[word..].starts_with(':').then(|| rest[..word].to_owned());
        let value_at = if qualifier.is_some() { word + 1 } else { 0 };
        let (value, length, is_open) = read_value(&rest[value_at..]);
        let value_start = start + value_at;
        Self { qualifier, value, start, value_start, end: value_start + length, is_open }
    }
}

/// Reads a value up to a space, or up to its closing quotation mark. Returns it with its length in the text, and whether
/// the mark is missing.
fn read_value(text: &str) -> (String, usize, bool) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return (text[..end].to_owned(), end, false);
    };
    let mut value = String::new();
    let mut is_escaped = false;
    for (place, letter) in quoted.char_indices() {
        match letter {
            '\\' if !is_escaped => is_escaped = true,
            // Both quotation marks belong to the length.
            '"' if !is_escaped => return (value, place + 2, false),
            _ => {
                value.push(letter);
                is_escaped = false;
            }
        }
    }
    (value, text.len(), true)
}

/// Writes a value as [`terms`] reads it, in quotation marks if it needs them.
pub(super) fn quoted(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && !value.starts_with('"') && !value.contains(char::is_whitespace) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(Option<String>, String, &str)> {
        terms(text).into_iter().map(|term| (term.qualifier, term.value, &text[term.start..term.end])).collect()
    }

    #[test]
    fn terms_are_words_and_quoted_values() {
        let term = |qualifier: &str, value: &str| (Some(qualifier.to_owned()), value.to_owned());
        for (text, (qualifier, value)) in [
            ("model:gpt-x", term("model", "gpt-x")),
            ("model:a:b\"c", term("model", "a:b\"c")),
            (r#"key:"a \"b\" \\c""#, term("key", r#"a "b" \c"#)),
            ("model:", term("model", "")),
            (":x", term("", "x")),
            (r"model:a\b", term("model", r"a\b")),
        ] {
            assert_eq!(
                read(&format!("  {text}\tstatus:4xx")),
                [(qualifier, value, text), (Some("status".to_owned()), "4xx".to_owned(), "status:4xx")]
            );
        }
        assert_eq!(
            read("word \"two words\""),
            [(None, "word".to_owned(), "word"), (None, "two words".to_owned(), "\"two words\"")]
        );
        let open = terms("text:\"no end ");
        assert_eq!((open.len(), open[0].is_open, open[0].value.as_str()), (1, true, "no end "));
    }

    proptest! {
        #[test]
        fn any_text_has_terms_in_their_order(text: String) {
            let mut end = 0;
            for term in terms(&text) {
                prop_assert!(end <= term.start && term.start <= term.value_start && term.start < term.end);
                end = term.end;
            }
            prop_assert!(text[end..].trim().is_empty());
        }

        #[test]
        fn any_value_survives_a_round_trip(value: String) {
            let read = terms(&format!("model:{} status:4xx", quoted(&value)));
            prop_assert_eq!((read.len(), &read[0].value), (2, &value));
        }
    }
}
