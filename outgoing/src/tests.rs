//! Tests of requests from the URL to the response, with servers on the loopback network and a resolver with prepared answers.

mod addresses;
mod answers;
mod dialers;
mod names;
mod proxies;
mod requests;
mod servers;
mod targets;
mod tls;
mod urls;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use hyper_rustls::ConfigBuilderExt;
use patience::TIMEOUT;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use self::dialers::FakeDialer;
use crate::{
    client::OutgoingClient,
    connector::CheckedConnector,
    dialer::{Dialer, SystemDialer},
    messages::OutgoingRequest,
    policy::OutgoingPolicy,
};

/// A policy with HTTP, for the public internet only.
fn public_http() -> OutgoingPolicy {
    OutgoingPolicy { allows_http: true, ..OutgoingPolicy::default() }
}

/// A policy with HTTP, for the loopback network and this port too.
fn local_http(port: u16) -> OutgoingPolicy {
    OutgoingPolicy {
        allowed_networks: ["127.0.0.0/8".parse().unwrap()].into_iter().collect(),
        allowed_ports: vec![port],
        allows_http: true,
    }
}

/// A client of the system's network that can reach this server.
fn client_of(server: SocketAddr) -> OutgoingClient {
    client_with(local_http(server.port()), Arc::new(SystemDialer::new()), None, TIMEOUT)
}

/// A client of another network for the public internet.
fn public_client(dialer: &Arc<FakeDialer>) -> OutgoingClient {
    client_with(public_http(), Arc::clone(dialer) as Arc<dyn Dialer>, None, TIMEOUT)
}

/// A client that trusts these certificates, or Mozilla's, and attempts to connect for this long. It waits for responses longer than
/// usual, since the machine may have other work.
fn client_with(
    policy: OutgoingPolicy,
    dialer: Arc<dyn Dialer>,
    roots: Option<RootCertStore>,
    connect_timeout: Duration,
) -> OutgoingClient {
    let policy = Arc::new(policy);
    let connector = CheckedConnector::new(Arc::clone(&policy), dialer).with_timeout(connect_timeout);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match roots {
        Some(roots) => config.with_root_certificates(roots),
        None => config.with_webpki_roots(),
    };
    OutgoingClient::with_connector(policy, connector, config.with_no_client_auth()).with_timeout(TIMEOUT)
}

fn get(url: impl Into<String>) -> OutgoingRequest {
    OutgoingRequest { method: Method::GET, url: url.into(), headers: HeaderMap::new(), body: Bytes::new() }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
