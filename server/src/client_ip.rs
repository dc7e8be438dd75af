//! The client's address, as far as trusted proxies vouch for it.
//!
//! Each proxy appends on the right the address that it saw; everything left of the last trusted entry is
//! unverified. An unreadable address is unknown, and so is that of a request that a proxy forwards without an
//! address: the proxy's own address is never the client's.

mod forwarded;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::http::HeaderMap;
use ipnet::IpNet;
use serde::Deserialize;

use self::forwarded::Element;

/// The header in which proxies pass a client's address.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressHeader {
    /// With `X-Forwarded-Proto` for the scheme.
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// The proxies that an operator trusts, and the header that they use. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    pub(crate) networks: Arc<[IpNet]>,
    pub(crate) header: AddressHeader,
}

/// Headers by which proxies describe their clients, in addition to `X-Forwarded-…`.
const PROXY_HEADERS: [&str; 5] = ["cf-connecting-ip", "forwarded", "true-client-ip", "via", "x-real-ip"];

impl Proxies {
    /// Whether `peer` is one of these proxies.
    pub(crate) fn is_trusted(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }

    /// The client's address. If a trusted proxy sent the request, the last address that isn't a trusted
    /// proxy's, or the first if all are. `None` if it is unknown.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.is_trusted(peer) {
            return Some(peer.to_canonical());
        }
        let hops = match self.header {
            AddressHeader::XForwardedFor => addresses(headers),
            AddressHeader::Forwarded => forwarded::elements(headers).map(|element| element?.address()).collect(),
        };
        let mut farthest = None;
        for hop in hops {
            farthest = Some(hop?);
            if farthest.is_some_and(|hop| !self.is_trusted(hop)) {
                break;
            }
        }
        farthest
    }

    /// Whether a trusted proxy reports that the client reached it over https.
    pub(crate) fn is_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let last = || match self.header {
            AddressHeader::XForwardedFor => {
                let last = headers.get_all("x-forwarded-proto").iter().next_back()?.to_str().ok()?;
                last.rsplit(',').next().map(|scheme| scheme.trim().to_owned())
            }
            AddressHeader::Forwarded => forwarded::elements(headers).next()?.and_then(Element::into_scheme),
        };
        self.is_trusted(peer) && last().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }
}

/// Whether a request claims to be forwarded by a proxy.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("x-forwarded-") || PROXY_HEADERS.contains(&name.as_str()))
}

/// Warns the operator, once, of forwarded requests from an address that isn't listed: most likely a proxy
/// that should be.
pub(crate) fn warn_of_unlisted(proxies: &Proxies, peer: IpAddr, headers: &HeaderMap) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let is_unlisted = || is_forwarded(headers) && !proxies.is_trusted(peer);
    if !WARNED.load(Ordering::Relaxed) && is_unlisted() && !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            %peer,
            "requests say that they are passed on, by an address that isn't in server.trusted_proxies, and aren't              believed: if it is a proxy of yours, list it"
        );
    }
}

/// The last address in `X-Forwarded-For`: the one that the proxy which sent this request saw.
pub(crate) fn client_seen_by_proxy(headers: &HeaderMap) -> Option<IpAddr> {
    addresses(headers).into_iter().next()?
}

/// The addresses in `X-Forwarded-For`, from the right; `None` for an invalid one.
fn addresses(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines.flat_map(|line| match line.to_str() {
        Ok(line) => line.rsplit(',').map(address).collect(),
        Err(_) => vec![None],
    });
    hops.collect()
}

/// Parses an address as proxies write it: bare, quoted, in brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (v6, port) = rest.split_once(']')?;
            let usable = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            IpAddr::V6(v6.parse::<Ipv6Addr>().ok().filter(|_| usable)?)
        }
        None => text.parse().ok().or_else(|| {
            let (v4, port) = text.split_once(':')?;
            Some(IpAddr::V4(v4.parse().ok().filter(|_| is_port(port))?))
        })?,
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(header: AddressHeader) -> Proxies {
        let networks = ["10.0.0.0/8", "2001:db8:1::/48"].map(|network| network.parse().unwrap());
        Proxies { networks: Arc::from(networks), header }
    }

    fn by_forwarded_for(lines: &[&str]) -> Option<IpAddr> {
        let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        proxies(AddressHeader::XForwardedFor).client(ip("10.0.0.1"), &headers(&lines))
    }

    fn by_forwarded(lines: &[&str]) -> Option<IpAddr> {
        let lines: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        proxies(AddressHeader::Forwarded).client(ip("10.0.0.1"), &headers(&lines))
    }

    #[test]
    fn a_stranger_cannot_claim_another_address() {
        let claims = headers(&[("x-forwarded-for", "10.0.0.1"), ("forwarded", "for=10.0.0.1")]);
        for header in [AddressHeader::XForwardedFor, AddressHeader::Forwarded] {
            assert_eq!(proxies(header).client(ip("203.0.113.9"), &claims), Some(ip("203.0.113.9")));
        }
    }

    #[test]
    fn behind_trusted_proxies_the_last_stranger_counts() {
        let client = Some(ip("203.0.113.9"));
        for lines in [
            &["203.0.113.9"][..],
            &["198.51.100.1, 203.0.113.9, 10.0.0.2"],
            &["198.51.100.1", "203.0.113.9", "10.0.0.2"],
            &["10.0.0.5, 203.0.113.9 , [2001:db8:1::2]:80,10.0.0.2:1234"],
            &["x, 203.0.113.9"],
            &["unknown,\t203.0.113.9:56324"],
            &["\u{e9}", "\"203.0.113.9\""],
            &["[::ffff:203.0.113.9]"],
            &["10.0.0.5,", "203.0.113.9"],
        ] {
            assert_eq!(by_forwarded_for(lines), client, "{lines:?}");
        }
        let claimed = headers(&[("x-forwarded-for", "203.0.113.9")]);
        assert_eq!(proxies(AddressHeader::default()).client(ip("::ffff:10.0.0.1"), &claimed), client);
        assert_eq!(by_forwarded_for(&["[2001:db8::9]"]), Some(ip("2001:db8::9")));
    }

    #[test]
    fn what_a_trusted_proxy_says_that_cant_be_read_is_unknown() {
        for lines in [
            &[][..],
            &[""],
            &["203.0.113.9, "],
            &["203.0.113.9, unknown"],
            &["203.0.113.9, _hidden, 10.0.0.2"],
            &["203.0.113.9, 10.0.0.2, x"],
            &["203.0.113.9", "\u{e9}"],
            &["203.0.113.9:x"],
            &["203.0.113.9:123456"],
            &["203.0.113.09"],
            &["[203.0.113.9]"],
            &["[2001:db8::9"],
            &["[2001:db8::9]x"],
            &["2001:db8::9%eth0"],
            &["\"203.0.113.9"],
            &["203.0.113.9 10.0.0.2"],
        ] {
            assert_eq!(by_forwarded_for(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn where_all_are_trusted_the_first_counts() {
        assert_eq!(by_forwarded_for(&["10.0.0.7, 10.0.0.2"]), Some(ip("10.0.0.7")));
        assert_eq!(by_forwarded(&["for=10.0.0.7, for=10.0.0.2"]), Some(ip("10.0.0.7")));
    }

    #[test]
    fn forwarded_is_read_where_it_is_configured_and_nothing_else_then() {
        for lines in [
            &["for=203.0.113.9"][..],
            &["for=198.51.100.1;proto=http, For=\"203.0.113.9:47011\";by=10.0.0.3;proto=https, for=10.0.0.2"],
            &["for=unknown", "FOR=203.0.113.9"],
            &["for=\"", "for=203.0.113.9"],
            &["for=\"[2001:db8:cafe::17]\", for=\"[::ffff:203.0.113.9]:1\";host=\"a,b;c\\\"\""],
        ] {
            assert_eq!(by_forwarded(lines), Some(ip("203.0.113.9")), "{lines:?}");
        }
        for lines in [
            &[][..],
            &["for=_secret"],
            &["proto=https"],
            &["for=203.0.113.9, by=10.0.0.3"],
            &["for=\", for=203.0.113.9"],
            &["for=203.0.113.9;for=10.0.0.2"],
            &["for=\"203.0.113.9"],
            &["for=203.0.113.9,"],
            &["for 203.0.113.9"],
        ] {
            assert_eq!(by_forwarded(lines), None, "{lines:?}");
        }
        let other = headers(&[("x-forwarded-for", "203.0.113.9")]);
        assert_eq!(proxies(AddressHeader::Forwarded).client(ip("10.0.0.1"), &other), None);
    }

    #[test]
    fn https_is_what_the_last_proxy_says() {
        let is_https =
            |header, pairs: &[(&'static str, &str)], peer| proxies(header).is_https(ip(peer), &headers(pairs));
        let scheme = |value| is_https(AddressHeader::XForwardedFor, &[("x-forwarded-proto", value)], "10.0.0.1");
        assert!(scheme("https") && scheme("HTTPS") && scheme("http, https"));
        assert!(!scheme("http") && !scheme("https, http") && !scheme(""));
        assert!(!is_https(AddressHeader::XForwardedFor, &[("x-forwarded-proto", "https")], "203.0.113.9"));
        let forwarded = |value| is_https(AddressHeader::Forwarded, &[("forwarded", value)], "10.0.0.1");
        assert!(forwarded("for=a;proto=https") && !forwarded("proto=https, for=a;proto=http") && !forwarded("proto="));
    }

    proptest! {
        #[test]
        fn whatever_a_client_claims_the_proxys_word_counts(claimed in "[ -~]{0,60}") {
            let lines = format!("{claimed}, 203.0.113.9");
            prop_assert_eq!(by_forwarded_for(&[&lines]), Some(ip("203.0.113.9")));
            prop_assert_eq!(by_forwarded(&[&claimed, "for=203.0.113.9"]), Some(ip("203.0.113.9")));
            // On the same line the client may make it unreadable, but never another address.
            let client = by_forwarded(&[&format!("{claimed}, for=203.0.113.9")]);
            prop_assert!(client.is_none() || client == Some(ip("203.0.113.9")), "{:?}", client);
        }
    }
}
