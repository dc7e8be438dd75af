//! The addresses of the public internet: those that IANA's registries of special-purpose addresses don't except.
//!
//! Sources: RFC 6890 with <https://www.iana.org/assignments/iana-ipv4-special-registry> and
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>. The standard library's `is_global` isn't stable yet. The few globally
//! reachable exceptions within these networks (relays and anycast services) host no web servers, so they are left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(address: [u8; 4], prefix_length: u8) -> Ipv4Net {
    let [a, b, c, d] = address;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_length)
}

const fn v6(address: [u16; 8], prefix_length: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = address;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix_length)
}

/// IPv4 networks that aren't public.
pub(crate) const SPECIAL_V4: &[Ipv4Net] = &[
    v4([0, 0, 0, 0], 8),          // RFC 791: this network
    v4([10, 0, 0, 0], 8),         // RFC 1918: private
    v4([100, 64, 0, 0], 10),      // RFC 6598: shared by a carrier's customers; metadata of Alibaba Cloud
    v4([127, 0, 0, 0], 8),        // RFC 1122: loopback
    v4([168, 63, 129, 16], 32),   // Microsoft, "What is IP address 168.63.129.16?": Azure's host
    v4([169, 254, 0, 0], 16),     // RFC 3927: link-local; metadata of most clouds
    v4([172, 16, 0, 0], 12),      // RFC 1918: private
    v4([192, 0, 0, 0], 24),       // RFC 6890: protocol assignments; metadata of Oracle Cloud
    v4([192, 0, 2, 0], 24),       // RFC 5737: documentation
    v4([192, 88, 99, 0], 24),     // RFC 7526: 6to4 relays, deprecated
    v4([192, 168, 0, 0], 16),     // RFC 1918: private
    v4([198, 18, 0, 0], 15),      // RFC 2544: benchmarks
    v4([198, 51, 100, 0], 24),    // RFC 5737: documentation
    v4([203, 0, 113, 0], 24),     // RFC 5737: documentation
    v4([224, 0, 0, 0], 4),        // RFC 5771: multicast
    v4([240, 0, 0, 0], 4),        // RFC 1112: reserved
    v4([255, 255, 255, 255], 32), // RFC 8190: limited broadcast
];

/// IPv6 networks that aren't public. Those outside [`GLOBAL_UNICAST`] are named although they aren't public anyway.
pub(crate) const SPECIAL_V6: &[Ipv6Net] = &[
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96), // RFC 4291: unspecified, loopback, IPv4-compatible
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), // RFC 4291: IPv4-mapped
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), // RFC 2765: IPv4-translated
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), // RFC 8215: local translation to IPv4
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), // RFC 6666: discard
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), // RFC 9780: dummy
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // RFC 2928: protocols, such as Teredo (RFC 4380)
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // RFC 3849: documentation
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // RFC 3056: 6to4
    v6([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16), // RFC 3701: 6bone, given back
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // RFC 9637: documentation
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), // RFC 9602: segment routing
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), // RFC 4193: unique local; metadata of Amazon and Google
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), // RFC 4291: link-local
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), // RFC 3879: site-local, deprecated
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), // RFC 4291: multicast
];

/// The only IPv6 network from which public addresses are assigned (RFC 4291; IANA's registry of unicast assignments).
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// The well-known prefix of IPv4 addresses on networks with IPv6 only, which translate them (NAT64, RFC 6052).
const TRANSLATED: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Whether every network on the internet reaches the same host under this address.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|network| network.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_special = SPECIAL_V6.iter().any(|network| network.contains(&address));
    let is_assigned = GLOBAL_UNICAST.contains(&address) || TRANSLATED.contains(&address);
    is_assigned && !is_special && embedded_v4(address).is_none_or(is_public_v4)
}

/// Returns the IPv4 address to which packets for a NAT64 or ISATAP (RFC 5214) address are passed on.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., high, middle, _, _] = address.segments();
    // The bit 0x0200 says that the IPv4 address is unique.
    let is_isatap = high & !0x0200 == 0 && middle == 0x5efe;
    let [.., a, b, c, d] = address.octets();
    (is_isatap || TRANSLATED.contains(&address)).then(|| Ipv4Addr::new(a, b, c, d))
}
