//! Spellings of URLs that must never lead to a connection attempt.

use std::sync::Arc;

use tower_service::Service;

use super::{dialers::FakeDialer, get, public_client, public_http};
use crate::{connector::CheckedConnector, dialer::Dialer, error::OutgoingError};

/// Hosts that are an address that isn't public, separated by spaces.
const ADDRESSES: &[&str] = &[
    // Loopback: short, decimal, hexadecimal, octal, with a dot at the end.
    "127.0.0.1 127.1 127.0.1 127.255.255.254 2130706433 0x7f000001 0X7F000001 0x7f.1 0x7f.0x0.0x0.0x1",
    "0177.0.0.1 017700000001 0000177.0.0.01 127.0.0.1. 127.1. 0x7f.1. 127.0x1",
    // This host.
    "0 00 0x 0x0 0.0.0.0 0. 0.1",
    // Percent-encoded, and other forms of digits and dots.
    "%31%32%37.0.0.1 127%2e0%2e0%2e1 %30 %30x7f.1 １２７.０.０.１ １２７．０．０．１ 127。0。0。1 127｡0｡0｡1 ①②⑦.⓪.⓪.① 𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "¹²⁷.0.0.1 0ｘ7f.1 127.0.0\u{ad}.1 127.0.0.1\u{200b} %E2%91%A0%E2%91%A1%E2%91%A6.0.0.1",
    // Private, shared, link-local, metadata.
    "10.0.0.1 10.1 0xa.1 167772161 012.1 172.16.0.1 172.31.255.255 192.168.0.1 192.168.257 3232235521",
    "100.64.0.1 100.127.255.255 100.100.100.200 169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376",
    "169.254.43518 168.63.129.16 192.0.0.192",
    // Documentation, benchmarks, relays, multicast, reserved, broadcast.
    "192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 198.19.255.255 192.88.99.1 224.0.0.1 239.255.255.250",
    "240.0.0.1 255.255.255.255 4294967295",
    // IPv6: unspecified, loopback, and IPv4 within it.
    "[::] [::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::127.0.0.1] [::7f00:1]",
    "[::8.8.8.8] [::ffff:127.0.0.1] [::FFFF:7F00:1] [0:0:0:0:0:ffff:10.0.0.1] [::ffff:169.254.169.254]",
    "[::ffff:8.8.8.8] [::ffff:0:127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::a9fe:a9fe]",
    "[64:ff9b::10.0.0.1] [64:ff9b:1::7f00:1] [64:ff9b:1::808:808] [64:ff9b:0:1::808:808] [2002:7f00:1::]",
    "[2002:a9fe:a9fe::1] [2002:808:808::1] [2001::1] [2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2606:4700::5efe:10.0.0.1] [2606:4700::200:5efe:127.0.0.1] [fe80::5efe:c0a8:1]",
    // Link-local, site-local, unique local, multicast, and what isn't assigned.
    "[fe80::1] [febf::1] [fec0::1] [feff::1] [fc00::1] [fd00:ec2::254] [fd20:ce::254] [ff02::1] [ff0e::1]",
    "[100::1] [100:0:0:1::1] [2001:db8::1] [2001:2::1] [2001:10::1] [2001:20::1] [3ffe::1] [3fff::1]",
    "[5f00::1] [1::1] [4000::1] [8000::1] [f000::1]",
    // Whole URLs, where the scheme's slashes, the port or the rest look otherwise.
    "127.0.0.1:80 127.1:0443 [::1]:80 127.0.0.1/@example.com 127.0.0.1?@example.com 127.0.0.1#@example.com",
    "127.0.0.1#.example.com /127.0.0.1 //127.0.0.1/",
];

/// Whole URLs, and why they are rejected.
const URLS: &[(&str, OutgoingError)] = &[
    ("http:127.0.0.1", OutgoingError::NoPublicAddress),
    ("http:/127.0.0.1", OutgoingError::NoPublicAddress),
    ("hTTp://127.0.0.1", OutgoingError::NoPublicAddress),
    (" \t\nhttp://127.0.0.1\r\n ", OutgoingError::NoPublicAddress),
    // The part before the @ isn't the host.
    ("http://example.com@127.0.0.1", OutgoingError::Credentials),
    ("http://example.com:80@127.0.0.1", OutgoingError::Credentials),
    ("http://example.com:80@127.0.0.1:80@10.0.0.1/", OutgoingError::Credentials),
    ("http://127.0.0.1@example.com", OutgoingError::Credentials),
    ("http://:password@127.0.0.1", OutgoingError::Credentials),
    ("http://@127.0.0.1", OutgoingError::NoPublicAddress),
    ("http://:@127.0.0.1", OutgoingError::NoPublicAddress),
    ("http://example.com%40127.0.0.1", OutgoingError::InvalidUrl),
    ("http://example.com＠127.0.0.1", OutgoingError::InvalidUrl),
    // Parsers disagree about these characters.
    ("http://127.0.0.1\\@example.com", OutgoingError::InvalidUrl),
    ("http://example.com\\@127.0.0.1", OutgoingError::InvalidUrl),
    ("http:\\\\127.0.0.1", OutgoingError::InvalidUrl),
    ("\\\\127.0.0.1", OutgoingError::InvalidUrl),
    ("http://127\t.0.0.1", OutgoingError::InvalidUrl),
    ("ht\ntp://127.0.0.1", OutgoingError::InvalidUrl),
    ("http://127.0.\r\n0.1", OutgoingError::InvalidUrl),
    ("http://127.0.0.1 @example.com", OutgoingError::InvalidUrl),
    ("http://127.0.0.1\0.example.com", OutgoingError::InvalidUrl),
    ("http://127.0.0.1%00.example.com", OutgoingError::InvalidUrl),
    ("http://127.0.0.1%0d%0ahost:example.com", OutgoingError::InvalidUrl),
    ("http://127.0.0.1%2f.example.com", OutgoingError::InvalidUrl),
    ("http://127.0.0.1%23.example.com", OutgoingError::InvalidUrl),
    ("http://127.0.0.1;.example.com", OutgoingError::InvalidUrl),
    ("http://127.0.0.1,example.com", OutgoingError::InvalidUrl),
    ("http://(127.0.0.1)", OutgoingError::InvalidUrl),
    ("http://example.com\u{2028}@127.0.0.1", OutgoingError::InvalidUrl),
    // Not an address after all.
    ("http://127.0.0.256", OutgoingError::InvalidUrl),
    ("http://1.2.3.127.1", OutgoingError::InvalidUrl),
    ("http://4294967296", OutgoingError::InvalidUrl),
    ("http://0x100000000", OutgoingError::InvalidUrl),
    ("http://0128.1", OutgoingError::InvalidUrl),
    ("http://[::1%25lo]", OutgoingError::InvalidUrl),
    ("http://[::1%lo]", OutgoingError::InvalidUrl),
    ("http://[fe80::1%25eth0]", OutgoingError::InvalidUrl),
    ("http://[127.0.0.1]", OutgoingError::InvalidUrl),
    ("http://[::127.1]", OutgoingError::InvalidUrl),
    ("http://::1", OutgoingError::InvalidUrl),
    ("http://", OutgoingError::InvalidUrl),
    ("http://:80", OutgoingError::InvalidUrl),
    ("http://example.com:80:80", OutgoingError::InvalidUrl),
    ("http://example.com:65616", OutgoingError::InvalidUrl),
    ("", OutgoingError::InvalidUrl),
    ("127.0.0.1", OutgoingError::InvalidUrl),
    ("//127.0.0.1", OutgoingError::InvalidUrl),
    ("http//127.0.0.1", OutgoingError::InvalidUrl),
    // Other schemes, and other services.
    ("file:///etc/passwd", SCHEME),
    ("file://127.0.0.1/etc/passwd", SCHEME),
    ("ftp://127.0.0.1", SCHEME),
    ("gopher://127.0.0.1:6379/_FLUSHALL", SCHEME),
    ("ws://127.0.0.1", SCHEME),
    ("unix:/var/run/docker.sock", SCHEME),
    ("data:text/plain,x", SCHEME),
    ("jar:http://127.0.0.1!/", SCHEME),
    ("localhost:80", SCHEME),
    ("http+unix://%2Fvar%2Frun%2Fdocker.sock", SCHEME),
    ("http://example.com:22", OutgoingError::Port { port: 22 }),
    ("http://example.com:6379", OutgoingError::Port { port: 6379 }),
    ("http://example.com:0", OutgoingError::Port { port: 0 }),
    ("http://example.com:８０８０", OutgoingError::InvalidUrl),
];

const SCHEME: OutgoingError = OutgoingError::Scheme { expected: "https:// or http://" };

/// Checks that a URL is rejected when it is supplied, and when a request is sent to it nevertheless.
async fn check_rejected(url: &str, expected: OutgoingError) {
    // If anything were looked up, it would be found.
    let dialer = Arc::new(FakeDialer::new([&["93.184.215.14"]]));
    let client = public_client(&dialer);
    assert_eq!(client.check_url(url).err(), Some(expected), "{url:?}");
    assert_eq!(client.send(get(url)).await.err(), Some(expected), "{url:?}");
    assert_eq!((dialer.lookups(), dialer.attempts()), (vec![], vec![]), "{url:?}");
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_causes_a_connection() {
    for host in ADDRESSES.iter().flat_map(|line| line.split(' ')) {
        for scheme in ["http", "https"] {
            check_rejected(&format!("{scheme}://{host}"), OutgoingError::NoPublicAddress).await;
        }
    }
}

#[tokio::test]
async fn no_trick_with_a_url_causes_a_connection() {
    for (url, expected) in URLS {
        check_rejected(url, *expected).await;
    }
}

/// The connector doesn't rely on the check of the URL.
#[tokio::test]
async fn the_connector_checks_hosts_that_are_addresses() {
    for uri in ["http://127.0.0.1/", "https://10.0.0.1/", "http://[::1]:80/", "http://[::ffff:127.0.0.1]/"] {
        let dialer = Arc::new(FakeDialer::new([&["93.184.215.14"]]));
        let network = Arc::clone(&dialer) as Arc<dyn Dialer>;
        let mut connector = CheckedConnector::new(Arc::new(public_http()), network);
        let error = connector.call(uri.parse().unwrap()).await.err();
        assert_eq!(error, Some(OutgoingError::NoPublicAddress), "{uri}");
        assert_eq!((dialer.lookups(), dialer.attempts()), (vec![], vec![]), "{uri}");
    }
}

#[tokio::test]
async fn public_addresses_are_connected_to_in_all_spellings() {
    for (host, address) in [
        ("8.8.8.8", "8.8.8.8:80"),
        ("134744072", "8.8.8.8:80"),
        ("0x8.010.2056", "8.8.8.8:80"),
        ("８.8。8.8:443", "8.8.8.8:443"),
        ("[2606:4700::1111]", "[2606:4700::1111]:80"),
        ("[64:ff9b::808:808]", "[64:ff9b::808:808]:80"),
        ("[2606:4700::200:5efe:8.8.8.8]", "[2606:4700::200:5efe:808:808]:80"),
        ("example.com", "93.184.215.14:80"),
    ] {
        let dialer = Arc::new(FakeDialer::new([&["93.184.215.14"]]));
        let client = public_client(&dialer);
        assert_eq!(client.send(get(format!("http://{host}"))).await.err(), Some(OutgoingError::NotConnected), "{host}");
        assert_eq!(dialer.attempts(), [address], "{host}");
    }
}
