//! Estimates the tokens of a JSON request by its length.
//!
//! The tokens of images and audio in base64 don't depend on their bytes, but on their dimensions and
//! duration. By its bytes, an image of a megabyte would count as 250,000 tokens, and block other calls under
//! the same limit until it is answered and its real usage is known.

use memchr::memchr2;

/// Bytes of JSON per token, for texts in most languages and the syntax around them.
const BYTES_PER_TOKEN: u64 = 4;
/// Tokens of a large image: [Anthropic](https://docs.claude.com/en/docs/build-with-claude/vision) scales
/// images down to about 1,600 (`width * height / 750`), and
/// [OpenAI](https://platform.openai.com/docs/guides/images-vision#calculating-costs) counts up to 1,536
/// patches, or 170 for each of a few tiles.
const IMAGE_TOKENS: u64 = 1_600;
/// Bytes of base64 per token of audio or video: about 10 tokens and 10 kB per second.
const AUDIO_BYTES_PER_TOKEN: u64 = 1_024;
/// Bytes of base64 per token of a PDF: a page has about 50 to 100 kB, and
/// [1,500 to 3,000 tokens](https://docs.claude.com/en/docs/build-with-claude/pdf-support).
const DOCUMENT_BYTES_PER_TOKEN: u64 = 32;
/// Shorter values count as text, whatever they contain.
const MIN_BASE64_LENGTH: usize = 1_024;

/// The kind of data in base64.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Medium {
    Image,
    Audio,
    Document,
}

impl Medium {
    /// Detects the kind by a data URL's type or the first bytes; `None` for what may as well be text.
    fn detect(value: &[u8]) -> Option<Self> {
        let (kind, data) = match value.strip_prefix(b"data:") {
            Some(address) => {
                let comma = address.iter().take(100).position(|byte| *byte == b',')?;
                (&address[..comma], address[comma + 1..].trim_ascii_start())
            }
            None => (&b""[..], value),
        };
        // In a data URL any character may be percent-encoded.
        if !data.iter().all(|byte| is_base64(*byte) || (*byte == b'%' && !kind.is_empty())) {
            return None;
        }
        let begins = |signs: &[&[u8]]| signs.iter().any(|sign| data.starts_with(sign));
        // Images: PNG, JPEG (whose slashes some programs escape), GIF, and WebP, which begins like WAV.
        // Audio: MP3 with a header, Ogg, FLAC, WebM, WAV, MP4, and frames without a header.
        let riff = data.starts_with(b"UklGR").then(|| data.get(12..16)).flatten();
        if kind.starts_with(b"image")
            || begins(&[b"iVBORw0KGg", b"/9j/", b"\\/9j\\/", b"R0lGOD"])
            || riff == Some(&b"RUJQ"[..])
        {
            Some(Self::Image)
        } else if kind.starts_with(b"audio")
            || kind.starts_with(b"video")
            || begins(&[b"SUQz", b"T2dnUw", b"ZkxhQw", b"GkXfo"])
            || riff == Some(&b"QVZF"[..])
            || data.get(4..10) == Some(b"IGZ0eX")
            || is_frame(data)
        {
            Some(Self::Audio)
        } else if kind.ends_with(b"base64") || begins(&[b"JVBERi0"]) {
            Some(Self::Document)
        } else {
            None
        }
    }

    const fn tokens(self, bytes: u64) -> u64 {
        match self {
            Self::Image => IMAGE_TOKENS,
            Self::Audio => bytes / AUDIO_BYTES_PER_TOKEN,
            Self::Document => bytes / DOCUMENT_BYTES_PER_TOKEN,
        }
    }
}

/// Whether base64 begins with a frame of MPEG audio, such as MP3 or AAC: eleven set bits, then
/// version, layer or profile.
fn is_frame(data: &[u8]) -> bool {
    matches!(data, [b'/', b'/', b'E'..=b'P' | b'k'..=b'v', ..])
        || matches!(data, [b'\\', b'/', b'\\', b'/', b'E'..=b'P' | b'k'..=b'v', ..])
}

/// Whether a byte may be base64 in a JSON text, where slashes and line breaks are escaped by backslashes.
const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\\')
}

/// Estimates the tokens of `json`, which must be valid.
pub(super) fn count_tokens(json: &[u8]) -> u64 {
    let mut media = 0;
    let mut text = json.len() as u64;
    let mut rest = json;
    let mut is_audio = false;
    while let Some(begin) = memchr::memchr(b'"', rest) {
        rest = &rest[begin + 1..];
        let end = end_of_text(rest);
        let value = &rest[..end];
        // Raw samples are recognized by the key of OpenAI's API for audio.
        is_audio |= value == b"input_audio";
        if value.len() >= MIN_BASE64_LENGTH {
            let pcm = || (is_audio && value.iter().all(|byte| is_base64(*byte))).then_some(Medium::Audio);
            if let Some(medium) = Medium::detect(value).or_else(pcm) {
                text -= value.len() as u64;
                media += medium.tokens(value.len() as u64);
                is_audio = false;
            }
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    text / BYTES_PER_TOKEN + media
}

/// Returns the index of the quote that ends a text.
fn end_of_text(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(next) = memchr2(b'"', b'\\', &rest[at..]) {
        at += next;
        if rest[at] == b'"' {
            return at;
        }
        at = (at + 2).min(rest.len());
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;

    fn file(begin: &[u8], length: usize) -> String {
        let mut bytes = begin.to_vec();
        bytes.resize(length, 0xa7);
        STANDARD.encode(bytes)
    }

    #[test]
    fn a_picture_is_a_picture_however_large_and_wherever_it_stands() {
        let png = file(b"\x89PNG\r\n\x1a\n", 1 << 20);
        let jpeg = file(b"\xff\xd8\xff\xe0", 1 << 20).replace('/', "\\/");
        let webp = file(b"RIFF\x24\x00\x10\x00WEBP", 1 << 20);
        for json in [
            format!(r#"{{"messages":[{{"content":[{{"image_url":{{"url":"data:image/png;base64,{png}"}}}}]}}]}}"#),
            format!(r#"{{"source":{{"type":"base64","media_type":"image/png","data":"{png}"}}}}"#),
            format!(r#"{{"source":{{"data":"{jpeg}"}}}}"#),
            format!(r#"{{"source":{{"data":"{webp}"}}}}"#),
            format!(r#"{{"url":"data:image/avif;base64,{}"}}"#, file(b"\0\0\0\x20ftypavif", 1 << 20)),
        ] {
            let tokens = count_tokens(json.as_bytes());
            assert!((IMAGE_TOKENS..IMAGE_TOKENS + 50).contains(&tokens), "{tokens}: {}", &json[..100]);
        }
    }

    #[test]
    fn sounds_and_documents_are_few_tokens_and_texts_are_what_they_were() {
        let weigh = |value: &str| count_tokens(format!(r#"{{"data":"{value}"}}"#).as_bytes());
        let megabyte = 1_398_104;
        assert!(weigh(&file(b"RIFF\x24\x00\x10\x00WAVE", 1 << 20)) < 2_000);
        for begin in [
            &b"ID3\x04"[..],
            // MP3 of 320, 128 and 40 kbit/s, of MPEG-2, and AAC.
            b"\xff\xfb\xe0\x64",
            b"\xff\xfb\x90\x64",
            b"\xff\xfb\x30\xc4",
            b"\xff\xf3\xe4\xc4",
            b"\xff\xf1\x50\x80",
            b"\0\0\0\x20ftypM4A ",
            b"\x1a\x45\xdf\xa3",
        ] {
            assert!(weigh(&file(begin, 1 << 20)) < 2_000, "{begin:?}");
        }
        let pcm = file(b"\x01\x02\x03", 1 << 20);
        let spoken = format!(r#"{{"type":"input_audio","input_audio":{{"format":"pcm16","data":"{pcm}"}}}}"#);
        assert!(count_tokens(spoken.as_bytes()) < 2_000);
        assert_eq!(weigh(&format!("data:image/png;base64, {pcm}")), IMAGE_TOKENS + 2);
        assert!(weigh(&format!("data:audio/wav;base64,{}", pcm.replace('+', "%2B"))) < 2_000);
        assert!(weigh(&file(b"%PDF-1.7", 1 << 20)) < 50_000);
        // Unknown data may as well be text without blanks, and a short value may be text
        // that looks like an image.
        assert!(weigh(&file(b"\x01\x02\x03", 1 << 20)) > megabyte / 5);
        assert!(weigh(&"iVBORw0KGgo ".repeat(10_000)) >= 30_000);
        assert_eq!(weigh("iVBORw0KGgo"), (r#"{"data":"iVBORw0KGgo"}"#.len() / 4) as u64);
        assert_eq!(weigh(&"wörd \\\" ".repeat(1_000)), ((9 * 1_000 + 11) / 4) as u64);
    }

    proptest! {
        #[test]
        fn nothing_is_more_than_its_bytes_and_a_picture_for_each_text(json in prop::collection::vec(any::<u8>(), 0..4_000)) {
            let texts = json.iter().filter(|byte| **byte == b'"').count() as u64;
            prop_assert!(count_tokens(&json) <= json.len() as u64 / 4 + texts * IMAGE_TOKENS);
        }
    }
}
