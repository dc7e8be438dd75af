//! Accepts connections, and bounds what each may take: places, time, memory, and what counts as a request.
//!
//! axum's own server has none of these limits. hyper stays below: it is given what [`guarded`] lets through.

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
    fault::NO_PLACE,
    framing::LARGEST_HEAD,
    guarded_stream::Guarded,
    service::Requests,
    slots::{Most, Places},
    state::Link,
};
use crate::hub::Hub;

/// How much hyper reads ahead of a connection at most, in bytes: a head fits in.
const BUFFER: usize = LARGEST_HEAD + 8 * 1024;
/// How long nothing is accepted after that failed, as it does without descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// How many at once are told that there is no place, and how long that may take; more are turned away without a word.
const REFUSALS: usize = 64;
const REFUSAL: Duration = Duration::from_secs(1);
/// How long bodies may still take when the server is told to stop: nothing was done for them yet.
const LAST_BODIES: Duration = Duration::from_secs(5);

/// Serves until `stop` resolves; then finishes what is under way, within the configured time.
pub async fn serve(listener: TcpListener, router: Router, hub: Hub, stop: impl Future<Output = ()>) {
    let server = Server {
        router,
        hub,
        descriptors: descriptors::raise(),
        places: Places::default(),
        refusals: Arc::new(Semaphore::new(REFUSALS)),
        tasks: TaskTracker::new(),
    };
    tokio::select! {
        () = server.accept(&listener) => {}
        () = stop => {}
    }
    // So that another server can take its place at once.
    drop(listener);
    server.stop().await;
}

struct Server {
    router: Router,
    hub: Hub,
    /// How many there may be.
    descriptors: Option<u64>,
    places: Places,
    /// For those who find no place.
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
                // It has gone before it was looked at.
                Err(error) if is_about_one(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "connections can't be accepted");
                    }
                    self.places.make_room();
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn begin(&self, socket: TcpStream, peer: SocketAddr) {
        // Otherwise a piece of a stream waits up to 40 ms for the client's system to acknowledge the one before.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection may be slower than it could be");
        }
        let config = self.hub.config();
        let is_proxy = config.proxies().trust(peer.ip());
        let mut limits = config.connections;
        if is_proxy {
            // A proxy that closes first never sends a request into a connection that is being closed: many wait a minute.
            limits.idle_timeout *= 2;
        }
        let link = Arc::new(Link::new(limits));
        let Some(place) = self.places.enter(peer.ip(), &link, self.most(&link, peer, is_proxy)) else {
            self.refuse(socket);
            return;
        };
        let requests = Requests::new(self.router.clone(), Arc::clone(&link), peer);
        let connection = http1::Builder::new()
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(Guarded::new(socket, Arc::clone(&link), place)), requests)
            .with_upgrades();
        self.tasks.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let mut leaving = false;
            loop {
                tokio::select! {
                    biased;
                    ended = connection.as_mut() => {
                        if let Err(error) = ended {
                            tracing::trace!(%error, "a connection broke");
                        }
                        return;
                    }
                    () = link.leave.cancelled(), if !leaving => {}
                    () = link.cut.cancelled() => return,
                }
                leaving = true;
                connection.as_mut().graceful_shutdown();
            }
        });
    }

    /// Tells a client that there is no place. What it sends is read for a moment, as far as there is time for that:
    /// otherwise its system throws the answer away.
    fn refuse(&self, mut socket: TcpStream) {
        let Ok(turn) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        self.tasks.spawn(async move {
            let _turn = turn;
            let _ = timeout(REFUSAL, async {
                socket.write_all(NO_PLACE).await?;
                socket.shutdown().await?;
                drain(&mut socket, LARGEST_HEAD).await;
                io::Result::Ok(())
            })
            .await;
        });
    }

    fn most(&self, link: &Link, peer: SocketAddr, is_proxy: bool) -> Most {
        let in_all = descriptors::connections(link.limits.most, self.descriptors);
        let of_one = if services::address_limits::Network::of(Some(peer.ip())).is_one_of_many() {
            // It may be a proxy that nobody told us of.
            in_all - in_all / 4
        } else {
            link.limits.most_by_address.min(in_all / 2)
        };
        Most { in_all, from_there: (!is_proxy).then_some(of_one) }
    }

    async fn stop(&self) {
        let now = Instant::now();
        let links = self.places.all();
        let deadline = now + self.hub.config().connections.stop_timeout;
        for link in &links {
            link.expect_bodies_until(deadline.min(now + LAST_BODIES));
            link.leave.cancel();
        }
        self.tasks.close();
        if timeout_at(deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "what isn't finished in time is broken off");
            links.iter().for_each(|link| link.cut.cancel());
            self.tasks.wait().await;
        }
    }
}

/// Reads what comes, to its end or so much of it.
async fn drain(socket: &mut TcpStream, most: usize) {
    let mut piece = [0; 1024];
    let mut left = most;
    while let Ok(read @ 1..) = socket.read(&mut piece).await {
        left = left.saturating_sub(read);
        if left == 0 {
            return;
        }
    }
}

/// Whether an error is about the connection that was to be accepted, and not about the next as well.
fn is_about_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
