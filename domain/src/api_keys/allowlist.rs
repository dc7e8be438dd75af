//! Allowlists of the networks that a key may be used from.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::from_text;

/// Maximum number of networks in an allowlist.
pub const MAX_NETWORKS: usize = 100;

/// A network in CIDR notation (RFC 4632, RFC 4291), or a single address; host bits are dropped.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, examples("203.0.113.0/24")))]
pub struct Network(IpNet);

impl Network {
    /// Whether `ip` lies in the network. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }

    /// Whether all of `other` lies in the network.
    pub fn covers(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }
}

/// Whether an allowlist contains `ip`; an empty list allows all addresses.
pub fn allows(networks: &[Network], ip: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(ip))
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let error = || format!("{text:?} isn't a valid IP address or CIDR range.");
        let network = match text.parse::<IpAddr>() {
            Ok(ip) => IpNet::from(ip),
            Err(_) => text.parse().map_err(|_| error())?,
        };
        Ok(Self(unmap_ipv4(network.trunc())))
    }
}

/// Turns IPv4 networks written as IPv6 (`::ffff:0:0/96`) into IPv4, the form in which callers' addresses are
/// compared.
fn unmap_ipv4(network: IpNet) -> IpNet {
    const MAPPED_PREFIX: u8 = 96;
    let IpNet::V6(v6) = network else { return network };
    let mapped = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(MAPPED_PREFIX));
    mapped.and_then(|(v4, prefix)| Ipv4Net::new(v4, prefix).ok()).map_or(network, IpNet::V4)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let single = self.0.prefix_len() == self.0.max_prefix_len();
        if single { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn networks_and_single_addresses_are_read() {
        for (text, written) in [
            ("203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7/24 ", "203.0.113.0/24"),
            ("::1", "::1"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.1/104", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(network(text).to_string(), written);
        }
        for wrong in ["", "10.0.0", "10.0.0.1/33", "10.0.0.1/-1", "::1/129", "example.com", "127.1", "010.0.0.1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_network_covers_what_lies_in_it() {
        assert!(network("10.0.0.0/8").covers(network("10.1.0.0/16")));
        assert!(network("10.0.0.0/8").covers(network("10.0.0.0/8")));
        assert!(!network("10.1.0.0/16").covers(network("10.0.0.0/8")));
        assert!(!network("0.0.0.0/0").covers(network("::/0")));
    }

    #[test]
    fn an_address_is_let_in_by_its_network() {
        let list = [network("10.0.0.0/8"), network("2001:db8::/32")];
        for inside in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::9"] {
            assert!(allows(&list, inside.parse().unwrap()), "{inside}");
        }
        for outside in ["11.0.0.1", "2001:db9::1", "::1"] {
            assert!(!allows(&list, outside.parse().unwrap()), "{outside}");
        }
        assert!(allows(&[], "192.0.2.1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn any_text_is_a_network_or_an_error(text: String) {
            let _ = text.parse::<Network>();
        }

        #[test]
        fn what_is_written_is_read_again(address: u128, prefix in 0u8..=128, mapped: bool) {
            let mapped = if mapped { 0xffff << 32 | (address & 0xffff_ffff) } else { address };
            let read = network(&format!("{}/{prefix}", std::net::Ipv6Addr::from(mapped)));
            prop_assert_eq!(network(&read.to_string()), read);
        }
    }
}
