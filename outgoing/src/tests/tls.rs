//! Connections with TLS.

use std::sync::Arc;

use patience::TIMEOUT;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

use super::{
    client_with,
    dialers::{FakeDialer, Peer},
    get,
    servers::FakeServer,
};
use crate::{client::OutgoingClient, dialer::Dialer, error::OutgoingError, policy::OutgoingPolicy};

const PUBLIC: &str = "93.184.215.14";

/// A server for `hooks.example` with a self-signed certificate, a network where it is reached, and the certificate.
fn start_server() -> (FakeServer, Arc<FakeDialer>, CertificateDer<'static>) {
    let signed = rcgen::generate_simple_self_signed(["hooks.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let certificate = signed.cert.der().clone();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let server = FakeServer::start_tls("HTTP/1.1 204 No Content\r\n\r\n", config);
    let dialer = FakeDialer::new([&[PUBLIC]]).with_peer(PUBLIC, Peer::Server(server.address));
    (server, Arc::new(dialer), certificate)
}

fn roots(certificate: CertificateDer<'static>) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    Some(roots)
}

fn https_client(dialer: &Arc<FakeDialer>, roots: Option<RootCertStore>) -> OutgoingClient {
    client_with(OutgoingPolicy::default(), Arc::clone(dialer) as Arc<dyn Dialer>, roots, TIMEOUT)
}

#[tokio::test]
async fn a_request_goes_to_the_checked_address_with_the_name_in_certificate_and_header() {
    let (server, dialer, certificate) = start_server();
    let client = https_client(&dialer, roots(certificate));
    assert_eq!(client.send(get("https://hooks.example/")).await.unwrap().status, 204);
    assert_eq!(dialer.attempts(), [format!("{PUBLIC}:443")]);
    assert!(server.requests()[0].contains("host: hooks.example\r\n"), "{}", server.requests()[0]);
}

#[tokio::test]
async fn a_server_without_a_valid_certificate_receives_nothing() {
    let (server, dialer, certificate) = start_server();
    let untrusting = https_client(&dialer, None);
    assert_eq!(untrusting.send(get("https://hooks.example/")).await.err(), Some(OutgoingError::InsecureConnection));
    let trusting = https_client(&dialer, roots(certificate));
    assert_eq!(trusting.send(get("https://other.example/")).await.err(), Some(OutgoingError::InsecureConnection));
    assert_eq!((server.connections(), server.requests()), (2, vec![]));
}
