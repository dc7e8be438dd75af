//! Recognizes data in base64.

/// Longest type in the address of data, in bytes.
const MAX_KIND_LENGTH: usize = 64;

/// Whether a text is base64 or base64url (RFC 4648), possibly with line breaks.
pub(in crate::gateway) fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n'))
}

/// Whether a text is a `data:` URL (RFC 2397) with an image, audio or video in base64.
pub(in crate::gateway) fn is_medium_url(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    ["data:image/", "data:audio/", "data:video/"].into_iter().any(begins)
        && text.split_once(";base64,").is_some_and(|(kind, data)| kind.len() <= MAX_KIND_LENGTH && is_base64(data))
}
