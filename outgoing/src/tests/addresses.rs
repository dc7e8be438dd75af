//! The table of networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ip;
use crate::addresses::{SPECIAL_V4, SPECIAL_V6, is_public};

#[test]
fn networks_that_are_not_public_are_so_from_the_first_to_the_last_address() {
    for network in SPECIAL_V4 {
        assert_eq!(network.trunc(), *network);
        assert!(!is_public(network.network().into()) && !is_public(network.broadcast().into()), "{network}");
    }
    for network in SPECIAL_V6 {
        assert_eq!(network.trunc(), *network);
        assert!(!is_public(network.network().into()) && !is_public(network.broadcast().into()), "{network}");
    }
}

#[test]
fn their_neighbors_are_public() {
    let neighbors = [
        "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15",
        "168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0",
        "192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0",
        "198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 2000:: 2001:200::",
        "2001:db7:ffff:: 2001:db9:: 2003:: 3ffd:ffff:: 2606:4700:4700::1111 64:ff9b::1.1.1.1",
        "2606:4700::5eff:10.0.0.1 2606:4700::1:5efe:10.0.0.1",
    ];
    for address in neighbors.iter().flat_map(|line| line.split(' ')) {
        assert!(is_public(ip(address)), "{address}");
    }
}

/// The standard library knows some of the networks: none of their addresses is public here.
#[test]
fn the_standard_library_agrees() {
    for high in 0..=u16::MAX {
        for low in [0, 1, 0x100, 0xfffe, 0xffff] {
            let address = Ipv4Addr::from_bits(u32::from(high) << 16 | low);
            let is_special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_multicast()
                || address.is_unspecified();
            assert!(!(is_special && is_public(IpAddr::V4(address))), "{address}");
            let address = Ipv6Addr::from_bits(u128::from(high) << 112 | u128::from(low));
            let is_special = address.is_unspecified()
                || address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast();
            assert!(!(is_special && is_public(IpAddr::V6(address))), "{address}");
        }
    }
}
