//! Names and what they resolve to.

use std::{sync::Arc, time::Duration};

use patience::wait_for;

use super::{
    client_with,
    dialers::{FakeDialer, Peer},
    get, public_client, public_http,
    servers::FakeServer,
};
use crate::{dialer::Dialer, error::OutgoingError};

const EMPTY_ANSWER: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const PUBLIC: &str = "93.184.215.14";

/// Names that only their addresses give away, separated by spaces.
const NAMES: &[&str] = &[
    "localhost localhost. LOCALHOST Localhost. foo.localhost foo.localhost. localhost.localdomain ip6-localhost",
    "ｌocalhost ⓛocalhost lo%63alhost local\u{ad}host localhost。 metadata metadata.google.internal",
    "metadata.google.internal. instance-data instance-data.ec2.internal kubernetes.default.svc db_1.internal",
    "host.docker.internal 127.0.0.1.nip.io 7f000001.example.com 127.0.0.1.example",
];

/// Answers of a resolver in which not all addresses are public.
const ANSWERS: &[&[&str]] = &[
    &["127.0.0.1"],
    &["::1"],
    &["0.0.0.0"],
    &["::"],
    &["10.0.0.1"],
    &["169.254.169.254"],
    &["fd00:ec2::254"],
    &["fe80::1"],
    &["::ffff:127.0.0.1"],
    &["64:ff9b::7f00:1"],
    &["2002:7f00:1::"],
    &[PUBLIC, "127.0.0.1"],
    &["127.0.0.1", PUBLIC],
    &[PUBLIC, "2606:4700::1111", PUBLIC, PUBLIC, PUBLIC, "::1"],
    &[PUBLIC, "::ffff:93.184.215.14"],
    &[],
];

#[tokio::test]
async fn a_name_is_refused_if_any_of_its_addresses_is_not_public() {
    for name in NAMES.iter().flat_map(|line| line.split(' ')) {
        for answer in ANSWERS {
            let dialer = Arc::new(FakeDialer::new([*answer]));
            let client = public_client(&dialer);
            let url = format!("http://{name}/");
            assert!(client.check_url(&url).is_ok(), "{name}: names aren't looked up yet");
            let error = client.send(get(&url)).await.err();
            assert_eq!(error, Some(OutgoingError::NoPublicAddress), "{name}: {answer:?}");
            assert_eq!((dialer.lookups().len(), dialer.attempts()), (1, vec![]), "{name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_name_of_the_internal_network_looks_like_one_that_does_not_exist() {
    let (internal, missing) = (Arc::new(FakeDialer::new([&["10.0.0.1"]])), Arc::new(FakeDialer::default()));
    let mut texts = Vec::new();
    for dialer in [internal, missing] {
        let error = public_client(&dialer).send(get("http://db.internal")).await.unwrap_err();
        texts.push(error.to_string());
    }
    assert_eq!(texts[0], texts[1]);
    assert!(!texts[0].contains("10."));
}

#[tokio::test]
async fn a_name_that_is_rebound_between_two_requests_is_refused() {
    let server = FakeServer::start(EMPTY_ANSWER);
    let dialer = FakeDialer::new([&[PUBLIC], &["127.0.0.1"]]);
    let dialer = Arc::new(
        dialer.with_peer(PUBLIC, Peer::Server(server.address)).with_peer("127.0.0.1", Peer::Server(server.address)),
    );
    let client = public_client(&dialer);
    // A second lookup, between check and connection, would already be answered with the private address.
    assert_eq!(client.send(get("http://rebind.example")).await.unwrap().status, 204);
    assert_eq!((dialer.lookups().len(), dialer.attempts()), (1, vec![format!("{PUBLIC}:80")]));
    // The connection of the first request isn't used again, so the name is looked up and checked again.
    assert_eq!(client.send(get("http://rebind.example")).await.err(), Some(OutgoingError::NoPublicAddress));
    assert_eq!((dialer.lookups().len(), dialer.attempts().len(), server.connections()), (2, 1, 1));
}

#[tokio::test]
async fn the_next_address_is_tried_if_one_refuses() {
    let server = FakeServer::start(EMPTY_ANSWER);
    let dialer = FakeDialer::new([&["2606:4700::1111", PUBLIC]]).with_peer(PUBLIC, Peer::Server(server.address));
    let dialer = Arc::new(dialer);
    assert_eq!(public_client(&dialer).send(get("http://example.com")).await.unwrap().status, 204);
    assert_eq!(dialer.attempts(), ["[2606:4700::1111]:80".to_owned(), format!("{PUBLIC}:80")]);
}

#[tokio::test]
async fn the_next_address_is_tried_if_one_does_not_respond() {
    let dialer = FakeDialer::new([&["8.8.8.8", PUBLIC]]).with_peer("8.8.8.8", Peer::Silence);
    let dialer = Arc::new(dialer);
    let network = Arc::clone(&dialer) as Arc<dyn Dialer>;
    let client = client_with(public_http(), network, None, Duration::from_millis(50));
    let response = wait_for("an error", client.send(get("http://example.com"))).await;
    assert_eq!(response.err(), Some(OutgoingError::NotConnected));
    assert_eq!(dialer.attempts(), ["8.8.8.8:80".to_owned(), format!("{PUBLIC}:80")]);
}

#[tokio::test]
async fn many_addresses_of_one_name_are_not_scanned() {
    let dialer = Arc::new(FakeDialer::new([&["8.8.8.1", "8.8.8.2", "8.8.8.3", "8.8.8.4", "8.8.8.5", "8.8.8.6"]]));
    let response = public_client(&dialer).send(get("http://example.com")).await;
    assert_eq!(response.err(), Some(OutgoingError::NotConnected));
    assert_eq!(dialer.attempts().len(), 4);
}
