//! The gateway's limits.

use std::time::Duration;

use services::metering::JournalSettings;

use super::Shared;

/// The gateway's limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GatewayConfig {
    /// Largest body of a request, in bytes. 32 MiB unless configured: room for pictures in a prompt.
    pub max_body_bytes: usize,
    /// Largest form, in bytes: a file, a sound, or pictures, which wait on disk. 2 GiB unless configured.
    pub max_upload_bytes: u64,
    /// How much disk all forms under way may take, in bytes. 8 GiB unless configured.
    pub max_spool_bytes: u64,
    /// How much memory all bodies and answers that are worked on may take, but for small ones, in bytes. 512 MiB unless
    /// configured.
    pub max_memory_bytes: u64,
    /// How many calls of one key may be under way. 500 unless configured.
    pub max_calls_by_key: u32,
    /// Until a provider's address accepts a connection. 5 s unless configured.
    pub connect_timeout: Duration,
    /// From the request to a provider's first byte, which a long answer that isn't streamed keeps waiting. 10 min
    /// unless configured, which is how long OpenAI's own clients wait.
    pub first_byte_timeout: Duration,
    /// Between two pieces of a body, from client or provider, and for a client to take one. 5 min unless configured.
    pub idle_timeout: Duration,
    /// From the request to the end of the answer. 1 h unless configured.
    pub total_timeout: Duration,
    /// So many bytes of calls may wait for the database until new ones are refused. 1 GiB unless configured.
    pub journal_max_bytes: u64,
    /// For so long may calls wait for the database until new ones are refused. 15 min unless configured.
    pub journal_max_age: Duration,
    /// How often a call is tried at most, beyond asking each provider of its model once. 3 unless configured.
    pub attempts: u32,
    /// After how many failures in a row a provider isn't asked for a while; 0 for never. 5 unless configured.
    pub breaker_failures: u32,
    /// For how long it isn't asked then. 10 s unless configured.
    pub breaker_pause: Duration,
    /// What requests may refer to at providers though it isn't known whose it is. Nothing unless configured.
    pub shared: Shared,
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
            shared: Shared::default(),
        }
    }
}
