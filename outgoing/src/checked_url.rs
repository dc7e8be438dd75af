//! URLs that are checked as far as that is possible without looking up a name.

use std::fmt;

use http::Uri;
use url::{Host, Url};

use crate::{error::OutgoingError, limits::MAX_URL_BYTES, policy::OutgoingPolicy};

/// A URL in its normal form, which requests may be sent to if its host's addresses are public.
#[derive(Clone, Eq, PartialEq)]
pub struct CheckedUrl {
    text: String,
    uri: Uri,
}

impl CheckedUrl {
    /// Parses a URL as browsers do (<https://url.spec.whatwg.org>), which finds the addresses in `127.1`, `0x7f.1` or `2130706433`, and
    /// checks it. The fragment is dropped, since it is never sent.
    pub(crate) fn parse(text: &str, policy: &OutgoingPolicy) -> Result<Self, OutgoingError> {
        let text = text.trim();
        if text.len() > MAX_URL_BYTES || text.contains(is_ambiguous) {
            return Err(OutgoingError::InvalidUrl);
        }
        let mut url = Url::parse(text).map_err(|_| OutgoingError::InvalidUrl)?;
        url.set_fragment(None);
        policy.check_scheme(url.scheme())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutgoingError::Credentials);
        }
        check_host(&url, policy)?;
        policy.check_port(url.port_or_known_default().ok_or(OutgoingError::InvalidUrl)?)?;
        Self::try_from_url(&url)
    }

    /// Converts a URL to hyper's type, provided that its parser finds the same parts.
    fn try_from_url(url: &Url) -> Result<Self, OutgoingError> {
        let uri: Uri = url.as_str().parse().map_err(|_| OutgoingError::InvalidUrl)?;
        let has_same_parts = uri.scheme_str() == Some(url.scheme())
            && uri.host() == url.host_str()
            && uri.port_u16() == url.port()
            && uri.path() == url.path()
            && uri.query() == url.query();
        if !has_same_parts || url.as_str().len() > MAX_URL_BYTES {
            return Err(OutgoingError::InvalidUrl);
        }
        Ok(Self { text: url.as_str().to_owned(), uri })
    }

    /// Returns the URL in its normal form, which is fit to be stored.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the host: a name in DNS form, an IPv4 address, or an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    pub(crate) fn into_uri(self) -> Uri {
        self.uri
    }
}

/// Names the host only: paths and queries of webhooks contain secrets.
impl fmt::Debug for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedUrl").field("host", &self.host()).finish_non_exhaustive()
    }
}

/// Whether parsers disagree about this character: the WHATWG's drops tabs and line breaks and takes a backslash for a slash.
fn is_ambiguous(character: char) -> bool {
    character.is_control() || character.is_whitespace() || character == '\\'
}

fn check_host(url: &Url, policy: &OutgoingPolicy) -> Result<(), OutgoingError> {
    let address = match url.host() {
        Some(Host::Domain(name)) if name.chars().all(is_host_character) => return Ok(()),
        Some(Host::Domain(_)) | None => return Err(OutgoingError::InvalidUrl),
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
    };
    if policy.can_reach(address) { Ok(()) } else { Err(OutgoingError::NoPublicAddress) }
}

/// Whether hosts' names contain this character (RFC 1123), or many do in spite of it: the underscore.
fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_')
}
