//! The gateway's limits.

use std::time::Duration;

use services::metering::JournalSettings;

use super::SharedKinds;

/// The gateway's limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GatewayConfig {
    /// Maximum size of a request's body, in bytes. 32 MiB unless configured: room for pictures in a prompt.
    pub max_body_bytes: usize,
    /// Maximum size of a form with a file, a recording or pictures, which is kept on disk, in bytes. 2 GiB
    /// unless configured.
    pub max_upload_bytes: u64,
    /// Maximum disk space of all open forms, in bytes. 8 GiB unless configured.
    pub max_spool_bytes: u64,
    /// Maximum memory of all bodies and answers being worked on, except small ones, in bytes. 512 MiB unless
    /// configured.
    pub max_memory_bytes: u64,
    /// Maximum open calls of one key. 500 unless configured.
    pub max_calls_by_key: u32,
    /// Time until a provider's address accepts a connection. 5 s unless configured.
    pub connect_timeout: Duration,
    /// Time from the request to a provider's first byte, which a long answer that isn't streamed delays.
    /// 10 min unless configured, which is how long OpenAI's own clients wait.
    pub first_byte_timeout: Duration,
    /// Time between two pieces of a body, from client or provider, and for a client to read one. 5 min unless
    /// configured.
    pub idle_timeout: Duration,
    /// Time from the request to the end of the answer. 1 h unless configured.
    pub total_timeout: Duration,
    /// Bytes of calls that may wait for the database before new calls are rejected. 1 GiB unless configured.
    pub journal_max_bytes: u64,
    /// Time that calls may wait for the database before new calls are rejected. 15 min unless configured.
    pub journal_max_age: Duration,
    /// Maximum attempts of a call. Each provider of its model is tried once, even if there are more. 3 unless
    /// configured.
    pub attempts: u32,
    /// Failures in a row after which a provider isn't called for a while; 0 for never. 5 unless configured.
    pub breaker_failures: u32,
    /// Time for which it isn't called then. 10 s unless configured.
    pub breaker_pause: Duration,
    /// Kinds of provider objects that requests may refer to although their owner isn't known. None unless
    /// configured.
    pub shared: SharedKinds,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            max_body_bytes: 32 * 1024 * 1024,
            max_upload_bytes: 2 << 30,
            max_spool_bytes: 8 << 30,
            max_memory_bytes: 512 << 20,
            max_calls_by_key: 500,
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(300),
            total_timeout: Duration::from_secs(3600),
            journal_max_bytes: JournalSettings::MAX_BYTES,
            journal_max_age: JournalSettings::MAX_AGE,
            attempts: 3,
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(10),
            shared: SharedKinds::default(),
        }
    }
}
