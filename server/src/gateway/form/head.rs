//! Parses the headers of forms and their parts, so strictly that no parser can read them
//! differently, and writes them.
//!
//! Sources: RFC 7578 (forms), RFC 2046 section 5.1.1 (boundaries), RFC 9110 section 5.6 (parameters), RFC
//! 8187 (`filename*`), and the WHATWG's HTML standard, "multipart/form-data", for the writing of names.

use axum::http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use multer::Field;

use crate::{gateway::body::names, v1::error::V1Error};

/// Longest name of a field or file, in bytes.
const MAX_NAME_LENGTH: usize = 1024;
/// Longest type of a part, in bytes.
const MAX_TYPE_LENGTH: usize = 256;
/// The field that names the model. It must not be repeated.
pub(super) const MODEL: &str = "model";

/// Reads the boundary of a form. There must be one content type with one boundary.
pub(super) fn boundary(headers: &HeaderMap) -> Result<String, V1Error> {
    let wrong = || V1Error::wrong_content_type("Send a form: `content-type: multipart/form-data; boundary=…`.");
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else { return Err(wrong()) };
    let (essence, parameters) = parameters(content_type.as_bytes()).ok_or_else(wrong)?;
    let mut boundary = None;
    for (name, value) in parameters {
        match &*name.to_ascii_lowercase() {
            "boundary" if boundary.is_none() => boundary = Some(value),
            "charset" if value.eq_ignore_ascii_case("utf-8") => {}
            _ => return Err(wrong()),
        }
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    boundary
        .filter(|_| essence.eq_ignore_ascii_case("multipart/form-data"))
        .filter(|boundary| {
            (1..=70).contains(&boundary.len()) && boundary.bytes().all(is_allowed) && !boundary.ends_with(' ')
        })
        .ok_or_else(wrong)
}

/// The headers of a part.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct PartHead {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    content_type: Option<HeaderValue>,
}

impl PartHead {
    pub(super) fn read(field: &Field<'_>) -> Result<Self, V1Error> {
        Self::from_headers(field.headers())
    }

    fn from_headers(headers: &HeaderMap) -> Result<Self, V1Error> {
        let wrong = |problem: &str| V1Error::malformed(format!("A part of the form {problem}."));
        let mut dispositions = headers.get_all("content-disposition").iter();
        let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else {
            return Err(wrong("needs exactly one `content-disposition`"));
        };
        let (essence, parameters) =
            parameters(disposition.as_bytes()).ok_or_else(|| wrong("has an invalid `content-disposition`"))?;
        if !essence.eq_ignore_ascii_case("form-data") {
            return Err(wrong("isn't `form-data`"));
        }
        let (mut name, mut plain, mut extended) = (None, None, None);
        for (parameter, value) in parameters {
            let target = match &*parameter.to_ascii_lowercase() {
                "name" => &mut name,
                "filename" => &mut plain,
                "filename*" => &mut extended,
                _ => return Err(wrong("has a `content-disposition` with unknown parameters")),
            };
            if target.replace(value).is_some() {
                return Err(wrong("has two names"));
            }
        }
        let name = name.filter(|name| is_plain(name)).ok_or_else(|| wrong("has no name, or an invalid one"))?;
        let extended = extended.map(|text| decode_extended(&text).ok_or_else(|| wrong("has an invalid `filename*`")));
        let file_name = extended.transpose()?.or(plain);
        if file_name.as_ref().is_some_and(|name| name.len() > MAX_NAME_LENGTH) {
            return Err(wrong("has a file name that is too long"));
        }
        let mut encodings = headers.get_all("content-transfer-encoding").iter();
        let is_unencoded = |value: &HeaderValue| {
            let value = value.as_bytes().trim_ascii().to_ascii_lowercase();
            matches!(&*value, b"binary" | b"8bit" | b"7bit")
        };
        if !encodings.all(is_unencoded) {
            return Err(wrong("is encoded"));
        }
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let content_type = types.next().cloned();
        if types.next().is_some() || content_type.as_ref().is_some_and(|value| !is_type(value.as_bytes())) {
            return Err(wrong("has an invalid `content-type`"));
        }
        Ok(Self { name, file_name, content_type })
    }

    /// Writes the headers as browsers do.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(b"Content-Disposition: form-data; name=\"");
        to.extend_from_slice(self.name.as_bytes());
        to.push(b'"');
        if let Some(name) = &self.file_name {
            to.extend_from_slice(b"; filename=\"");
            for byte in name.bytes() {
                match byte {
                    // Some parsers would read a backslash as an escape.
                    b'"' | b'\\' | 0..=0x1f | 0x7f => to.extend_from_slice(format!("%{byte:02X}").as_bytes()),
                    _ => to.push(byte),
                }
            }
            to.push(b'"');
        }
        to.extend_from_slice(b"\r\n");
        if let Some(content_type) = &self.content_type {
            to.extend_from_slice(b"Content-Type: ");
            to.extend_from_slice(content_type.as_bytes());
            to.extend_from_slice(b"\r\n");
        }
        to.extend_from_slice(b"\r\n");
    }

    /// Whether the field is the model. Fields that could be taken for it are rejected.
    pub(super) fn is_model(&self) -> Result<bool, V1Error> {
        // Some parsers read `model[]`, `model[x]` and `model.x` as lists and objects.
        let base = self.name.split(['[', '.']).next().unwrap_or_default();
        if *names::fold_case(base).trim_matches([' ', ']']) != *MODEL {
            return Ok(false);
        }
        match self.name == MODEL && self.file_name.is_none() {
            true => Ok(true),
            false => Err(V1Error::invalid(MODEL, "`model` must be a plain field, spelled exactly like this.")),
        }
    }
}

/// Whether a name is visible ASCII without characters that end or escape it in some parser,
/// like all of the APIs' fields.
fn is_plain(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'%' | b';' | b',');
    (1..=MAX_NAME_LENGTH).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn is_type(value: &[u8]) -> bool {
    let is_essence = |text: &str| {
        text.split_once('/').is_some_and(|(one, other)| {
            !one.is_empty() && !other.is_empty() && one.bytes().chain(other.bytes()).all(is_token)
        })
    };
    value.len() <= MAX_TYPE_LENGTH && parameters(value).is_some_and(|(essence, _)| is_essence(&essence))
}

/// Parses a value and its parameters, `value; name=value; name="value"`; `None` if anything else is there.
fn parameters(bytes: &[u8]) -> Option<(String, Vec<(String, String)>)> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return None;
    }
    let (value, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
    let mut found = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let after = after.trim_start_matches([' ', '\t']);
        // A semicolon at the end is ignored.
        if after.is_empty() {
            break;
        }
        let (name, after) = after.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find([';', ' ', '\t']).unwrap_or(after.len());
                let (token, after) = after.split_at(end);
                if token.is_empty() || !token.bytes().all(is_lenient_token) {
                    return None;
                }
                (token.to_owned(), after)
            }
        };
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        found.push((name.to_owned(), value));
        rest = after.trim_start_matches([' ', '\t']);
    }
    let value = value.trim();
    let is_value = rest.is_empty() || rest.trim_matches([';', ' ', '\t']).is_empty();
    (is_value && !value.is_empty() && value.bytes().all(|byte| is_token(byte) || byte == b'/'))
        .then(|| (value.to_owned(), found))
}

/// Reads a text up to its closing quote, and returns it with the rest after the quote.
///
/// A backslash escapes a quote or another backslash. Before other characters it is literal, since
/// browsers once sent whole paths.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match text[at + 1..].chars().next() {
                Some(escaped @ ('"' | '\\')) => {
                    value.push(escaped);
                    chars.next();
                }
                _ => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    None
}

/// Whether a byte may be in a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a byte may be in an unquoted value. Clients leave out the quotes of more than tokens.
fn is_lenient_token(byte: u8) -> bool {
    is_token(byte) || b"/:=?@()[]".contains(&byte) || !byte.is_ascii()
}

/// Decodes an extended value such as `UTF-8''a%20b`.
fn decode_extended(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_, text) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(pairs: &[(&'static str, &str)]) -> Result<PartHead, V1Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        PartHead::from_headers(&headers)
    }

    fn named(disposition: &str) -> Result<PartHead, V1Error> {
        head(&[("content-disposition", disposition)])
    }

    fn written(head: &PartHead) -> String {
        let mut bytes = Vec::new();
        head.write(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_clients_send_is_read_and_written_as_browsers_do() {
        for (sent, out) in [
            ("form-data; name=\"a\"", "form-data; name=\"a\""),
            ("Form-Data;name=a", "form-data; name=\"a\""),
            ("form-data; name=\"image[]\"; filename=\"a é.png\"", "form-data; name=\"image[]\"; filename=\"a é.png\""),
            ("form-data; name=\"a\"; filename=\"x\\\"y.png\"", "form-data; name=\"a\"; filename=\"x%22y.png\""),
            ("form-data; name=\"a\"; filename=\"C:\\x.png\"", "form-data; name=\"a\"; filename=\"C:%5Cx.png\""),
            ("form-data; name=\"a\"; filename*=UTF-8''%C3%A9.png", "form-data; name=\"a\"; filename=\"é.png\""),
            ("form-data; name=\"a\"; filename=\"x\"; filename*=utf-8''y", "form-data; name=\"a\"; filename=\"y\""),
        ] {
            let head = named(sent).unwrap();
            assert_eq!(written(&head), format!("Content-Disposition: {out}\r\n\r\n"), "{sent}");
        }
        let typed = head(&[("content-disposition", "form-data; name=\"a\""), ("content-type", "audio/wav")]).unwrap();
        assert_eq!(written(&typed), "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: audio/wav\r\n\r\n");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for disposition in [
            "form-data",
            "form-data; name",
            "form-data; name=",
            "form-data; name=\"\"",
            "form-data; name=\"x\"; name=\"model\"",
            "form-data; name=\"x\"; NAME=\"model\"",
            "form-data; name=\"x\"; name*=utf-8''model",
            "form-data; name*=utf-8''model",
            "form-data; name=\"x\" name=\"model\"",
            "form-data; name=\"model \"",
            "form-data; name=\"mod\\el\"",
            "form-data; name=\"mod%65l\"",
            "form-data; name=\"x",
            "form-data; name=\"x\"; filename=\"a\"; filename=\"b\"",
            "form-data; name=\"x\"; filename*=latin1''a",
            "attachment; name=\"x\"",
            "form-data, form-data; name=\"x\"",
        ] {
            assert!(named(disposition).is_err(), "{disposition}");
        }
        let x = ("content-disposition", "form-data; name=\"x\"");
        assert!(head(&[]).is_err() && head(&[x, x]).is_err());
        assert!(head(&[x, ("content-transfer-encoding", "base64")]).is_err());
        assert!(head(&[x, ("content-transfer-encoding", "binary")]).is_ok());
        assert!(head(&[x, ("content-type", "a/b"), ("content-type", "a/c")]).is_err());
    }

    #[test]
    fn whatever_could_be_the_model_is_the_model_or_refused() {
        assert!(named("form-data; name=\"model\"").unwrap().is_model().unwrap());
        assert!(named("form-data; Name=model").unwrap().is_model().unwrap());
        assert!(!named("form-data; name=\"models\"").unwrap().is_model().unwrap());
        for name in ["Model", "MODEL", "model[]", "model[0]", "model.x", "[model]"] {
            assert!(
                named(&format!("form-data; name=\"{name}\"")).unwrap().is_model().is_err() || name == "[model]",
                "{name}"
            );
        }
        assert!(named("form-data; name=\"model\"; filename=\"x\"").unwrap().is_model().is_err());
    }

    #[test]
    fn a_form_has_one_boundary() {
        let of = |kinds: &[&str]| {
            let mut headers = HeaderMap::new();
            for kind in kinds {
                headers.append(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
            }
            boundary(&headers).ok()
        };
        assert_eq!(of(&["multipart/form-data; boundary=XX"]).as_deref(), Some("XX"));
        assert_eq!(of(&["Multipart/Form-Data; Boundary=\"a b\"; charset=UTF-8"]).as_deref(), Some("a b"));
        for kinds in [
            &["multipart/form-data"][..],
            &["multipart/form-data; boundary="],
            &["multipart/form-data; boundary=A; boundary=B"],
            &["multipart/form-data; boundary=A; Boundary=B"],
            &["multipart/form-data; boundary=A", "multipart/form-data; boundary=B"],
            &["multipart/form-data; boundary=A, multipart/form-data; boundary=B"],
            &["multipart/form-data; boundary*=utf-8''A; boundary=B"],
            &["multipart/mixed; boundary=A"],
            &["application/json; boundary=A"],
            &[],
        ] {
            assert_eq!(of(kinds), None, "{kinds:?}");
        }
    }
}
