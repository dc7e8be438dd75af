//! Faults in the way a request arrives, and the answers to them.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

use crate::v1::error::V1Error;

/// A reason to refuse a request before its content is looked at. The answer ends the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ConnectionFault {
    /// Bytes that aren't HTTP/1.1 as RFC 9112 defines it.
    Malformed,
    /// A line that ends with a line feed alone, or a carriage return within one.
    LineEnd,
    /// No `Host`, more than one, or an invalid one.
    Host,
    /// Lengths that contradict each other, or a coding that isn't `chunked`.
    Length,
    HeadTooLarge,
    HeadTooSlow,
    /// A chunk of the body is malformed.
    Chunk,
    /// The body ended before it was complete.
    Incomplete,
    BodyTooSlow,
}

impl ConnectionFault {
    const ALL: [Self; 9] = [
        Self::Malformed,
        Self::LineEnd,
        Self::Host,
        Self::Length,
        Self::HeadTooLarge,
        Self::HeadTooSlow,
        Self::Chunk,
        Self::Incomplete,
        Self::BodyTooSlow,
    ];

    /// A number from 1 on, which [`ConnectionFault::from_number`] turns back into the fault.
    pub(super) const fn number(self) -> u8 {
        self as u8 + 1
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.number() == number)
    }

    pub(super) fn answer(self) -> Response {
        let error = match self {
            Self::Malformed => V1Error::malformed("Invalid HTTP/1.1 request."),
            Self::LineEnd => V1Error::malformed("A line of the request's head doesn't end with CR and LF."),
            Self::Host => V1Error::malformed("Send one `Host` header with the server's name, and no other name."),
            Self::Length => V1Error::malformed(
                "Send one `Content-Length`, in digits, or `Transfer-Encoding: chunked` alone; not both.",
            ),
            Self::Chunk => V1Error::malformed("A chunk of the body can't be read."),
            Self::Incomplete => V1Error::malformed("The body ended before it was complete."),
            Self::HeadTooLarge => V1Error::head_too_large(),
            Self::HeadTooSlow => V1Error::head_too_slow(),
            Self::BodyTooSlow => V1Error::body_too_slow(),
        };
        let mut answer = error.response();
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        answer
    }
}

/// The answer to a client that gets no slot, written without HTTP's machinery.
pub(super) const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    cache-control: no-store\r\nx-content-type-options: nosniff\r\ncontent-type: application/json\r\ncontent-length: 140\r\n\r\n\
    {\"error\":{\"message\":\"Too many connections at once. Try again in a moment.\",\"type\":\"server_error\",\"param\":null,\
    \"code\":\"service_unavailable\"}}";

/// The method of the request that replaces a faulty head, which hyper mustn't see.
///
/// A client that sends this method itself gets the answer for a malformed request, too.
pub(super) const FAULT_METHOD: &str = "TOLLHOUSE-REFUSES";

/// The head that replaces a faulty one; its path is the fault's number.
pub(super) fn fault_head(fault: ConnectionFault) -> String {
    format!("{FAULT_METHOD} /{} HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n", fault.number())
}

/// The answer to a request with a [`fault_head`].
pub(super) fn answer_for_path(path: &str) -> Response {
    let number = path.strip_prefix('/').and_then(|number| number.parse().ok());
    number.and_then(ConnectionFault::from_number).unwrap_or(ConnectionFault::Malformed).answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_known_by_its_number() {
        for fault in ConnectionFault::ALL {
            assert_eq!(ConnectionFault::from_number(fault.number()), Some(fault));
            assert!(fault.answer().status().is_client_error());
        }
        assert_eq!(ConnectionFault::from_number(0), None);
    }

    #[test]
    fn the_answer_without_a_place_is_as_long_as_it_says() {
        let text = std::str::from_utf8(TOO_MANY_CONNECTIONS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
