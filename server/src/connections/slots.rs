//! Slots for connections, limited in total and for each network.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use services::address_limits::ClientNetwork;

use super::state::ConnectionState;

/// The occupied slots. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionSlots(Arc<Mutex<OccupiedSlots>>);

#[derive(Debug, Default)]
struct OccupiedSlots {
    next: u64,
    connections: HashMap<u64, Connection>,
    /// Connections that count toward the limits. Those that are closing don't: they are gone in a moment.
    counted: usize,
    by_network: HashMap<ClientNetwork, usize>,
}

#[derive(Debug)]
struct Connection {
    network: ClientNetwork,
    state: Arc<ConnectionState>,
    is_counted: bool,
}

/// The limits for a new connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlotLimits {
    pub(super) total: usize,
    /// From the client's network; `None` for a proxy, which brings many clients.
    pub(super) per_network: Option<usize>,
}

/// A slot of the connection limit, released on drop.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    slots: ConnectionSlots,
    number: u64,
}

impl ConnectionSlots {
    /// Occupies a slot for a connection from `ip`. If all are occupied, closes the connection that has been
    /// quiet for the longest time; `None` if none is quiet.
    pub(super) fn acquire(
        &self,
        ip: IpAddr,
        state: &Arc<ConnectionState>,
        limits: SlotLimits,
    ) -> Option<ConnectionSlot> {
        let network = ClientNetwork::of(Some(ip));
        let mut occupied = self.lock();
        let from_network = occupied.by_network.get(&network).copied().unwrap_or(0);
        if limits.per_network.is_some_and(|max| from_network >= max) && !occupied.evict_quietest(Some(network)) {
            return None;
        }
        if occupied.counted >= limits.total && !occupied.evict_quietest(None) {
            return None;
        }
        let number = occupied.next;
        occupied.next += 1;
        occupied.connections.insert(number, Connection { network, state: Arc::clone(state), is_counted: true });
        occupied.counted += 1;
        *occupied.by_network.entry(network).or_default() += 1;
        drop(occupied);
        Some(ConnectionSlot { slots: self.clone(), number })
    }

    /// Closes the quietest connection, to free a descriptor.
    pub(super) fn evict_quietest(&self) {
        self.lock().evict_quietest(None);
    }

    pub(super) fn states(&self) -> Vec<Arc<ConnectionState>> {
        self.lock().connections.values().map(|connection| Arc::clone(&connection.state)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, OccupiedSlots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OccupiedSlots {
    /// Closes the connection, from `network` or from any, that has been quiet for the longest time. Returns
    /// whether there was one.
    fn evict_quietest(&mut self, network: Option<ClientNetwork>) -> bool {
        let counted = self.connections.values_mut().filter(|connection| connection.is_counted);
        let candidates = counted.filter(|connection| network.is_none_or(|network| network == connection.network));
        let quiet = candidates.filter_map(|connection| Some((connection.state.quiet_since()?, connection)));
        let Some((_, quietest)) = quiet.min_by_key(|(since, _)| *since) else { return false };
        quietest.state.shutdown_token.cancel();
        quietest.is_counted = false;
        let network = quietest.network;
        self.release(network);
        true
    }

    fn release(&mut self, network: ClientNetwork) {
        self.counted -= 1;
        if let Some(count) = self.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.by_network.remove(&network);
            }
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut occupied = self.slots.lock();
        if let Some(Connection { network, is_counted: true, .. }) = occupied.connections.remove(&self.number) {
            occupied.release(network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConnectionLimits;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn acquire(
        slots: &ConnectionSlots,
        from: &str,
        total: usize,
        per_network: usize,
    ) -> (Arc<ConnectionState>, Option<ConnectionSlot>) {
        let state = Arc::new(ConnectionState::new(ConnectionLimits::default()));
        let slot = slots.acquire(ip(from), &state, SlotLimits { total, per_network: Some(per_network) });
        (state, slot)
    }

    #[test]
    fn the_quietest_gives_way() {
        let slots = ConnectionSlots::default();
        let (busy, _busy) = acquire(&slots, "192.0.2.1", 2, 9);
        busy.mark_busy();
        let (quiet, quiet_slot) = acquire(&slots, "192.0.2.2", 2, 9);
        let (_, third) = acquire(&slots, "192.0.2.3", 2, 9);
        assert!(third.is_some() && quiet.shutdown_token.is_cancelled() && !busy.shutdown_token.is_cancelled());
        drop((third, quiet_slot));
        assert!(acquire(&slots, "192.0.2.3", 2, 9).1.is_some());
    }

    #[test]
    fn each_who_comes_sends_one_away_however_long_that_one_takes_to_leave() {
        let slots = ConnectionSlots::default();
        let entered: Vec<_> = (0..60).map(|_| acquire(&slots, "192.0.2.1", 16, 12)).collect();
        assert!(entered.iter().all(|(_, slot)| slot.is_some()));
        assert_eq!(entered.iter().filter(|(state, _)| !state.shutdown_token.is_cancelled()).count(), 12);
        drop(entered);
        let occupied = slots.lock();
        assert_eq!((occupied.counted, occupied.connections.len()), (0, 0));
    }

    #[test]
    fn nobody_is_sent_away_who_is_in_use() {
        let slots = ConnectionSlots::default();
        let (first, _first) = acquire(&slots, "192.0.2.1", 1, 9);
        first.mark_busy();
        assert!(acquire(&slots, "192.0.2.2", 1, 9).1.is_none());
        assert!(!first.shutdown_token.is_cancelled());
    }

    #[test]
    fn a_network_has_a_share() {
        let slots = ConnectionSlots::default();
        let entered = |from: &str| {
            let (state, slot) = acquire(&slots, from, 9, 1);
            state.mark_busy();
            slot
        };
        let first = entered("2001:db8::1");
        assert!(first.is_some() && entered("2001:db8::2").is_none());
        assert!(entered("2001:db8:0:1::1").is_some());
        drop(first);
        assert!(entered("2001:db8::2").is_some());
        assert_eq!(slots.lock().by_network.len(), 0);
    }
}
