//! Limits of time and size, which hold whatever a server does.

use std::time::Duration;

/// Default time for a whole request: lookup, connection, TLS handshake, and the answer to its last byte.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for the lookup of a name and all attempts to connect to its addresses.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of addresses of one name that a connection is attempted to. They share [`CONNECT_TIMEOUT`] evenly, so one that
/// doesn't respond leaves time for the next; and nobody scans hosts by listing many under one name.
pub(crate) const MAX_CONNECT_ATTEMPTS: usize = 4;

/// Maximum number of concurrent lookups. Each blocks a thread of the runtime until the system's resolver gives up, even if no
/// request waits for it any longer, and slow name servers must not use up all threads.
pub(crate) const MAX_LOOKUPS: usize = 64;

/// Maximum size of an answer's body.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Maximum size of an answer's status line and headers together, and of the read buffer.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Maximum length of a URL, as typed and in its normal form. Longer ones are rejected by many servers.
pub const MAX_URL_BYTES: usize = 2048;
