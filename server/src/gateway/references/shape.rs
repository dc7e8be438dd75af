//! Which texts could be ids of what providers keep.
//!
//! A request's texts are looked up where they could be, so this is what decides how many calls cost a query. Prose has
//! spaces, words have neither digits nor joints, and what every request is made of is in the [vocabulary](super::vocabulary).
//! What a provider gives that has another form isn't remembered, and so belongs to nobody.

use std::borrow::Cow;

use services::provider_objects::LONGEST_ID;

use super::vocabulary;

/// Longest text, in bytes, that an address with an id in it is looked for in.
const LONGEST_ADDRESS: usize = 2048;
/// Longest text, in bytes, whose parts between control characters are looked at by themselves.
const LONGEST_LINES: usize = 256;
/// How often what is written with percent signs is decoded: once by whoever reads an address, and once by whoever gets it.
const DECODED: usize = 2;
/// From this length on, in bytes, letters alone could be an id: words are shorter.
const LONG: usize = 16;

/// Whether something with this id can be kept in mind: whoever refers to it is noticed then.
pub(in crate::gateway) fn is_id(text: &str) -> bool {
    text.len() <= LONGEST_ID && text.bytes().all(is_of_ids) && is_shaped(text) && !vocabulary::holds(text)
}

/// Gives `take` whatever in `text` could be an id: all of it without what providers may strip, and the parts of an address.
pub(super) fn each_id(text: &str, take: &mut dyn FnMut(&str)) {
    if text.len() > LONGEST_ADDRESS {
        return;
    }
    let inner = text.trim_matches(is_stripped);
    if inner.bytes().all(is_of_ids) {
        let mut decoded = Cow::Borrowed(inner);
        for _ in 0..=DECODED {
            in_address(&decoded, take);
            match unescaped(&decoded) {
                Some(text) => decoded = Cow::Owned(text),
                None => return,
            }
        }
        return;
    }
    if inner.len() <= LONGEST_LINES && inner.contains(is_unseen) {
        // As who ends a text at its first zero would read it, and who leaves out what can't be seen.
        inner.split(is_unseen).filter(|part| part.bytes().all(is_of_ids)).for_each(|part| in_address(part, take));
        let seen: String = inner.chars().filter(|c| !is_unseen(*c)).collect();
        if seen.bytes().all(is_of_ids) {
            in_address(&seen, take);
        }
    }
}

fn in_address(text: &str, take: &mut dyn FnMut(&str)) {
    if text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return;
    }
    if is_id(text) {
        take(text);
    }
    if text.bytes().any(is_joint) {
        text.as_bytes().split(|byte| is_joint(*byte)).filter_map(|part| std::str::from_utf8(part).ok()).for_each(
            |part| {
                if is_id(part) {
                    take(part);
                }
            },
        );
    }
}

/// `text` without percent-encoding (RFC 3986, section 2.1); `None` where there is none, or where it hides no id.
fn unescaped(text: &str) -> Option<String> {
    let (begin, rest) = text.split_once('%')?;
    let mut decoded = begin.to_owned();
    for part in rest.split('%') {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|byte| is_of_ids(*byte)) {
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

/// All visible ASCII but what quotes and brackets: ids of all providers are made of much less.
const fn is_of_ids(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'\'' | b'\\' | b'<' | b'>' | b'`' | b'{' | b'}' | b'[' | b']' | b'^' | b'(' | b')')
}

/// What stands between the parts of an address, a path, or a list.
const fn is_joint(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#' | b'&' | b'=' | b',' | b';' | b':' | b'|' | b'%')
}

/// Ids hold a digit or a joint, or are long.
fn is_shaped(text: &str) -> bool {
    let marks = |byte: u8| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b':' | b'/' | b'=' | b'+' | b'~' | b'@' | b'|' | b'%')
    };
    text.len() >= LONG || text.bytes().any(marks)
}

/// What some providers take off the ends of a text.
fn is_stripped(c: char) -> bool {
    c.is_whitespace() || is_unseen(c)
}

/// Control characters, and what is written without being seen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each_id(text, &mut |id| found.push(id.to_owned()));
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
