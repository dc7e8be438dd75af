//! A network for tests, with prepared answers to lookups, which keeps a list of all attempts to connect.

use std::{
    collections::{HashMap, VecDeque},
    future, io,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
};

use async_trait::async_trait;
use tokio::net::TcpStream;

use super::ip;
use crate::dialer::Dialer;

/// The host at an address. At all others, connections are refused.
#[derive(Clone, Copy)]
pub(super) enum Peer {
    /// A server on the loopback network.
    Server(SocketAddr),
    /// A firewall that drops packets.
    Silence,
}

#[derive(Default)]
pub(super) struct FakeDialer {
    /// Answers to lookups in their order; the last one is repeated.
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    peers: HashMap<IpAddr, Peer>,
    lookups: Mutex<Vec<String>>,
    attempts: Mutex<Vec<SocketAddr>>,
}

impl FakeDialer {
    pub(super) fn new<const N: usize>(answers: [&[&str]; N]) -> Self {
        let answers = answers.iter().map(|answer| answer.iter().copied().map(ip).collect()).collect();
        Self { answers: Mutex::new(answers), ..Self::default() }
    }

    pub(super) fn with_peer(mut self, address: &str, peer: Peer) -> Self {
        self.peers.insert(ip(address), peer);
        self
    }

    /// The names that were looked up.
    pub(super) fn lookups(&self) -> Vec<String> {
        self.lookups.lock().unwrap().clone()
    }

    /// The addresses that a connection was attempted to.
    pub(super) fn attempts(&self) -> Vec<String> {
        self.attempts.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

#[async_trait]
impl Dialer for FakeDialer {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.lookups.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.ok_or_else(|| io::Error::other("no such name"))
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.attempts.lock().unwrap().push(address);
        match self.peers.get(&address.ip()).copied() {
            Some(Peer::Server(server)) => TcpStream::connect(server).await,
            Some(Peer::Silence) => future::pending().await,
            None => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}
