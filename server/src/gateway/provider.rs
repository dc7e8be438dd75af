//! Providers, which answer calls. All of them look alike to metering and to the client.
//!
//! Everything between client and provider is filtered here: only listed headers pass, no key of ours goes to
//! a provider, and no secret of the operator to a client.

pub(super) mod account;
mod decoder;
mod http;
mod secret_eraser;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::http::{Extensions, HeaderMap, HeaderValue, Response, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use sandbox::{RequestedBreak, Sandbox, SandboxBody, SandboxDialect, SandboxRequest, SandboxRequestBody};

use self::decoder::{BodyDecoder, DecodedPiece};
use self::secret_eraser::SecretEraser;
pub(super) use self::secret_eraser::Secrets;
use http::Http;
pub(super) use http::ProviderClient;

use super::{breaker::Breaker, endpoint::Endpoint, headers::file_name, payload::Payload};
use crate::{
    config::{ConfigError, ProviderConfig, ProviderKind, ProviderTimeouts, SecretText},
    header_policy::HeaderDirection,
    v1::{dialect::Dialect, own_keys},
};

/// A request to a provider.
#[derive(Debug)]
pub(super) struct ProviderRequest {
    pub(super) endpoint: &'static Endpoint,
    /// The path after the base URL, with the query.
    pub(super) path: String,
    /// The client's headers. Only listed ones are sent.
    pub(super) headers: HeaderMap,
    pub(super) body: Payload,
    /// The body for providers that don't support `stream_options`, if it differs.
    pub(super) without_options: Option<Payload>,
}

impl ProviderRequest {
    /// Copies the request, in case another provider has to be tried.
    pub(super) fn duplicate(&self) -> Self {
        Self {
            endpoint: self.endpoint,
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            without_options: self.without_options.clone(),
        }
    }
}

impl From<ProviderRequest> for SandboxRequest {
    fn from(request: ProviderRequest) -> Self {
        Self {
            method: request.endpoint.verb.method(),
            route: request.endpoint.path,
            path: request.path,
            headers: request.headers,
            dialect: match request.endpoint.dialect {
                Dialect::OpenAi => SandboxDialect::OpenAi,
                Dialect::Anthropic => SandboxDialect::Anthropic,
            },
            body: match request.body {
                Payload::Bytes(bytes) => SandboxRequestBody::Json(bytes),
                form @ Payload::Spooled { .. } => {
                    SandboxRequestBody::Form(form.send().map_err(Into::into).boxed_unsync())
                }
            },
        }
    }
}

/// The reason for no answer.
#[derive(Debug)]
pub(super) enum ProviderError {
    /// The provider wasn't reached: it has seen nothing of the call, so another one may be tried.
    Unreached { timed_out: bool },
    /// The connection failed later: whether the provider did its work isn't known.
    Broken,
}

/// A configured provider.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: Arc<str>,
    pub(super) timeouts: ProviderTimeouts,
    pub(super) breaker: Breaker,
    /// Request headers that are sent to this provider in addition to the listed ones.
    request_headers: Vec<String>,
    /// Answer headers that are passed on in addition to the listed ones.
    answer_headers: Vec<String>,
    /// Whether the provider supports `stream_options`.
    pub(super) supports_stream_options: bool,
    backend: ProviderBackend,
}

/// Values from an answer's headers that clients don't get as they were sent.
#[derive(Clone, Debug, Default)]
pub(super) struct AnswerHeaders {
    /// Length of the body in bytes, if declared.
    pub(super) length: Option<u64>,
    /// Whether the body has a compression that isn't supported here, although none was requested:
    /// then it can't be read.
    pub(super) is_encoded: bool,
    /// The body's file name.
    pub(super) file_name: Option<String>,
    /// The provider's names of the operator's organization and project.
    pub(super) account: Vec<String>,
}

impl AnswerHeaders {
    fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let account_headers = ["openai-organization", "openai-project", "anthropic-organization-id"];
        Self {
            length: text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()),
            is_encoded: headers.get_all(header::CONTENT_ENCODING).iter().any(is_encoded),
            file_name: file_name(headers),
            account: account_headers.into_iter().filter_map(|name| text(name).map(str::to_owned)).collect(),
        }
    }

    /// Returns the values stored in a response's extensions.
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }
}

fn is_encoded(encoding: &HeaderValue) -> bool {
    let encoding = encoding.as_bytes().trim_ascii();
    !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity")
}

#[derive(Debug)]
enum ProviderBackend {
    Http(Box<Http>),
    Sandbox(Sandbox),
}

impl Provider {
    pub(super) fn new(config: &ProviderConfig, client: &ProviderClient) -> Result<Self, ConfigError> {
        let http = |dialect, base_url: &str, api_key: &Option<SecretText>| {
            let http = Http::new(client.clone(), dialect, &config.name, base_url, api_key.as_ref())?;
            Ok::<_, ConfigError>(ProviderBackend::Http(Box::new(http)))
        };
        let backend = match &config.kind {
            ProviderKind::OpenAi { base_url, api_key } => http(Dialect::OpenAi, base_url, api_key)?,
            ProviderKind::Anthropic { base_url, api_key } => http(Dialect::Anthropic, base_url, api_key)?,
            ProviderKind::Sandbox => ProviderBackend::Sandbox(Sandbox::default()),
        };
        let mut request_headers = config.request_headers.clone();
        if matches!(backend, ProviderBackend::Sandbox(_)) {
            request_headers.push(sandbox::BEHAVIOUR_HEADERS.to_owned());
        }
        Ok(Self {
            name: Arc::clone(&config.name),
            timeouts: config.timeouts,
            breaker: Breaker::default(),
            request_headers,
            answer_headers: config.answer_headers.clone(),
            supports_stream_options: config.stream_options,
            backend,
        })
    }

    /// Sends a request, and returns once the answer's headers have arrived; `secrets` are erased from it.
    pub(super) async fn send(
        &self,
        mut request: ProviderRequest,
        secrets: &Secrets,
    ) -> Result<Response<ProviderBody>, ProviderError> {
        let allowed = HeaderDirection::Request.filter(&request.headers, &self.request_headers);
        request.headers = without_secrets(allowed, own_keys::contains_key);
        let without_options = request.without_options.take().filter(|_| !self.supports_stream_options);
        request.body = without_options.unwrap_or(request.body).without_own_keys();
        let answer = match &self.backend {
            ProviderBackend::Http(http) => {
                let mut answer = http.send(request).await?;
                let decoder = BodyDecoder::of(answer.headers_mut());
                answer.map(|body| ProviderBody::network(body, decoder, secrets))
            }
            ProviderBackend::Sandbox(sandbox) => {
                let answer = Box::pin(sandbox.answer(request.into())).await;
                answer.map_err(|RequestedBreak| ProviderError::Broken)?.map(ProviderBody::Sandbox)
            }
        };
        let (mut parts, body) = answer.into_parts();
        let answer_headers = AnswerHeaders::read(&parts.headers);
        let allowed = HeaderDirection::Answer.filter(&parts.headers, &self.answer_headers);
        parts.headers = without_secrets(allowed, |value| secrets.has_match(value));
        parts.extensions = Extensions::new();
        parts.extensions.insert(answer_headers);
        Ok(Response::from_parts(parts, body))
    }

    /// Whether the provider supports calls of this dialect; the sandbox supports all.
    pub(super) fn supports(&self, dialect: Dialect) -> bool {
        match &self.backend {
            ProviderBackend::Http(http) => http.dialect == dialect,
            ProviderBackend::Sandbox(_) => true,
        }
    }
}

/// Drops headers that quote a secret: their remaining text isn't worth the risk.
fn without_secrets(headers: HeaderMap, is_secret_in: impl Fn(&[u8]) -> bool) -> HeaderMap {
    if !headers.values().any(|value| is_secret_in(value.as_bytes())) {
        return headers;
    }
    let allowed = headers.iter().filter(|(_, value)| !is_secret_in(value.as_bytes()));
    allowed.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The body of a provider's answer.
#[derive(Debug)]
pub(super) enum ProviderBody {
    Network { body: Incoming, decoder: Option<Box<BodyDecoder>>, eraser: SecretEraser, is_over: bool },
    Sandbox(SandboxBody),
}

impl ProviderBody {
    fn network(body: Incoming, decoder: Option<BodyDecoder>, secrets: &Secrets) -> Self {
        Self::Network {
            body,
            decoder: decoder.map(Box::new),
            eraser: SecretEraser::new(secrets.clone()),
            is_over: false,
        }
    }
}

/// The error of a connection that broke before the answer's end.
#[derive(Debug, thiserror::Error)]
#[error("the provider's answer broke off")]
pub(crate) struct AnswerBroken;

impl Body for ProviderBody {
    type Data = Bytes;
    type Error = AnswerBroken;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerBroken>>> {
        match self.get_mut() {
            Self::Network { body, decoder, eraser, is_over } => loop {
                if *is_over {
                    return Poll::Ready(None);
                }
                let next = match decoder {
                    Some(decoder) => ready!(poll_decoded(body, decoder, context)),
                    None => ready!(poll_data(body, context)),
                };
                let erased = match next {
                    None => {
                        *is_over = true;
                        eraser.finish()
                    }
                    Some(Err(AnswerBroken)) => return Poll::Ready(Some(Err(AnswerBroken))),
                    Some(Ok(data)) => eraser.push(data),
                };
                if !erased.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(erased))));
                }
            },
            Self::Sandbox(body) => Pin::new(body).poll_frame(context).map_err(|RequestedBreak| AnswerBroken),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            // The decoded length isn't known.
            Self::Network { decoder: Some(_), .. } => SizeHint::default(),
            // Erasing keeps the length.
            Self::Network { body, eraser, .. } => {
                let (mut hint, held_bytes) = (body.size_hint(), eraser.held_bytes() as u64);
                if let Some(upper) = hint.upper() {
                    hint.set_upper(upper.saturating_add(held_bytes));
                }
                hint.set_lower(hint.lower().saturating_add(held_bytes));
                hint
            }
            Self::Sandbox(body) => body.size_hint(),
        }
    }
}

/// Polls for the next data from the network. Trailers are dropped.
fn poll_data(body: &mut Incoming, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, AnswerBroken>>> {
    let frame = ready!(Pin::new(body).poll_frame(context));
    Poll::Ready(frame.map(|frame| match frame {
        Ok(frame) => Ok(frame.into_data().unwrap_or_default()),
        Err(_) => Err(AnswerBroken),
    }))
}

/// Polls for the next data of a compressed body.
fn poll_decoded(
    body: &mut Incoming,
    decoder: &mut BodyDecoder,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, AnswerBroken>>> {
    loop {
        match decoder.next() {
            Ok(DecodedPiece::Data(data)) => return Poll::Ready(Some(Ok(data))),
            Ok(DecodedPiece::End) => return Poll::Ready(None),
            Ok(DecodedPiece::More) => match ready!(poll_data(body, context)) {
                Some(Ok(data)) => decoder.feed(data),
                Some(Err(AnswerBroken)) => return Poll::Ready(Some(Err(AnswerBroken))),
                None => decoder.end(),
            },
            Err(error) => {
                tracing::warn!(%error, "a provider's answer can't be decoded");
                return Poll::Ready(Some(Err(AnswerBroken)));
            }
        }
    }
}
