//! The operator's policy: the networks, ports and schemes that URLs may lead to.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{addresses::is_public, error::OutgoingError};

/// The ports that are allowed unless the operator lists others: those of HTTP and HTTPS.
pub const DEFAULT_PORTS: [u16; 2] = [80, 443];

/// Networks that may be reached although they aren't public, such as the operator's own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AllowedNetworks(Vec<IpNet>);

impl AllowedNetworks {
    /// Whether one of the networks contains this address. An IPv4 address within an IPv6 address counts only in the latter's spelling.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromIterator<IpNet> for AllowedNetworks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

/// The operator's policy for outgoing requests. The default is HTTPS to the public internet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutgoingPolicy {
    pub allowed_networks: AllowedNetworks,
    /// Ports that URLs may name or imply, instead of the default ones.
    pub allowed_ports: Vec<u16>,
    /// Whether URLs may begin with `http://`.
    pub allows_http: bool,
}

impl Default for OutgoingPolicy {
    fn default() -> Self {
        Self { allowed_networks: AllowedNetworks::default(), allowed_ports: DEFAULT_PORTS.to_vec(), allows_http: false }
    }
}

impl OutgoingPolicy {
    pub(crate) fn can_reach(&self, address: IpAddr) -> bool {
        is_public(address) || self.allowed_networks.contains(address)
    }

    pub(crate) fn check_scheme(&self, scheme: &str) -> Result<(), OutgoingError> {
        match (scheme, self.allows_http) {
            ("https", _) | ("http", true) => Ok(()),
            (_, false) => Err(OutgoingError::Scheme { expected: "https://" }),
            (_, true) => Err(OutgoingError::Scheme { expected: "https:// or http://" }),
        }
    }

    pub(crate) fn check_port(&self, port: u16) -> Result<(), OutgoingError> {
        if self.allowed_ports.contains(&port) { Ok(()) } else { Err(OutgoingError::Port { port }) }
    }
}
