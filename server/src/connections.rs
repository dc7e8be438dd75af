//! Accepts connections and limits each one's slots, time and memory, and the bytes that count as a request.
//!
//! axum's own server has none of these limits. hyper works below them, on the bytes that [`guarded_stream`]
//! lets through.

mod chunks;
mod descriptors;
mod fault;
mod framing;
mod guarded_stream;
mod head;
mod read_budget;
mod service;
mod slots;
mod state;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::task::TaskTracker;

use self::{
    fault::TOO_MANY_CONNECTIONS,
    framing::MAX_HEAD_BYTES,
    guarded_stream::GuardedStream,
    service::Requests,
    slots::{ConnectionSlots, SlotLimits},
    state::ConnectionState,
};
use crate::hub::Hub;

/// Bytes that hyper reads ahead of a connection at most: a request's head fits in.
const BUFFER_BYTES: usize = MAX_HEAD_BYTES + 8 * 1024;
/// Pause after a failed accept, as happens when descriptors run out.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// Clients at once that get [`TOO_MANY_CONNECTIONS`]; further ones are dropped without an answer.
const CONCURRENT_REFUSALS: usize = 64;
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// Time for bodies to arrive once the server stops. It is short, since nothing was done for them yet.
const STOP_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until `stop` resolves; then finishes open requests within the configured time.
pub async fn serve(listener: TcpListener, router: Router, hub: Hub, stop: impl Future<Output = ()>) {
    let server = Server {
        router,
        hub,
        descriptors: descriptors::raise(),
        slots: ConnectionSlots::default(),
        refusals: Arc::new(Semaphore::new(CONCURRENT_REFUSALS)),
        tasks: TaskTracker::new(),
    };
    tokio::select! {
        () = server.accept(&listener) => {}
        () = stop => {}
    }
    // Lets another server listen on the address at once.
    drop(listener);
    server.stop().await;
}

struct Server {
    router: Router,
    hub: Hub,
    /// The process's limit of descriptors; `None` if there is none.
    descriptors: Option<u64>,
    slots: ConnectionSlots,
    /// Permits for answering clients that get no slot.
    refusals: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Server {
    async fn accept(&self, listener: &TcpListener) {
        let mut failing = false;
        loop {
            match listener.accept().await {
                Ok((socket, peer)) => {
                    failing = false;
                    self.begin(socket, peer);
                }
                // The client left before it was accepted.
                Err(error) if is_per_connection(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "connections can't be accepted");
                    }
                    self.slots.evict_quietest();
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    fn begin(&self, socket: TcpStream, peer: SocketAddr) {
        // Otherwise an event of a stream waits up to 40 ms until the client's system acknowledges the one
        // before.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection may be slower than it could be");
        }
        let config = self.hub.config();
        let is_proxy = config.proxies().is_trusted(peer.ip());
        let mut limits = config.connections;
        if is_proxy {
            // If the proxy closes first, it never sends a request into a connection that is being closed.
            // Many proxies wait a minute.
            limits.idle_timeout *= 2;
        }
        let state = Arc::new(ConnectionState::new(limits));
        let Some(slot) = self.slots.acquire(peer.ip(), &state, self.slot_limits(&state, peer, is_proxy)) else {
            self.refuse(socket);
            return;
        };
        let requests = Requests::new(self.router.clone(), Arc::clone(&state), peer);
        let connection = http1::Builder::new()
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(GuardedStream::new(socket, Arc::clone(&state), slot)), requests)
            .with_upgrades();
        self.tasks.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let mut closing = false;
            loop {
                tokio::select! {
                    biased;
                    ended = connection.as_mut() => {
                        if let Err(error) = ended {
                            tracing::trace!(%error, "a connection broke");
                        }
                        return;
                    }
                    () = state.shutdown_token.cancelled(), if !closing => {}
                    () = state.abort_token.cancelled() => return,
                }
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
        });
    }

    /// Answers a client that gets no slot. Reads what it sends for a moment, as far as time permits:
    /// otherwise its system discards the answer.
    fn refuse(&self, mut socket: TcpStream) {
        let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        self.tasks.spawn(async move {
            let _permit = permit;
            let _ = timeout(REFUSAL_TIMEOUT, async {
                socket.write_all(TOO_MANY_CONNECTIONS).await?;
                socket.shutdown().await?;
                drain(&mut socket, MAX_HEAD_BYTES).await;
                io::Result::Ok(())
            })
            .await;
        });
    }

    fn slot_limits(&self, state: &ConnectionState, peer: SocketAddr, is_proxy: bool) -> SlotLimits {
        let total = descriptors::max_connections(state.limits.max_connections, self.descriptors);
        let per_network = if services::address_limits::ClientNetwork::of(Some(peer.ip())).may_be_shared() {
            // It may be a proxy that isn't configured.
            total - total / 4
        } else {
            state.limits.max_connections_by_address.min(total / 2)
        };
        SlotLimits { total, per_network: (!is_proxy).then_some(per_network) }
    }

    async fn stop(&self) {
        let now = Instant::now();
        let states = self.slots.states();
        let deadline = now + self.hub.config().connections.stop_timeout;
        for state in &states {
            state.set_body_deadline(deadline.min(now + STOP_BODY_TIMEOUT));
            state.shutdown_token.cancel();
        }
        self.tasks.close();
        if timeout_at(deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "what isn't finished in time is broken off");
            states.iter().for_each(|state| state.abort_token.cancel());
            self.tasks.wait().await;
        }
    }
}

/// Reads and discards up to `max` bytes.
async fn drain(socket: &mut TcpStream, max: usize) {
    let mut piece = [0; 1024];
    let mut left = max;
    while let Ok(read @ 1..) = socket.read(&mut piece).await {
        left = left.saturating_sub(read);
        if left == 0 {
            return;
        }
    }
}

/// Whether an error concerns only the connection being accepted and not the next ones as well.
fn is_per_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
