//! Recognizes texts that could be ids of provider objects.
//!
//! Only such texts are looked up, so this decides how many calls cost a query. Prose has spaces, words have
//! neither digits nor separators, and the words of every request are in the [vocabulary](super::vocabulary).
//! An object whose id has another form isn't remembered, and so has no owner.

use std::borrow::Cow;

use services::provider_objects::MAX_ID_LENGTH;

use super::vocabulary;

/// Longest text that may be an address with an id in it, in bytes.
const MAX_ADDRESS_LENGTH: usize = 2048;
/// Longest text that is split at control characters, in bytes.
const MAX_LINES_BYTES: usize = 256;
/// How often percent-encoding is decoded: once as by the parser of an address, and once as by its target.
const MAX_DECODINGS: usize = 2;
/// Shortest id of letters only, in bytes; words are shorter.
const MIN_LETTERS_LENGTH: usize = 16;

/// Whether an object with this id can be tracked: its id is recognized in requests.
pub(in crate::gateway) fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID_LENGTH && text.bytes().all(is_id_byte) && has_id_form(text) && !vocabulary::contains(text)
}

/// Calls `take` with everything in `text` that could be an id: the text without characters that providers
/// strip, and the parts of an address.
pub(super) fn for_each_id(text: &str, take: &mut dyn FnMut(&str)) {
    if text.len() > MAX_ADDRESS_LENGTH {
        return;
    }
    let inner = text.trim_matches(is_strippable);
    if inner.bytes().all(is_id_byte) {
        let mut decoded = Cow::Borrowed(inner);
        for _ in 0..=MAX_DECODINGS {
            for_each_id_in_address(&decoded, take);
            match decode_percent(&decoded) {
                Some(text) => decoded = Cow::Owned(text),
                None => return,
            }
        }
        return;
    }
    if inner.len() <= MAX_LINES_BYTES && inner.contains(is_invisible) {
        // As parsers read it that end a text at its first zero, or that remove invisible characters.
        inner
            .split(is_invisible)
            .filter(|part| part.bytes().all(is_id_byte))
            .for_each(|part| for_each_id_in_address(part, take));
        let visible: String = inner.chars().filter(|c| !is_invisible(*c)).collect();
        if visible.bytes().all(is_id_byte) {
            for_each_id_in_address(&visible, take);
        }
    }
}

fn for_each_id_in_address(text: &str, take: &mut dyn FnMut(&str)) {
    if text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return;
    }
    if is_id(text) {
        take(text);
    }
    if text.bytes().any(is_separator) {
        text.as_bytes().split(|byte| is_separator(*byte)).filter_map(|part| std::str::from_utf8(part).ok()).for_each(
            |part| {
                if is_id(part) {
                    take(part);
                }
            },
        );
    }
}

/// Decodes percent-encoding (RFC 3986, section 2.1) of ids' characters; `None` if there is none.
fn decode_percent(text: &str) -> Option<String> {
    let (begin, rest) = text.split_once('%')?;
    let mut decoded = begin.to_owned();
    for part in rest.split('%') {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|byte| is_id_byte(*byte)) {
            Some(byte) => {
                decoded.push(char::from(byte));
                decoded.push_str(&part[2..]);
            }
            None => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    (decoded.len() < text.len()).then_some(decoded)
}

/// Whether a byte may be in an id: visible ASCII except quotes and brackets. Providers' ids
/// use far fewer characters.
const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'\'' | b'\\' | b'<' | b'>' | b'`' | b'{' | b'}' | b'[' | b']' | b'^' | b'(' | b')')
}

/// Whether a byte separates the parts of an address, a path, or a list.
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#' | b'&' | b'=' | b',' | b';' | b':' | b'|' | b'%')
}

/// Whether a text has a digit or a separator, or is long, like all ids.
fn has_id_form(text: &str) -> bool {
    let is_mark = |byte: u8| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b':' | b'/' | b'=' | b'+' | b'~' | b'@' | b'|' | b'%')
    };
    text.len() >= MIN_LETTERS_LENGTH || text.bytes().any(is_mark)
}

/// Whether some providers strip a character from the ends of a text.
fn is_strippable(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether a character is a control character or invisible.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for_each_id(text, &mut |id| found.push(id.to_owned()));
        found
    }

    #[test]
    fn ids_of_providers_are_found_as_they_may_be_written() {
        for id in [
            "file-1",
            "file_011CNha8iCJcU1wXNR6q4V8w",
            "resp_68af",
            "video_1",
            "ftjob-a",
            "chatcmpl-x",
            "42",
            "LettersAloneOfAnId",
        ] {
            assert!(is_id(id), "{id}");
            for written in [id.to_owned(), format!(" {id}\n"), format!("\u{feff}{id}"), format!("{id}\0rest of it")] {
                assert!(ids(&written).iter().any(|found| found == id), "{written:?}");
            }
        }
        assert_eq!(ids("file\u{200b}-1"), ["-1", "file-1"]);
        assert!(ids("https://api.example/v1/files/file-1/content?x=y").contains(&"file-1".to_owned()));
        assert!(ids("file%2D1").contains(&"file-1".to_owned()));
        assert!(ids("file%252D1").contains(&"file-1".to_owned()));
        assert_eq!(ids("file-1,file-2"), ["file-1,file-2", "file-1", "file-2"]);
    }

    #[test]
    fn what_ordinary_requests_are_made_of_is_no_id() {
        for text in [
            "",
            "user",
            "Hello!",
            "A sentence of some words, 1 number and file-1.",
            "max_tokens",
            "input_text",
            "image/png",
            "data:image/png;base64,AAAA1234",
            "{\"file\":\"file-1\"}",
        ] {
            assert!(ids(text).is_empty(), "{text}");
        }
        assert!(ids(&"a1".repeat(1_025)).is_empty());
    }
}
