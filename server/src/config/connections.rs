//! Limits of connections: their times and their number.

use std::time::Duration;

/// Resources that clients may use before they are identified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ConnectionLimits {
    /// Time from a connection's beginning, or a request's first byte, to the end of the request's head. 10 s
    /// unless configured.
    pub head_timeout: Duration,
    /// Time between an answer and the next request. 60 s unless configured.
    pub idle_timeout: Duration,
    /// Total time that a request's body may keep the server waiting, plus a second for each KiB received.
    /// 30 s unless configured.
    pub body_timeout: Duration,
    /// Total time in which a client may read nothing of an answer, plus a second for each 256 bytes that it
    /// read. 5 min unless configured.
    pub answer_timeout: Duration,
    /// Connections at once. Unless configured 4,096, or as many as the system's limit of descriptors leaves
    /// room for.
    pub max_connections: Option<usize>,
    /// Connections at once from one public address (with IPv6, of its /64), at most half of all. 256 unless
    /// configured.
    pub max_connections_by_address: usize,
    /// Time for open requests to finish once the server stops. 25 s unless configured.
    pub stop_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(300),
            max_connections: None,
            max_connections_by_address: 256,
            stop_timeout: Duration::from_secs(25),
        }
    }
}
