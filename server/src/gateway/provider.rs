//! Who answers calls: one seam, behind which all of them look the same to
//! metering and to the client.

mod http;
mod sandbox;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::http::{HeaderMap, Response};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

pub(super) use http::Client;
use http::Http;
use sandbox::Sandbox;

use super::{
    endpoint::{Dialect, Endpoint},
    payload::Payload,
    routing::breaker::Breaker,
};
use crate::config::{ConfigError, ProviderConfig, ProviderKind, ProviderTimeouts, SecretText};

/// What a provider is asked.
#[derive(Debug)]
pub(super) struct ProviderRequest {
    pub(super) endpoint: &'static Endpoint,
    /// What the base address is followed by, with the query.
    pub(super) path: String,
    /// The client's headers that go on; none of them carries a credential.
    pub(super) headers: HeaderMap,
    pub(super) body: Payload,
}

impl ProviderRequest {
    /// The same once more, for the case that another provider must be asked.
    pub(super) fn again(&self) -> Self {
        Self {
            endpoint: self.endpoint,
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }
}

/// Why there is no answer at all.
#[derive(Debug)]
pub(super) enum ProviderError {
    /// It wasn't reached: it has seen nothing of the call, so another may be asked.
    Unreached { timed_out: bool },
    /// It was reached, and then the connection failed: whether it did its work isn't known.
    Broken,
}

/// A configured provider.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: Arc<str>,
    pub(super) timeouts: ProviderTimeouts,
    pub(super) breaker: Breaker,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Http(Box<Http>),
    Sandbox(Sandbox),
}

impl Provider {
    pub(super) fn new(config: &ProviderConfig, client: &Client) -> Result<Self, ConfigError> {
        let http = |dialect, base_url: &str, api_key: &Option<SecretText>| {
            let http = Http::new(client.clone(), dialect, &config.name, base_url, api_key.as_ref())?;
            Ok::<_, ConfigError>(Kind::Http(Box::new(http)))
        };
        let kind = match &config.kind {
            ProviderKind::OpenAi { base_url, api_key } => http(Dialect::OpenAi, base_url, api_key)?,
            ProviderKind::Anthropic { base_url, api_key } => http(Dialect::Anthropic, base_url, api_key)?,
            ProviderKind::Sandbox => Kind::Sandbox(Sandbox::default()),
        };
        let (name, timeouts) = (Arc::clone(&config.name), config.timeouts);
        Ok(Self { name, timeouts, breaker: Breaker::default(), kind })
    }

    /// Asks, and returns when the answer's headers are there.
    pub(super) async fn ask(&self, request: ProviderRequest) -> Result<Response<ProviderBody>, ProviderError> {
        match &self.kind {
            Kind::Http(http) => http.ask(request).await,
            Kind::Sandbox(sandbox) => Box::pin(sandbox.answer(request)).await,
        }
    }

    /// Whether it understands calls of this kind: the sandbox understands all.
    pub(super) fn speaks(&self, dialect: Dialect) -> bool {
        match &self.kind {
            Kind::Http(http) => http.dialect == dialect,
            Kind::Sandbox(_) => true,
        }
    }
}

/// The body of a provider's answer.
#[derive(Debug)]
pub(super) enum ProviderBody {
    Network(Incoming),
    Sandbox(sandbox::Pieces),
}

/// The connection broke before the answer's end.
#[derive(Debug, thiserror::Error)]
#[error("the provider's answer broke off")]
pub(super) struct BrokenOff;

impl Body for ProviderBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Network(body) => Pin::new(body).poll_frame(context).map_err(|_| BrokenOff),
            Self::Sandbox(pieces) => pieces.poll_next(context).map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Network(body) => body.size_hint(),
            Self::Sandbox(pieces) => pieces.size_hint(),
        }
    }
}
