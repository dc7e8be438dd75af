//! Reads URLs, and origins whose pages may call from a browser.

use axum::http::Uri;

use super::errors::{ConfigError, ConfigLocation};

/// Reads an http or https URL with a host and neither user, query nor fragment, and removes slashes at its
/// end.
pub(super) fn http_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain = uri.query().is_none() && !text.contains('#') && !authority.as_str().contains('@');
    (scheme && plain && !authority.host().is_empty()).then(|| text.trim_end_matches('/').to_owned())
}

/// Checks an origin in the form of the header `Origin`: scheme, host, and the port unless it is the scheme's
/// default, in lower case. Apps have schemes of their own, such as `app://` and `capacitor://`.
///
/// Source: [RFC 6454](https://www.rfc-editor.org/rfc/rfc6454), section 6.2.
pub(super) fn origin(location: &ConfigLocation<'_>, text: &str) -> Result<Box<str>, ConfigError> {
    let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
        let is_scheme_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
        let is_host_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~:[]".contains(&byte);
        let has_default_port = scheme == "http" && host.ends_with(":80") || scheme == "https" && host.ends_with(":443");
        !scheme.is_empty()
            && !host.is_empty()
            && scheme.bytes().all(is_scheme_byte)
            && host.bytes().all(is_host_byte)
            && !has_default_port
    });
    match is_origin {
        true => Ok(text.into()),
        false => {
            let advice =
                format!("{text:?} isn't an origin such as \"https://app.example\", in lower case and without a path.");
            Err(location.value("cors.origins".to_owned(), advice))
        }
    }
}
