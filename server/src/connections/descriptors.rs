//! The limit of files and sockets that the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that the server asks the system for.
const DESIRED_DESCRIPTORS: u64 = 65_536;
/// Descriptors kept for everything but clients' connections: the database, the journal, the log.
const RESERVED_DESCRIPTORS: u64 = 128;
/// Connections at once unless configured, if the system allows so many.
const DEFAULT_CONNECTIONS: usize = 4_096;
/// Connections at once that are always allowed.
const MIN_CONNECTIONS: usize = 16;

/// Raises the limit of descriptors as far as an ordinary process may, and returns it; `None` if there is no
/// limit.
pub(super) fn raise() -> Option<u64> {
    let limits = getrlimit(Resource::Nofile);
    let desired = limits.maximum.map_or(DESIRED_DESCRIPTORS, |maximum| maximum.min(DESIRED_DESCRIPTORS));
    let current = limits.current?;
    if current >= desired {
        return Some(current);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(desired), maximum: limits.maximum }) {
        Ok(()) => Some(desired),
        Err(error) => {
            tracing::warn!(%error, current, "the limit of open files can't be raised");
            Some(current)
        }
    }
}

/// Connections allowed at once: a call takes two descriptors, one of them to its provider.
pub(super) fn max_connections(configured: Option<usize>, descriptors: Option<u64>) -> usize {
    let available = descriptors
        .map_or(usize::MAX, |all| usize::try_from(all.saturating_sub(RESERVED_DESCRIPTORS) / 2).unwrap_or(usize::MAX));
    configured.unwrap_or(DEFAULT_CONNECTIONS).min(available).max(MIN_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_else_is_open() {
        assert_eq!(max_connections(None, Some(1024)), 448);
        assert_eq!(max_connections(None, Some(300)), 86);
        assert_eq!(max_connections(None, Some(100)), MIN_CONNECTIONS);
        assert_eq!(max_connections(None, Some(65_536)), DEFAULT_CONNECTIONS);
        assert_eq!(max_connections(None, None), DEFAULT_CONNECTIONS);
        assert_eq!(max_connections(Some(10_000), Some(65_536)), 10_000);
        assert_eq!(max_connections(Some(10_000), Some(1024)), 448);
    }
}
