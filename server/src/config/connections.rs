//! How long connections may take, and how many there may be.

use std::time::Duration;

/// What strangers may take of a server before anybody knows who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ConnectionLimits {
    /// From a connection's beginning, or a request's first byte, to the end of the request's head. 10 s unless configured.
    pub head_timeout: Duration,
    /// Between an answer and the next request. 60 s unless configured.
    pub idle_timeout: Duration,
    /// How long a request's body may keep the server waiting in all, beyond a second for each KiB that came. 30 s unless
    /// configured.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer in all, beyond a second for each 256 bytes that it took. 5 min
    /// unless configured.
    pub answer_timeout: Duration,
    /// Connections at once. Without one 4,096, or as many as the system's limit of descriptors leaves room for.
    pub most: Option<usize>,
    /// Connections at once from one public address (with IPv6, of its /64), half of all at most. 256 unless configured.
    pub most_by_address: usize,
    /// How long what is under way may take when the server is told to stop. 25 s unless configured.
    pub stop_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(300),
            most: None,
            most_by_address: 256,
            stop_timeout: Duration::from_secs(25),
        }
    }
}
