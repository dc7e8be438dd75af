//! A provider on loopback that a test controls, and that records its requests.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method},
    response::Response,
};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// A request that a provider received.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamRequest {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl UpstreamRequest {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Behaviour = Arc<dyn Fn(UpstreamRequest) -> BoxFuture<'static, Response> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<UpstreamRequest>>>,
}

impl Upstream {
    pub(crate) async fn new<F: Future<Output = Response> + Send + 'static>(
        behaviour: impl Fn(UpstreamRequest) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let behaviour: Behaviour = Arc::new(move |received| behaviour(received).boxed());
        let router = Router::new().fallback(answer).with_state((upstream.clone(), behaviour));
        tokio::spawn(async move { axum::serve(listener, router).await });
        upstream
    }

    /// Starts a provider that gives one answer to every request.
    pub(crate) async fn answering(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Self {
        let (headers, body) = (headers.to_vec(), Bytes::copy_from_slice(body.as_bytes()));
        Self::new(move |_| {
            let mut response = Response::builder().status(status);
            for (name, value) in &headers {
                response = response.header(*name, *value);
            }
            let response = response.body(Body::from(body.clone())).unwrap();
            async { response }
        })
        .await
    }

    /// Starts a provider that answers one call with an event stream, written piece by piece by the
    /// test; an error breaks it off.
    pub(crate) async fn streaming() -> (Self, mpsc::Sender<std::io::Result<Bytes>>) {
        let (pieces, stream) = mpsc::channel(100);
        let stream = Arc::new(Mutex::new(Some(stream)));
        let upstream = Self::new(move |_| {
            let stream = stream.lock().unwrap().take().unwrap();
            let body = Body::from_stream(ReceiverStream::new(stream));
            async { Response::builder().header("content-type", "text/event-stream").body(body).unwrap() }
        });
        (upstream.await, pieces)
    }

    /// Starts a provider that accepts calls and never answers.
    pub(crate) async fn hanging() -> Self {
        Self::new(|_| futures::future::pending()).await
    }

    /// Starts a provider that reads a few bytes and closes the connection.
    pub(crate) async fn hanging_up() -> Self {
        use tokio::io::AsyncReadExt;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self { address: listener.local_addr().unwrap(), requests: Arc::default() };
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let _ = connection.read(&mut [0; 16]).await;
            }
        });
        upstream
    }

    /// A provider at an address where nothing listens.
    pub(crate) async fn down() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { address: listener.local_addr().unwrap(), requests: Arc::default() }
    }

    pub(crate) fn requests(&self) -> Vec<UpstreamRequest> {
        self.requests.lock().unwrap().clone()
    }
}

async fn answer(State((upstream, behaviour)): State<(Upstream, Behaviour)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let received = UpstreamRequest {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body,
    };
    upstream.requests.lock().unwrap().push(received.clone());
    behaviour(received).await
}
