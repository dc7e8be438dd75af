//! An HTTP server for tests, on the loopback network.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server that sends the same bytes on each connection and leaves it to the client to close it.
pub(super) struct FakeServer {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<ServerState>>,
}

#[derive(Default)]
struct ServerState {
    connections: usize,
    closed: usize,
    requests: Vec<String>,
}

impl FakeServer {
    pub(super) fn start(answer: impl Into<Vec<u8>>) -> Self {
        Self::start_with(answer.into(), None)
    }

    pub(super) fn start_tls(answer: impl Into<Vec<u8>>, config: ServerConfig) -> Self {
        Self::start_with(answer.into(), Some(Arc::new(config)))
    }

    fn start_with(answer: Vec<u8>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(ServerState::default()));
        let server = Self { address, state: Arc::clone(&state) };
        thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                state.lock().unwrap().connections += 1;
                let (state, answer, tls) = (Arc::clone(&state), answer.clone(), tls.clone());
                thread::spawn(move || match tls {
                    Some(tls) => {
                        handle(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream), &answer, &state);
                    }
                    None => handle(stream, &answer, &state),
                });
            }
        });
        server
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// The number of connections that the client has closed.
    pub(super) fn closed(&self) -> usize {
        self.state.lock().unwrap().closed
    }

    /// Complete requests, as they came.
    pub(super) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

fn handle(stream: impl Read + Write, answer: &[u8], state: &Mutex<ServerState>) {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        // A failed handshake is an error.
        if !matches!(stream.read_line(&mut request), Ok(1..)) {
            return;
        }
    }
    let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    request.push_str(&String::from_utf8(body).unwrap());
    state.lock().unwrap().requests.push(request);
    // The client may hang up meanwhile, which some tests are about.
    let _ = stream.get_mut().write_all(answer).and_then(|()| stream.get_mut().flush());
    let _ = stream.read_to_end(&mut Vec::new());
    state.lock().unwrap().closed += 1;
}
