//! The callers that limits distinguish: networks, keys and organizations.

use std::net::{IpAddr, Ipv6Addr};

use domain::ids::{ApiKeyId, OrganizationId};
use uuid::Uuid;

/// The network of an address, as far as clients can be distinguished.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ClientNetwork {
    /// A public address; with IPv6 its network of 2⁶⁴ addresses, which every client has at least.
    Public(IpAddr),
    /// This machine or one of a private network: perhaps an unconfigured proxy, with all clients behind it.
    Private(IpAddr),
    /// The address is unknown.
    Unknown,
}

impl ClientNetwork {
    /// The network of an address. IPv4 addresses written as IPv6 count as IPv4.
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(address) if is_private(address) => Self::Private(network(address)),
            Some(address) => Self::Public(network(address)),
        }
    }

    /// Whether the network may stand for unrelated clients.
    pub const fn may_be_shared(self) -> bool {
        matches!(self, Self::Private(_) | Self::Unknown)
    }
}

/// A caller whose actions are limited.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LimitedCaller {
    /// A client without a key, by its network.
    From(ClientNetwork),
    /// A key or an organization, by its id.
    Known(Uuid),
}

impl From<Option<IpAddr>> for LimitedCaller {
    fn from(address: Option<IpAddr>) -> Self {
        Self::From(ClientNetwork::of(address))
    }
}

impl From<ApiKeyId> for LimitedCaller {
    fn from(id: ApiKeyId) -> Self {
        Self::Known(id.uuid())
    }
}

impl From<OrganizationId> for LimitedCaller {
    fn from(id: OrganizationId) -> Self {
        Self::Known(id.uuid())
    }
}

/// Returns the network that an address stands for: with IPv6 every client has at least 2⁶⁴ addresses.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// Whether an address isn't public: RFC 1918, RFC 6598, RFC 4193, loopback and link-local ones.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let of = |text: &str| ClientNetwork::of(Some(text.parse().unwrap()));
        for private in ["127.0.0.1", "10.9.8.7", "172.31.0.1", "192.168.1.1", "169.254.0.1", "100.64.0.1", "::1"] {
            assert!(matches!(of(private), ClientNetwork::Private(_)), "{private}");
        }
        for private in ["::ffff:10.0.0.1", "fd12::1", "fe80::1"] {
            assert!(matches!(of(private), ClientNetwork::Private(_)), "{private}");
        }
        for public in ["203.0.113.9", "100.128.0.1", "172.32.0.1", "2001:db8::1", "::ffff:203.0.113.9"] {
            assert!(matches!(of(public), ClientNetwork::Public(_)), "{public}");
        }
    }

    #[test]
    fn an_ipv4_address_is_the_same_however_it_is_written() {
        let of = |text: &str| ClientNetwork::of(Some(text.parse().unwrap()));
        assert_eq!(of("::ffff:203.0.113.9"), of("203.0.113.9"));
    }
}
