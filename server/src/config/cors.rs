//! Whose pages may call from a browser.

use super::{ConfigError, resolve::At};

/// What a browser says in `Origin`: scheme, host, and the port where it isn't the scheme's own, in small letters. Apps have
/// schemes of their own, such as `app://` and `capacitor://`.
///
/// Source: [RFC 6454](https://www.rfc-editor.org/rfc/rfc6454), section 6.2.
pub(super) fn origin(at: &At<'_>, text: &str) -> Result<Box<str>, ConfigError> {
    let written = text.split_once("://").is_some_and(|(scheme, host)| {
        let of_scheme = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
        let of_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~:[]".contains(&byte);
        let usual = scheme == "http" && host.ends_with(":80") || scheme == "https" && host.ends_with(":443");
        !scheme.is_empty() && !host.is_empty() && scheme.bytes().all(of_scheme) && host.bytes().all(of_host) && !usual
    });
    match written {
        true => Ok(text.into()),
        false => {
            let advice = format!(
                "{text:?} is no origin such as \"https://app.example\", in small letters, without a path; name each."
            );
            Err(at.value("cors.origins".to_owned(), advice))
        }
    }
}
