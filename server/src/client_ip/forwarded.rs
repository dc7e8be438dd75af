//! Reads `Forwarded` (RFC 7239) strictly: a line with anything odd in it counts as unreadable.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// One proxy's entry.
#[derive(Debug, Default)]
pub(super) struct Element {
    client: Option<String>,
    scheme: Option<String>,
}

impl Element {
    /// The address that the proxy saw; `None` if it gives none, or not as an address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        super::address(self.client.as_deref()?)
    }

    /// The scheme by which the proxy was reached.
    pub(super) fn into_scheme(self) -> Option<String> {
        self.scheme
    }
}

/// The proxies' entries, the last first; `None` for a line that can't be read.
pub(super) fn elements(headers: &HeaderMap) -> impl Iterator<Item = Option<Element>> {
    let lines = headers.get_all("forwarded").iter().rev();
    lines.flat_map(|line| match line.to_str().ok().and_then(read) {
        Some(elements) => elements.into_iter().rev().map(Some).collect(),
        None => vec![None],
    })
}

/// Reads the elements of a line: `for=192.0.2.60;proto=http, for="[2001:db8::17]:4711"`.
fn read(line: &str) -> Option<Vec<Element>> {
    let mut elements = vec![Element::default()];
    let mut rest = line.trim_matches(BLANK);
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        let element = elements.last_mut()?;
        let field = match name.to_ascii_lowercase().as_str() {
            "for" => Some(&mut element.client),
            "proto" => Some(&mut element.scheme),
            name if !name.is_empty() && name.bytes().all(is_token) => None,
            _ => return None,
        };
        if let Some(field) = field
            && field.replace(value).is_some()
        {
            return None;
        }
        let after = after.trim_start_matches(BLANK);
        rest = match after.chars().next() {
            None => return Some(elements),
            Some(';') => after[1..].trim_start_matches(BLANK),
            Some(',') => {
                elements.push(Element::default());
                after[1..].trim_start_matches(BLANK)
            }
            Some(_) => return None,
        };
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// Splits the value off the beginning of `text`: anything in quotes, otherwise everything up to a delimiter.
/// Brackets and colons needn't be in quotes, since not all proxies quote them.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';', '"', '=', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// Whether a byte may occur in a token: RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
