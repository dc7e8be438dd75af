//! Errors of requests to URLs that users supply.

use thiserror::Error;

use crate::limits::{MAX_ANSWER_BYTES, MAX_HEADER_BYTES};

/// The reason why a URL was rejected or a request failed. Its text may be shown to the member who supplied the URL: it names no
/// address, and doesn't reveal whether a name exists in the operator's network.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum OutgoingError {
    #[error("This isn't a valid URL. It must look like https://example.com/path.")]
    InvalidUrl,
    #[error("The URL must begin with {expected}.")]
    Scheme { expected: &'static str },
    #[error("The URL must not contain a user name or password.")]
    Credentials,
    #[error("Port {port} isn't allowed in URLs.")]
    Port { port: u16 },
    /// The host is, or its name resolves to, an address that isn't public; or the name can't be resolved.
    #[error("No public address was found for this host.")]
    NoPublicAddress,
    #[error("The server couldn't be reached.")]
    NotConnected,
    /// The TLS handshake failed.
    #[error("No secure connection to the server could be established. Its certificate may be invalid.")]
    InsecureConnection,
    #[error("The server didn't answer in time.")]
    Timeout,
    #[error("The headers of the server's answer are larger than {} KB.", MAX_HEADER_BYTES / 1024)]
    HeadersTooLarge,
    #[error("The server's answer is larger than {} KB.", MAX_ANSWER_BYTES / 1024)]
    AnswerTooLarge,
    /// The answer is incomplete, or it isn't HTTP.
    #[error("The server's answer was invalid or incomplete.")]
    InvalidAnswer,
}
