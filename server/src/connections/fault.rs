//! What can be wrong with how a request comes, and what is answered then.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

use crate::v1::error::Refusal;

/// Why a request isn't taken, before anybody looks at what it asks for. The connection ends with the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// What isn't HTTP/1.1 as the standard has it.
    Malformed,
    /// A line that ends with a line feed alone, or a carriage return within one.
    LineEnd,
    /// No host, more than one, or none that could be.
    Host,
    /// Lengths that contradict each other, or a coding that isn't `chunked`.
    Length,
    HeadTooLarge,
    HeadTooSlow,
    /// A chunk of the body isn't one.
    Chunk,
    /// The body ended before it was complete.
    Incomplete,
    BodyTooSlow,
}

impl Fault {
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

    /// A number from 1 on, by which [`Fault::numbered`] knows it again.
    pub(super) const fn number(self) -> u8 {
        self as u8 + 1
    }

    pub(super) fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.number() == number)
    }

    pub(super) fn answer(self) -> Response {
        let refusal = match self {
            Self::Malformed => Refusal::malformed("This isn't a request in HTTP/1.1."),
            Self::LineEnd => Refusal::malformed("A line of the request's head doesn't end with CR and LF."),
            Self::Host => Refusal::malformed("Send one `Host` header with the server's name, and no other name."),
            Self::Length => Refusal::malformed(
                "Send one `Content-Length`, in digits, or `Transfer-Encoding: chunked` alone; not both.",
            ),
            Self::Chunk => Refusal::malformed("A chunk of the body can't be read."),
            Self::Incomplete => Refusal::malformed("The body ended before it was complete."),
            Self::HeadTooLarge => Refusal::head_too_large(),
            Self::HeadTooSlow => Refusal::head_too_slow(),
            Self::BodyTooSlow => Refusal::body_too_slow(),
        };
        let mut answer = refusal.response();
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        answer
    }
}

/// To a client that comes when all places are taken, written without HTTP's machinery.
pub(super) const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    cache-control: no-store\r\nx-content-type-options: nosniff\r\ncontent-type: application/json\r\ncontent-length: 140\r\n\r\n\
    {\"error\":{\"message\":\"Too many connections at once. Try again in a moment.\",\"type\":\"server_error\",\"param\":null,\
    \"code\":\"service_unavailable\"}}";

/// What hyper is given in place of a head that it mustn't see.
///
/// Whoever sends this himself is answered that his request is malformed, too.
pub(super) const REFUSED_METHOD: &str = "TOLLHOUSE-REFUSES";

/// That head for one of these faults.
pub(super) fn refused_head(fault: Fault) -> String {
    format!("{REFUSED_METHOD} /{} HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n", fault.number())
}

/// The answer to that head.
pub(super) fn answer_to(path: &str) -> Response {
    let number = path.strip_prefix('/').and_then(|number| number.parse().ok());
    number.and_then(Fault::numbered).unwrap_or(Fault::Malformed).answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_known_by_its_number() {
        for fault in Fault::ALL {
            assert_eq!(Fault::numbered(fault.number()), Some(fault));
            assert!(fault.answer().status().is_client_error());
        }
        assert_eq!(Fault::numbered(0), None);
    }

    #[test]
    fn the_answer_without_a_place_is_as_long_as_it_says() {
        let text = std::str::from_utf8(NO_PLACE).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
