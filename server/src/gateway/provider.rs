//! Who answers calls: one seam, behind which all of them look the same to
//! metering and to the client.
//!
//! Whatever passes between client and provider passes here: of headers those that are listed, of a request no key of
//! ours, of an answer none of the operator's secrets.

pub(super) mod account;
mod decoder;
mod http;
mod sandbox;
mod secret_eraser;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::http::{Extensions, HeaderMap, HeaderValue, Response, header};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use self::decoder::{Decoded, Decoding};
use self::secret_eraser::Erasing;
pub(super) use self::secret_eraser::Secrets;
pub(super) use http::Client;
use http::Http;
use sandbox::Sandbox;

use super::{
    breaker::Breaker,
    endpoint::{Dialect, Endpoint},
    headers::{Way, file_name},
    payload::Payload,
};
use crate::config::{ConfigError, ProviderConfig, ProviderKind, ProviderTimeouts, SecretText};
use crate::v1::own_keys;

/// What a provider is asked.
#[derive(Debug)]
pub(super) struct ProviderRequest {
    pub(super) endpoint: &'static Endpoint,
    /// What the base address is followed by, with the query.
    pub(super) path: String,
    /// The client's, of which the provider sees those that are listed.
    pub(super) headers: HeaderMap,
    pub(super) body: Payload,
    /// What providers are sent instead that don't know `stream_options`, where that is something else.
    pub(super) without_options: Option<Payload>,
}

impl ProviderRequest {
    /// The same once more, for the case that another provider must be asked.
    pub(super) fn again(&self) -> Self {
        Self {
            endpoint: self.endpoint,
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            without_options: self.without_options.clone(),
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
    /// Headers that pass for this provider beside the listed ones.
    request_headers: Vec<String>,
    answer_headers: Vec<String>,
    /// Whether it knows `stream_options`.
    pub(super) takes_stream_options: bool,
    kind: Kind,
}

/// What was read from the headers of an answer, of which no client sees it as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The length of its body, in bytes, where it was said.
    pub(super) length: Option<u64>,
    /// Whether the body is compressed in a way that isn't known here, though nobody asked for that: then nothing in it can be
    /// read.
    pub(super) encoded: bool,
    /// What the body is called as a file.
    pub(super) file_name: Option<String>,
    /// What the provider calls the operator's organization and project.
    pub(super) account: Vec<String>,
}

impl Told {
    fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let account = ["openai-organization", "openai-project", "anthropic-organization-id"];
        Self {
            length: text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()),
            encoded: headers.get_all(header::CONTENT_ENCODING).iter().any(is_encoded),
            file_name: file_name(headers),
            account: account.into_iter().filter_map(|name| text(name).map(str::to_owned)).collect(),
        }
    }

    /// What was read from the answer that these are the extensions of.
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }
}

fn is_encoded(encoding: &HeaderValue) -> bool {
    let encoding = encoding.as_bytes().trim_ascii();
    !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity")
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
        let mut request_headers = config.request_headers.clone();
        if matches!(kind, Kind::Sandbox(_)) {
            request_headers.push(sandbox::OWN_HEADERS.to_owned());
        }
        Ok(Self {
            name: Arc::clone(&config.name),
            timeouts: config.timeouts,
            breaker: Breaker::default(),
            request_headers,
            answer_headers: config.answer_headers.clone(),
            takes_stream_options: config.stream_options,
            kind,
        })
    }

    /// Asks, and returns when the answer's headers are there; `secrets` are taken out of it.
    pub(super) async fn ask(
        &self,
        mut request: ProviderRequest,
        secrets: &Secrets,
    ) -> Result<Response<ProviderBody>, ProviderError> {
        let passing = Way::Request.passing(&request.headers, &self.request_headers);
        request.headers = without(passing, own_keys::are_in);
        let other = request.without_options.take().filter(|_| !self.takes_stream_options);
        request.body = other.unwrap_or(request.body).without_own_keys();
        let answer = match &self.kind {
            Kind::Http(http) => {
                let mut answer = http.ask(request).await?;
                let decoding = Decoding::of(answer.headers_mut());
                answer.map(|body| ProviderBody::network(body, decoding, secrets))
            }
            Kind::Sandbox(sandbox) => Box::pin(sandbox.answer(request)).await?,
        };
        let (mut parts, body) = answer.into_parts();
        let told = Told::read(&parts.headers);
        let passing = Way::Answer.passing(&parts.headers, &self.answer_headers);
        parts.headers = without(passing, |value| secrets.are_in(value));
        parts.extensions = Extensions::new();
        parts.extensions.insert(told);
        Ok(Response::from_parts(parts, body))
    }

    /// Whether it understands calls of this kind: the sandbox understands all.
    pub(super) fn speaks(&self, dialect: Dialect) -> bool {
        match &self.kind {
            Kind::Http(http) => http.dialect == dialect,
            Kind::Sandbox(_) => true,
        }
    }
}

/// Leaves out values that quote a secret: they say nothing that is worth the rest of them.
fn without(headers: HeaderMap, is_secret_in: impl Fn(&[u8]) -> bool) -> HeaderMap {
    if !headers.values().any(|value| is_secret_in(value.as_bytes())) {
        return headers;
    }
    let harmless = headers.iter().filter(|(_, value)| !is_secret_in(value.as_bytes()));
    harmless.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The body of a provider's answer.
#[derive(Debug)]
pub(super) enum ProviderBody {
    Network { body: Incoming, decoding: Option<Box<Decoding>>, erasing: Erasing, over: bool },
    Sandbox(sandbox::Pieces),
}

impl ProviderBody {
    fn network(body: Incoming, decoding: Option<Decoding>, secrets: &Secrets) -> Self {
        Self::Network { body, decoding: decoding.map(Box::new), erasing: Erasing::new(secrets.clone()), over: false }
    }
}

/// The connection broke before the answer's end.
#[derive(Debug, thiserror::Error)]
#[error("the provider's answer broke off")]
pub(crate) struct BrokenOff;

impl Body for ProviderBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Network { body, decoding, erasing, over } => loop {
                if *over {
                    return Poll::Ready(None);
                }
                let next = match decoding {
                    Some(decoding) => ready!(poll_decoded(body, decoding, context)),
                    None => ready!(poll_data(body, context)),
                };
                let passed = match next {
                    None => {
                        *over = true;
                        erasing.finish()
                    }
                    Some(Err(BrokenOff)) => return Poll::Ready(Some(Err(BrokenOff))),
                    Some(Ok(data)) => erasing.push(data),
                };
                if !passed.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(passed))));
                }
            },
            Self::Sandbox(pieces) => pieces.poll_next(context).map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            // How much comes of it isn't known.
            Self::Network { decoding: Some(_), .. } => SizeHint::default(),
            // What is erased keeps its length.
            Self::Network { body, erasing, .. } => {
                let (mut hint, held) = (body.size_hint(), erasing.holds() as u64);
                if let Some(upper) = hint.upper() {
                    hint.set_upper(upper.saturating_add(held));
                }
                hint.set_lower(hint.lower().saturating_add(held));
                hint
            }
            Self::Sandbox(pieces) => pieces.size_hint(),
        }
    }
}

/// What comes next over the network. Trailers end here.
fn poll_data(body: &mut Incoming, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
    let frame = ready!(Pin::new(body).poll_frame(context));
    Poll::Ready(frame.map(|frame| match frame {
        Ok(frame) => Ok(frame.into_data().unwrap_or_default()),
        Err(_) => Err(BrokenOff),
    }))
}

/// What comes next of a body that is decoded.
fn poll_decoded(
    body: &mut Incoming,
    decoding: &mut Decoding,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, BrokenOff>>> {
    loop {
        match decoding.next() {
            Ok(Decoded::Data(data)) => return Poll::Ready(Some(Ok(data))),
            Ok(Decoded::End) => return Poll::Ready(None),
            Ok(Decoded::More) => match ready!(poll_data(body, context)) {
                Some(Ok(data)) => decoding.feed(data),
                Some(Err(BrokenOff)) => return Poll::Ready(Some(Err(BrokenOff))),
                None => decoding.end(),
            },
            Err(error) => {
                tracing::warn!(%error, "a provider's answer can't be decoded");
                return Poll::Ready(Some(Err(BrokenOff)));
            }
        }
    }
}
