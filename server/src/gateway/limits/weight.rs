//! About how many tokens a JSON request is, by its length.
//!
//! Pictures and sounds in base64 take no tokens by their bytes, but by what they show and how long they last: a picture of a
//! megabyte would count as a quarter of a million tokens, and keep everybody else under the same limit waiting until it is
//! answered and put right.

use memchr::memchr2;

/// So many bytes of JSON are about a token, of texts in most languages and of the code around them.
const BYTES_A_TOKEN: u64 = 4;
/// As many as a large picture takes: [Anthropic](https://docs.claude.com/en/docs/build-with-claude/vision) makes pictures
/// smaller that would take more than about 1,600 (`width * height / 750`), and
/// [OpenAI](https://platform.openai.com/docs/guides/images-vision#calculating-costs) takes up to 1,536 patches, or 170 for each
/// of a few tiles.
const PICTURE: u64 = 1_600;
/// So many bytes of base64 are about a token of a sound or film: ten tokens a second, and some 10 kB.
const SOUND_BYTES_A_TOKEN: u64 = 1_024;
/// The same of a PDF: a page is some 50 to 100 kB, and
/// [1,500 to 3,000 tokens](https://docs.claude.com/en/docs/build-with-claude/pdf-support).
const DOCUMENT_BYTES_A_TOKEN: u64 = 32;
/// Shorter values count as texts, whatever they are.
const SHORTEST: usize = 1_024;

/// What is in base64.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Medium {
    Picture,
    Sound,
    Document,
}

impl Medium {
    /// By what its address or its first bytes say; nothing for what may as well be a text.
    fn of(value: &[u8]) -> Option<Self> {
        let (kind, data) = match value.strip_prefix(b"data:") {
            Some(address) => {
                let comma = address.iter().take(100).position(|byte| *byte == b',')?;
                (&address[..comma], address[comma + 1..].trim_ascii_start())
            }
            None => (&b""[..], value),
        };
        // Within an address any character may be written as `%2B`.
        if !data.iter().all(|byte| is_base64(*byte) || (*byte == b'%' && !kind.is_empty())) {
            return None;
        }
        let begins = |signs: &[&[u8]]| signs.iter().any(|sign| data.starts_with(sign));
        // PNG, JPEG (whose slashes some programs escape), GIF; then WebP and WAV, which begin alike. Sounds: MP3 with a
        // header, Ogg, FLAC, WebM, WAV, MP4, and frames without anything before them.
        let riff = data.starts_with(b"UklGR").then(|| data.get(12..16)).flatten();
        if kind.starts_with(b"image")
            || begins(&[b"iVBORw0KGg", b"/9j/", b"\\/9j\\/", b"R0lGOD"])
            || riff == Some(&b"RUJQ"[..])
        {
            Some(Self::Picture)
        } else if kind.starts_with(b"audio")
            || kind.starts_with(b"video")
            || begins(&[b"SUQz", b"T2dnUw", b"ZkxhQw", b"GkXfo"])
            || riff == Some(&b"QVZF"[..])
            || data.get(4..10) == Some(b"IGZ0eX")
            || is_frame(data)
        {
            Some(Self::Sound)
        } else if kind.ends_with(b"base64") || begins(&[b"JVBERi0"]) {
            Some(Self::Document)
        } else {
            None
        }
    }

    const fn tokens(self, bytes: u64) -> u64 {
        match self {
            Self::Picture => PICTURE,
            Self::Sound => bytes / SOUND_BYTES_A_TOKEN,
            Self::Document => bytes / DOCUMENT_BYTES_A_TOKEN,
        }
    }
}

/// Whether base64 begins with a frame of MPEG's audio, such as of an MP3 or of AAC: eleven bits that are set, and then
/// which version, layer or profile it is.
fn is_frame(data: &[u8]) -> bool {
    matches!(data, [b'/', b'/', b'E'..=b'P' | b'k'..=b'v', ..])
        || matches!(data, [b'\\', b'/', b'\\', b'/', b'E'..=b'P' | b'k'..=b'v', ..])
}

/// Also what is written in a JSON text where base64 has a slash or begins a new line.
const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\\')
}

/// About how many tokens `json` is, which was read before: so its texts end.
pub(super) fn tokens(json: &[u8]) -> u64 {
    let mut media = 0;
    let mut text = json.len() as u64;
    let mut rest = json;
    let mut is_sound = false;
    while let Some(begin) = memchr::memchr(b'"', rest) {
        rest = &rest[begin + 1..];
        let end = end_of_text(rest);
        let value = &rest[..end];
        // Samples without anything before them are known by where OpenAI's API has sounds.
        is_sound |= value == b"input_audio";
        if value.len() >= SHORTEST {
            let pcm = || (is_sound && value.iter().all(|byte| is_base64(*byte))).then_some(Medium::Sound);
            if let Some(medium) = Medium::of(value).or_else(pcm) {
                text -= value.len() as u64;
                media += medium.tokens(value.len() as u64);
                is_sound = false;
            }
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    text / BYTES_A_TOKEN + media
}

/// Where the quote is that ends a text.
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
            let tokens = tokens(json.as_bytes());
            assert!((PICTURE..PICTURE + 50).contains(&tokens), "{tokens}: {}", &json[..100]);
        }
    }

    #[test]
    fn sounds_and_documents_are_few_tokens_and_texts_are_what_they_were() {
        let weigh = |value: &str| tokens(format!(r#"{{"data":"{value}"}}"#).as_bytes());
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
        assert!(tokens(spoken.as_bytes()) < 2_000);
        assert_eq!(weigh(&format!("data:image/png;base64, {pcm}")), PICTURE + 2);
        assert!(weigh(&format!("data:audio/wav;base64,{}", pcm.replace('+', "%2B"))) < 2_000);
        assert!(weigh(&file(b"%PDF-1.7", 1 << 20)) < 50_000);
        // It may as well be a text without blanks, and what is short may be one that looks like a picture.
        assert!(weigh(&file(b"\x01\x02\x03", 1 << 20)) > megabyte / 5);
        assert!(weigh(&"iVBORw0KGgo ".repeat(10_000)) >= 30_000);
        assert_eq!(weigh("iVBORw0KGgo"), (r#"{"data":"iVBORw0KGgo"}"#.len() / 4) as u64);
        assert_eq!(weigh(&"wörd \\\" ".repeat(1_000)), ((9 * 1_000 + 11) / 4) as u64);
    }

    proptest! {
        #[test]
        fn nothing_is_more_than_its_bytes_and_a_picture_for_each_text(json in prop::collection::vec(any::<u8>(), 0..4_000)) {
            let texts = json.iter().filter(|byte| **byte == b'"').count() as u64;
            prop_assert!(tokens(&json) <= json.len() as u64 / 4 + texts * PICTURE);
        }
    }
}
