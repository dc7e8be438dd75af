//! The system's part in connections: looking up names, and opening TCP connections.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::Semaphore,
};

use crate::limits::MAX_LOOKUPS;

/// Looks up names and opens connections, without checking anything. Tests have their own.
#[async_trait]
pub(crate) trait Dialer: Send + Sync {
    /// Returns all addresses of a host.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;

    /// Opens a connection to exactly this address.
    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream>;
}

/// The system's resolver and TCP.
pub(crate) struct SystemDialer {
    lookups: Arc<Semaphore>,
}

impl SystemDialer {
    pub(crate) fn new() -> Self {
        Self { lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)) }
    }
}

#[async_trait]
impl Dialer for SystemDialer {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.lookups).acquire_owned().await.map_err(io::Error::other)?;
        let host = host.to_owned();
        // A task, so that the permit is held for as long as the thread is blocked, even after a timeout.
        let lookup = tokio::spawn(async move {
            let addresses = lookup_host((host, 0)).await;
            drop(permit);
            addresses.map(|addresses| addresses.map(|address| address.ip()).collect())
        });
        lookup.await.map_err(io::Error::other)?
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
