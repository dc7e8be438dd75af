//! Who answers calls: one seam, behind which all of them look the same to
//! metering and to the client.

mod openai;
mod sandbox;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::http::{HeaderMap, Response};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

pub(super) use openai::Client;
use openai::OpenAi;
use sandbox::Sandbox;

use super::endpoint::Endpoint;
use crate::config::{ConfigError, ProviderConfig, ProviderKind};

/// What a provider is asked.
#[derive(Debug)]
pub(super) struct ProviderRequest {
    pub(super) endpoint: Endpoint,
    /// The client's headers that go on; none of them carries a credential.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl ProviderRequest {
    /// The same once more, for the case that another provider must be asked.
    pub(super) fn again(&self) -> Self {
        Self { endpoint: self.endpoint, headers: self.headers.clone(), body: self.body.clone() }
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
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    OpenAi(Box<OpenAi>),
    Sandbox(Sandbox),
}

impl Provider {
    pub(super) fn new(config: &ProviderConfig, client: &Client) -> Result<Self, ConfigError> {
        let kind = match &config.kind {
            ProviderKind::OpenAi { base_url, api_key } => {
                Kind::OpenAi(Box::new(OpenAi::new(client.clone(), &config.name, base_url, api_key.as_ref())?))
            }
            ProviderKind::Sandbox => Kind::Sandbox(Sandbox),
        };
        Ok(Self { name: Arc::clone(&config.name), kind })
    }

    /// Asks, and returns when the answer's headers are there.
    pub(super) async fn ask(&self, request: ProviderRequest) -> Result<Response<ProviderBody>, ProviderError> {
        match &self.kind {
            Kind::OpenAi(openai) => openai.ask(request).await,
            Kind::Sandbox(sandbox) => Ok(sandbox.answer(&request)),
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
            Self::Sandbox(pieces) => Poll::Ready(pieces.next().map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Network(body) => body.size_hint(),
            Self::Sandbox(pieces) => SizeHint::with_exact(pieces.len()),
        }
    }
}
