//! A client that writes any bytes it likes.

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

    /// A connection on which this was said.
    pub(super) async fn saying(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Self {
        let mut wire = Self::connect(address).await;
        wire.say(bytes).await;
        wire
    }

    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        // A server that has heard enough may have closed it.
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Says that nothing more will come.
    pub(super) async fn finish(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// All that is said until the server closes the connection.
    pub(super) async fn heard(mut self) -> String {
        let mut heard = Vec::new();
        // Broken off counts as closed.
        let _ = wait_for("the server closes the connection", self.0.read_to_end(&mut heard)).await;
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// The next answer, as far as its body's end; the connection stays.
    pub(super) async fn hear_until(&mut self, end: &str) -> String {
        let mut heard = String::new();
        let until = async {
            while !heard.ends_with(end) {
                let mut piece = [0; 1024];
                let read = self.0.read(&mut piece).await.unwrap();
                assert!(read > 0, "closed after {heard:?}");
                heard.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
        };
        wait_for(end, until).await;
        heard
    }
}
