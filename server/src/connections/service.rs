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
    fault::{self, REFUSED_METHOD},
    state::{Answering, Link},
};

pub(super) struct Requests {
    router: TowerToHyperService<Router>,
    link: Arc<Link>,
    peer: SocketAddr,
    /// How many came.
    came: AtomicU64,
}

impl Requests {
    pub(super) fn new(router: Router, link: Arc<Link>, peer: SocketAddr) -> Self {
        Self { router: TowerToHyperService::new(router), link, peer, came: AtomicU64::new(0) }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let number = self.came.fetch_add(1, Ordering::Relaxed) + 1;
        let answering = Answering::new(&self.link);
        if request.method().as_str() == REFUSED_METHOD {
            let answer = fault::answer_to(request.uri().path());
            return Box::pin(std::future::ready(Ok(answer.map(|body| Answer { body, _answering: answering }))));
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let link = Arc::clone(&self.link);
        let answer = self.router.call(request.map(Body::new));
        Box::pin(async move {
            let answer = answer.await?;
            // Whatever was made of half a body, what is wrong with it is the answer.
            let answer = link.fault_of(number).map_or(answer, fault::Fault::answer);
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                link.upgrade();
            }
            Ok(answer.map(|body| Answer { body, _answering: answering }))
        })
    }
}

/// An answer's body, which counts as under way until it was taken to its end.
pub(super) struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
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
