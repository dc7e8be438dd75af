//! A client that sends arbitrary bytes.

use std::net::SocketAddr;

use patience::wait_for;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Connects, and sends these bytes.
    pub(super) async fn sending(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Self {
        let mut wire = Self::connect(address).await;
        wire.send(bytes).await;
        wire
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have closed the connection already.
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Closes the sending side.
    pub(super) async fn finish(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Reads until the server closes the connection.
    pub(super) async fn read_all(mut self) -> String {
        let mut received = Vec::new();
        // A reset counts as closed.
        let _ = wait_for("the server closes the connection", self.0.read_to_end(&mut received)).await;
        String::from_utf8_lossy(&received).into_owned()
    }

    /// Reads the next answer up to `end`, the end of its body; the connection stays open.
    pub(super) async fn read_until(&mut self, end: &str) -> String {
        let mut received = String::new();
        let until = async {
            while !received.ends_with(end) {
                let mut piece = [0; 1024];
                let read = self.0.read(&mut piece).await.unwrap();
                assert!(read > 0, "closed after {received:?}");
                received.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
        };
        wait_for(end, until).await;
        received
    }
}
