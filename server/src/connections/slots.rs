//! How many connections there are: in all, and from each network.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use services::address_limits::Network;

use super::state::Link;

/// The places that there are. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Connection>,
    /// How many of them stay: who was told to leave will have left in a moment, and takes nobody's place.
    staying: usize,
    by_network: HashMap<Network, usize>,
}

#[derive(Debug)]
struct Connection {
    network: Network,
    link: Arc<Link>,
    stays: bool,
}

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) in_all: usize,
    /// From the network of whoever comes; `None` for a proxy, who brings others.
    pub(super) from_there: Option<usize>,
}

/// A connection's place, as long as it lives.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    number: u64,
}

impl Places {
    /// A place for a connection from `ip`. Where all are taken, the connection gives way that nobody has asked anything on
    /// for the longest time; `None` where all are in use.
    pub(super) fn enter(&self, ip: IpAddr, link: &Arc<Link>, most: Most) -> Option<Place> {
        let network = Network::of(Some(ip));
        let mut taken = self.lock();
        let from_there = taken.by_network.get(&network).copied().unwrap_or(0);
        if most.from_there.is_some_and(|most| from_there >= most) && !taken.make_room(Some(network)) {
            return None;
        }
        if taken.staying >= most.in_all && !taken.make_room(None) {
            return None;
        }
        let number = taken.next;
        taken.next += 1;
        taken.connections.insert(number, Connection { network, link: Arc::clone(link), stays: true });
        taken.staying += 1;
        *taken.by_network.entry(network).or_default() += 1;
        drop(taken);
        Some(Place { places: self.clone(), number })
    }

    /// Lets the quietest connection go, where descriptors are short.
    pub(super) fn make_room(&self) {
        self.lock().make_room(None);
    }

    pub(super) fn all(&self) -> Vec<Arc<Link>> {
        self.lock().connections.values().map(|connection| Arc::clone(&connection.link)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Tells the one to leave, of those from `network` or of all, that has been quiet for the longest time.
    fn make_room(&mut self, network: Option<Network>) -> bool {
        let staying = self.connections.values_mut().filter(|connection| connection.stays);
        let from_there = staying.filter(|connection| network.is_none_or(|network| network == connection.network));
        let quiet = from_there.filter_map(|connection| Some((connection.link.quiet_since()?, connection)));
        let Some((_, quietest)) = quiet.min_by_key(|(since, _)| *since) else { return false };
        quietest.link.leave.cancel();
        quietest.stays = false;
        let network = quietest.network;
        self.give_back(network);
        true
    }

    fn give_back(&mut self, network: Network) {
        self.staying -= 1;
        if let Some(count) = self.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.by_network.remove(&network);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(Connection { network, stays: true, .. }) = taken.connections.remove(&self.number) {
            taken.give_back(network);
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

    fn enter(places: &Places, from: &str, in_all: usize, from_there: usize) -> (Arc<Link>, Option<Place>) {
        let link = Arc::new(Link::new(ConnectionLimits::default()));
        let place = places.enter(ip(from), &link, Most { in_all, from_there: Some(from_there) });
        (link, place)
    }

    #[test]
    fn the_quietest_gives_way() {
        let places = Places::default();
        let (busy, _busy) = enter(&places, "192.0.2.1", 2, 9);
        busy.be_busy();
        let (quiet, quiet_place) = enter(&places, "192.0.2.2", 2, 9);
        let (_, third) = enter(&places, "192.0.2.3", 2, 9);
        assert!(third.is_some() && quiet.leave.is_cancelled() && !busy.leave.is_cancelled());
        drop((third, quiet_place));
        assert!(enter(&places, "192.0.2.3", 2, 9).1.is_some());
    }

    #[test]
    fn each_who_comes_sends_one_away_however_long_that_one_takes_to_leave() {
        let places = Places::default();
        let entered: Vec<_> = (0..60).map(|_| enter(&places, "192.0.2.1", 16, 12)).collect();
        assert!(entered.iter().all(|(_, place)| place.is_some()));
        assert_eq!(entered.iter().filter(|(link, _)| !link.leave.is_cancelled()).count(), 12);
        drop(entered);
        let taken = places.lock();
        assert_eq!((taken.staying, taken.connections.len()), (0, 0));
    }

    #[test]
    fn nobody_is_sent_away_who_is_in_use() {
        let places = Places::default();
        let (first, _first) = enter(&places, "192.0.2.1", 1, 9);
        first.be_busy();
        assert!(enter(&places, "192.0.2.2", 1, 9).1.is_none());
        assert!(!first.leave.is_cancelled());
    }

    #[test]
    fn a_network_has_a_share() {
        let places = Places::default();
        let entered = |from: &str| {
            let (link, place) = enter(&places, from, 9, 1);
            link.be_busy();
            place
        };
        let first = entered("2001:db8::1");
        assert!(first.is_some() && entered("2001:db8::2").is_none());
        assert!(entered("2001:db8:0:1::1").is_some());
        drop(first);
        assert!(entered("2001:db8::2").is_some());
        assert_eq!(places.lock().by_network.len(), 0);
    }
}
