//! Which address a request came from, believing only configured proxies.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Whether `peer` is a proxy that the operator trusts.
pub(crate) fn is_trusted(peer: IpAddr, proxies: &[IpNet]) -> bool {
    let peer = peer.to_canonical();
    proxies.iter().any(|network| network.contains(&peer))
}

/// The client's address: the last one in `X-Forwarded-For` that no trusted proxy has, where a trusted proxy sent it.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    if !is_trusted(peer, proxies) {
        return peer.to_canonical();
    }
    let hops: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map_while(|hop| hop.trim().parse().ok())
        .collect();
    hops.into_iter().rev().find(|hop| !is_trusted(*hop, proxies)).unwrap_or(peer).to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(value: &str) -> HeaderMap {
        std::iter::once(("x-forwarded-for".parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_stranger_cannot_claim_another_address() {
        assert_eq!(client(ip("203.0.113.9"), &forwarded("10.0.0.1"), &[]), ip("203.0.113.9"));
    }

    #[test]
    fn behind_trusted_proxies_the_last_stranger_counts() {
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        let claimed = forwarded("198.51.100.1, 203.0.113.9, 10.0.0.2");
        assert_eq!(client(ip("10.0.0.1"), &claimed, &proxies), ip("203.0.113.9"));
        assert_eq!(client(ip("::ffff:10.0.0.1"), &claimed, &proxies), ip("203.0.113.9"));
    }
}
