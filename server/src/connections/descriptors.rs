//! How many files and sockets the system lets this process have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as are ever wanted.
const WANTED: u64 = 65_536;
/// For what isn't a client's connection: the database, the journal, the log.
const OURS: u64 = 128;
/// Connections at once, where the system allows so many.
const USUAL: usize = 4_096;
/// So many there are in any case.
const LEAST: usize = 16;

/// Raises the limit as far as an ordinary process may. How many there may be then.
pub(super) fn raise() -> Option<u64> {
    let limits = getrlimit(Resource::Nofile);
    let wanted = limits.maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    let current = limits.current?;
    if current >= wanted {
        return Some(current);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limits.maximum }) {
        Ok(()) => Some(wanted),
        Err(error) => {
            tracing::warn!(%error, current, "the limit of open files can't be raised");
            Some(current)
        }
    }
}

/// How many connections there may be: a call takes two descriptors, one of them to its provider.
pub(super) fn connections(configured: Option<usize>, descriptors: Option<u64>) -> usize {
    let room =
        descriptors.map_or(usize::MAX, |all| usize::try_from(all.saturating_sub(OURS) / 2).unwrap_or(usize::MAX));
    configured.unwrap_or(USUAL).min(room).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_else_is_open() {
        assert_eq!(connections(None, Some(1024)), 448);
        assert_eq!(connections(None, Some(300)), 86);
        assert_eq!(connections(None, Some(100)), LEAST);
        assert_eq!(connections(None, Some(65_536)), USUAL);
        assert_eq!(connections(None, None), USUAL);
        assert_eq!(connections(Some(10_000), Some(65_536)), 10_000);
        assert_eq!(connections(Some(10_000), Some(1024)), 448);
    }
}
