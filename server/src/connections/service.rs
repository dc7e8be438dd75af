//! Answers the requests of one connection.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::ConnectInfo,
    http::{Request, Response, StatusCode},
};
use bytes::Bytes;
use futures::future::BoxFuture;
use hyper::{
    body::{Frame, Incoming, SizeHint},
    service::Service,
};
use hyper_util::service::TowerToHyperService;

use super::{
    fault::{self, FAULT_METHOD},
    state::{ActiveRequest, ConnectionState},
};

/// hyper's service for one connection.
pub(super) struct Requests {
    router: TowerToHyperService<Router>,
    state: Arc<ConnectionState>,
    peer: SocketAddr,
    /// Requests so far.
    arrived: AtomicU64,
}

impl Requests {
    pub(super) fn new(router: Router, state: Arc<ConnectionState>, peer: SocketAddr) -> Self {
        Self { router: TowerToHyperService::new(router), state, peer, arrived: AtomicU64::new(0) }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<ActiveBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let number = self.arrived.fetch_add(1, Ordering::Relaxed) + 1;
        let active = ActiveRequest::new(&self.state);
        if request.method().as_str() == FAULT_METHOD {
            let answer = fault::answer_for_path(request.uri().path());
            return Box::pin(std::future::ready(Ok(answer.map(|body| ActiveBody { body, _active: active }))));
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let state = Arc::clone(&self.state);
        let answer = self.router.call(request.map(Body::new));
        Box::pin(async move {
            let answer = answer.await?;
            // The body's fault replaces any answer that was made from half a body.
            let answer = state.fault_of(number).map_or(answer, fault::ConnectionFault::answer);
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                state.upgrade();
            }
            Ok(answer.map(|body| ActiveBody { body, _active: active }))
        })
    }
}

/// An answer's body. Its request counts as active until the body is read to its end or dropped.
pub(super) struct ActiveBody {
    body: Body,
    _active: ActiveRequest,
}

impl HttpBody for ActiveBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
