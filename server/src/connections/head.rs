//! Reads a request's head as strictly as RFC 9112 allows: anything that two programs could read differently
//! is refused, since the other one may be a proxy in front of this server.

use axum::http::{Method, header};

use super::fault::ConnectionFault;

/// Maximum headers of a request; hyper takes as many.
const MAX_HEADERS: usize = 100;

/// The way to find the end of a request's body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BodyLength {
    Known(u64),
    Chunked,
}

/// Reads a whole head, up to and including the empty line, and returns its body's length.
pub(super) fn read(bytes: &[u8]) -> Result<BodyLength, ConnectionFault> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(end)) if end == bytes.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(ConnectionFault::HeadTooLarge),
        Ok(_) | Err(_) => return Err(ConnectionFault::Malformed),
    }
    let is_http_11 = request.version == Some(1);
    let host = host(request.headers, is_http_11)?;
    check_target(request.method.unwrap_or_default(), request.path.unwrap_or_default(), host)?;
    length(request.headers, is_http_11)
}

/// Returns the single `Host`, which HTTP/1.1 requires: RFC 9112, section 3.2.
fn host<'h>(headers: &[httparse::Header<'h>], is_http_11: bool) -> Result<Option<&'h str>, ConnectionFault> {
    let mut hosts = values(headers, header::HOST.as_str());
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            let host = std::str::from_utf8(host).ok().filter(|host| is_host(host)).ok_or(ConnectionFault::Host)?;
            Ok(Some(host))
        }
        (None, _) if !is_http_11 => Ok(None),
        _ => Err(ConnectionFault::Host),
    }
}

/// Accepts a path, `*`, or a whole URL that names the same host: RFC 9112, section 3.2.2 lets the URL win
/// over `Host`, and other programs let `Host` win.
fn check_target(method: &str, target: &str, host: Option<&str>) -> Result<(), ConnectionFault> {
    if target.starts_with('/') || (target == "*" && method == Method::OPTIONS.as_str()) {
        return Ok(());
    }
    let (scheme, rest) = target.split_once("://").ok_or(ConnectionFault::Malformed)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    match host {
        Some(host) if is_http && host.eq_ignore_ascii_case(authority) => Ok(()),
        _ => Err(ConnectionFault::Host),
    }
}

/// Reads one length in digits, or `chunked` and nothing else: RFC 9112, section 6.
fn length(headers: &[httparse::Header<'_>], is_http_11: bool) -> Result<BodyLength, ConnectionFault> {
    let mut lengths = values(headers, header::CONTENT_LENGTH.as_str());
    let mut codings = values(headers, header::TRANSFER_ENCODING.as_str());
    match (lengths.next(), lengths.next(), codings.next(), codings.next()) {
        (None, None, None, None) => Ok(BodyLength::Known(0)),
        (Some(length), None, None, None) => digits(length).map(BodyLength::Known).ok_or(ConnectionFault::Length),
        (None, None, Some(coding), None) if is_http_11 && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(BodyLength::Chunked)
        }
        _ => Err(ConnectionFault::Length),
    }
}

/// The values of all headers with a name, trimmed.
fn values<'a, 'h>(headers: &'a [httparse::Header<'h>], name: &'a str) -> impl Iterator<Item = &'h [u8]> + 'a {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value.trim_ascii())
}

fn digits(text: &[u8]) -> Option<u64> {
    // `parse` would take a plus as well.
    let plain = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}

/// Whether a text is a name or an address, perhaps with a port: no more of RFC 3986's authority than browsers
/// and clients send.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port),
            _ => return false,
        },
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_port = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    !name.is_empty()
        && name.bytes().all(is_name_byte)
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &str) -> Result<BodyLength, ConnectionFault> {
        read(format!("POST /v1/x HTTP/1.1\r\n{lines}\r\n").as_bytes())
    }

    #[test]
    fn a_body_has_one_length() {
        assert_eq!(with("host: a\r\n"), Ok(BodyLength::Known(0)));
        assert_eq!(with("host: a\r\ncontent-length:  12 \r\n"), Ok(BodyLength::Known(12)));
        assert_eq!(with("host: a\r\nTransfer-Encoding: Chunked\r\n"), Ok(BodyLength::Chunked));
        for wrong in [
            "content-length: +1",
            "content-length: 1, 1",
            "content-length: 1\r\ncontent-length: 1",
            "content-length: -1",
            "content-length: 0x1",
            "content-length:",
            "content-length: 99999999999999999999",
            "content-length: 1\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: chunked, identity",
            "transfer-encoding: identity",
            "transfer-encoding: \"chunked\"",
            "transfer-encoding: xchunked",
            "transfer-encoding: chunked;q=1",
        ] {
            assert_eq!(with(&format!("host: a\r\n{wrong}\r\n")), Err(ConnectionFault::Length), "{wrong}");
        }
        assert_eq!(read(b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n"), Err(ConnectionFault::Length));
    }

    #[test]
    fn a_request_is_for_one_host() {
        for host in ["hub.example", "HUB.example:443", "127.0.0.1:3000", "[::1]:3000", "my_service", "hub.example."] {
            assert_eq!(with(&format!("Host: {host}\r\n")), Ok(BodyLength::Known(0)), "{host}");
        }
        for wrong in [
            "",
            "host:\r\n",
            "host: a\r\nhost: a\r\n",
            "host: a\r\nHOST: b\r\n",
            "host: a, b\r\n",
            "host: a b\r\n",
            "host: user@a\r\n",
            "host: a/b\r\n",
            "host: a:b\r\n",
            "host: a:1:2\r\n",
            "host: [::1\r\n",
            "host: [a]\r\n",
            "host: :80\r\n",
            "host: http://a\r\n",
        ] {
            assert_eq!(with(wrong), Err(ConnectionFault::Host), "{wrong:?}");
        }
        assert_eq!(read(b"GET / HTTP/1.0\r\n\r\n"), Ok(BodyLength::Known(0)));
        assert_eq!(read(b"GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n"), Err(ConnectionFault::Host));
    }

    #[test]
    fn a_target_names_no_other_host() {
        let of = |line: &str| read(format!("{line} HTTP/1.1\r\nhost: a:80\r\n\r\n").as_bytes());
        for right in ["GET /", "GET //x", "OPTIONS *", "GET http://A:80/x", "GET https://a:80?x=http://b/"] {
            assert_eq!(of(right), Ok(BodyLength::Known(0)), "{right}");
        }
        for wrong in ["GET http://b/", "GET http://a/", "GET http://x@a:80/", "GET ftp://a:80/"] {
            assert_eq!(of(wrong), Err(ConnectionFault::Host), "{wrong}");
        }
        for wrong in ["GET *", "GET x", "CONNECT a:80"] {
            assert_eq!(of(wrong), Err(ConnectionFault::Malformed), "{wrong}");
        }
    }

    #[test]
    fn odd_lines_are_refused() {
        for wrong in [
            "GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n",
            "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/2.0\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nhost: a\r\n\r\n",
        ] {
            assert_eq!(read(wrong.as_bytes()), Err(ConnectionFault::Malformed), "{wrong:?}");
        }
    }
}
