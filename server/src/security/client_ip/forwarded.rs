//! `Forwarded` (RFC 7239), read strictly: a line in which anything is odd says nothing.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// What one proxy says.
#[derive(Debug, Default)]
pub(super) struct Element {
    client: Option<String>,
    scheme: Option<String>,
}

impl Element {
    /// The address that it saw; `None` where it doesn't tell, or not by address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        super::address(self.client.as_deref()?)
    }

    /// The scheme by which it was reached.
    pub(super) fn into_scheme(self) -> Option<String> {
        self.scheme
    }
}

/// What proxies say, the last one first; `None` for what can't be read.
pub(super) fn elements(headers: &HeaderMap) -> impl Iterator<Item = Option<Element>> {
    let lines = headers.get_all("forwarded").iter().rev();
    lines.flat_map(|line| match line.to_str().ok().and_then(read) {
        Some(elements) => elements.into_iter().rev().map(Some).collect(),
        None => vec![None],
    })
}

/// The elements of a line: `for=192.0.2.60;proto=http, for="[2001:db8::17]:4711"`.
fn read(line: &str) -> Option<Vec<Element>> {
    let mut elements = vec![Element::default()];
    let mut rest = line.trim_matches(BLANK);
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        let element = elements.last_mut()?;
        let place = match name.to_ascii_lowercase().as_str() {
            "for" => Some(&mut element.client),
            "proto" => Some(&mut element.scheme),
            name if !name.is_empty() && name.bytes().all(is_token) => None,
            _ => return None,
        };
        if let Some(place) = place
            && place.replace(value).is_some()
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

/// The value that `text` begins with, and what follows: in quotes anything, and else what isn't a delimiter. Brackets and
/// colons aren't asked to be in quotes, since not all proxies put them there.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';', '"', '=', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
