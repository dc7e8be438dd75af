//! The paths that calls come in by.

use domain::{api_keys::Scope, models::Service};

/// One of the paths that forward a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Endpoint {
    ChatCompletions,
    Embeddings,
}

impl Endpoint {
    pub(super) const ALL: [Self; 2] = [Self::ChatCompletions, Self::Embeddings];

    /// The path here.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// What a provider's base address is followed by.
    pub(super) const fn provider_path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Embeddings => "/embeddings",
        }
    }

    /// The service whose models it calls.
    pub(super) const fn service(self) -> Service {
        match self {
            Self::ChatCompletions => Service::Chat,
            Self::Embeddings => Service::Embeddings,
        }
    }

    /// What a key must have to call it.
    pub(super) const fn scope(self) -> Scope {
        match self {
            Self::ChatCompletions => Scope::Chat,
            Self::Embeddings => Scope::Embeddings,
        }
    }

    /// Whether its answers may be streamed, and then report usage where `stream_options` asks for it.
    pub(super) const fn streams(self) -> bool {
        matches!(self, Self::ChatCompletions)
    }
}
