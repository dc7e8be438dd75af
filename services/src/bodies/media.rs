//! Recognizes data in base64 within a body.

use domain::bodies::BodyMedia;

/// Shortest text that is left out of what is shown, in characters.
const MIN_LENGTH: usize = 512;
/// Longest beginning of a data URL, before its data.
const MAX_PREFIX: usize = 200;
/// The type of data of which nothing else is known.
const UNKNOWN_TYPE: &str = "application/octet-stream";
/// Fields that hold data in base64, by OpenAI's and Anthropic's API references, whatever it begins with.
const DATA_FIELDS: [&str; 5] = ["b64_json", "data", "file_data", "embedding", "result"];

/// Data in base64, as it is written in a body.
pub(super) struct EncodedData<'a> {
    pub(super) media_type: String,
    /// The base64; its slashes may be escaped.
    pub(super) base64: &'a str,
}

impl EncodedData<'_> {
    /// Describes the data at `pointer`.
    pub(super) fn describe(&self, pointer: String) -> BodyMedia {
        let digits = self.base64.bytes().filter(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte)).count();
        BodyMedia { pointer, media_type: self.media_type.clone(), bytes: (digits * 3 / 4) as u64 }
    }
}

/// Recognizes data in `text`, the value of the field `name`, as it is written in JSON; `None` if it is short, or
/// isn't data.
pub(super) fn recognize<'a>(name: &str, text: &'a str) -> Option<EncodedData<'a>> {
    if text.len() < MIN_LENGTH {
        return None;
    }
    let beginning = &text[..text.floor_char_boundary(MAX_PREFIX)];
    if let Some((kind, _)) = beginning.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        let base64 = &text["data:".len() + kind.len() + ";base64,".len()..];
        let media_type = kind.split(';').next().unwrap_or_default().replace('\\', "").to_ascii_lowercase();
        let media_type = if is_media_type(&media_type) { media_type } else { UNKNOWN_TYPE.to_owned() };
        return is_base64(base64).then_some(EncodedData { media_type, base64 });
    }
    let media_type = sniff(text).or_else(|| DATA_FIELDS.contains(&name).then_some(UNKNOWN_TYPE))?;
    is_base64(text).then(|| EncodedData { media_type: media_type.to_owned(), base64: text })
}

/// Whether a text has the form of a media type without parameters.
fn is_media_type(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_part(kind) && is_part(subtype))
}

/// Whether a text consists of base64, in either alphabet, with escaped slashes and line breaks.
fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=\\".contains(&byte))
}

/// The media type of data by its first bytes, written in base64.
fn sniff(base64: &str) -> Option<&'static str> {
    let begins = |with: &str| base64.starts_with(with);
    match () {
        () if begins("iVBORw0KGgo") => Some("image/png"),
        () if begins("/9j/") || begins("\\/9j\\/") => Some("image/jpeg"),
        () if begins("R0lGOD") => Some("image/gif"),
        // "RIFF", four bytes of size, and the kind.
        () if begins("UklGR") && base64.get(12..16) == Some("RUJQ") => Some("image/webp"),
        () if begins("UklGR") && base64.get(12..16) == Some("QVZF") => Some("audio/wav"),
        () if begins("JVBERi0") => Some("application/pdf"),
        () if begins("SUQz") => Some("audio/mpeg"),
        () if begins("T2dnUw") => Some("audio/ogg"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, text: &str) -> Option<String> {
        recognize(name, text).map(|data| data.media_type)
    }

    #[test]
    fn data_is_recognized_by_its_url_its_beginning_or_its_field() {
        let data = "A".repeat(1_000);
        let is = |name: &str, text: String| kind(name, &text);
        assert_eq!(is("url", format!("data:image/PNG;base64,{data}")).as_deref(), Some("image/png"));
        assert_eq!(is("url", format!("data:image\\/png;charset=x;base64,{data}")).as_deref(), Some("image/png"));
        assert_eq!(is("url", format!("data:<b>;base64,{data}")).as_deref(), Some(UNKNOWN_TYPE));
        assert_eq!(is("x", format!("iVBORw0KGgo{data}")).as_deref(), Some("image/png"));
        assert_eq!(is("x", format!("UklGRiQAAABXRUJQVlA4{data}")).as_deref(), Some("image/webp"));
        assert_eq!(is("x", format!("UklGRiQAAABXQVZFZm10{data}")).as_deref(), Some("audio/wav"));
        assert_eq!(is("b64_json", data.clone()).as_deref(), Some(UNKNOWN_TYPE));
        assert_eq!(is("content", data.clone()), None, "a long word is none");
        assert_eq!(is("b64_json", "why? ".repeat(1_000)), None);
        assert_eq!(is("b64_json", "AAAA".to_owned()), None, "it is short enough to be shown");
        assert_eq!(is("url", format!("data:image/png;base64,{}", "é".repeat(1_000))), None);
    }

    #[test]
    fn its_size_is_that_of_the_decoded_bytes() {
        let text = format!("data:image/png;base64,{}==", "A".repeat(1_002));
        let media = recognize("url", &text).unwrap().describe("/a".to_owned());
        assert_eq!((media.pointer.as_str(), media.bytes), ("/a", 751));
    }
}
