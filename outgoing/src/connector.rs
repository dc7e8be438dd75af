//! Connections to checked addresses.
//!
//! Hyper's own connector takes a resolver, but doesn't ask it about hosts that are addresses, so a check in a resolver would let
//! `http://127.0.0.1` through.

use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use crate::{
    dialer::Dialer,
    error::OutgoingError,
    limits::{CONNECT_TIMEOUT, MAX_CONNECT_ATTEMPTS},
    policy::OutgoingPolicy,
};

/// A connector that looks up a name once, checks all its addresses, and connects to one of these. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CheckedConnector {
    policy: Arc<OutgoingPolicy>,
    dialer: Arc<dyn Dialer>,
    timeout: Duration,
}

impl CheckedConnector {
    pub(crate) fn new(policy: Arc<OutgoingPolicy>, dialer: Arc<dyn Dialer>) -> Self {
        Self { policy, dialer, timeout: CONNECT_TIMEOUT }
    }

    #[cfg(test)]
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    async fn connect(&self, uri: &Uri) -> Result<TokioIo<TcpStream>, OutgoingError> {
        let host = uri.host().ok_or(OutgoingError::InvalidUrl)?;
        let default_port = if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
        let port = uri.port_u16().unwrap_or(default_port);
        let mut addresses = self.find_addresses(host).await?;
        addresses.truncate(MAX_CONNECT_ATTEMPTS);
        let time_per_attempt = self.timeout / u32::try_from(addresses.len()).unwrap_or(1);
        for address in addresses {
            let attempt = self.dialer.connect(SocketAddr::new(address, port));
            if let Ok(Ok(stream)) = timeout(time_per_attempt, attempt).await {
                return Ok(TokioIo::new(stream));
            }
        }
        Err(OutgoingError::NotConnected)
    }

    /// Returns the addresses of a host, of which there is at least one, if all of them can be reached. If only some can, the name is
    /// ambiguous, and probably meant to deceive.
    async fn find_addresses(&self, host: &str) -> Result<Vec<IpAddr>, OutgoingError> {
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let addresses = match literal.parse() {
            Ok(address) => vec![address],
            Err(_) => self.dialer.resolve(host).await.unwrap_or_default(),
        };
        if addresses.is_empty() || !addresses.iter().all(|address| self.policy.can_reach(*address)) {
            return Err(OutgoingError::NoPublicAddress);
        }
        Ok(addresses)
    }
}

impl Service<Uri> for CheckedConnector {
    type Response = TokioIo<TcpStream>;
    type Error = OutgoingError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, OutgoingError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OutgoingError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            timeout(connector.timeout, connector.connect(&uri)).await.unwrap_or(Err(OutgoingError::NotConnected))
        })
    }
}
