//! Providers that speak OpenAI's API over HTTP.

use std::{fmt, time::Duration};

use axum::http::{
    HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT_ENCODING, AUTHORIZATION},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{Endpoint, ProviderBody, ProviderError, ProviderRequest};
use crate::config::{ConfigError, SecretText};

/// How long a connection is kept for the next call.
const KEPT_IDLE: Duration = Duration::from_secs(30);

/// Keeps connections to all providers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Client {
    pub(crate) fn new(connect_timeout: Duration) -> Result<Self, ConfigError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let crypto = rustls::crypto::ring::default_provider();
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(crypto)
            .map_err(|error| ConfigError::Setting { name: "TLS", advice: error.to_string() })?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_IDLE)
            .build(tls);
        Ok(Self(client))
    }
}

/// One of them.
pub(super) struct OpenAi {
    client: Client,
    chat_completions: Uri,
    embeddings: Uri,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("chat_completions", &self.chat_completions).finish_non_exhaustive()
    }
}

impl OpenAi {
    pub(super) fn new(
        client: Client,
        name: &str,
        base_url: &str,
        api_key: Option<&SecretText>,
    ) -> Result<Self, ConfigError> {
        let wrong = |key: &str| ConfigError::Setting {
            name: "provider",
            advice: format!("{name:?}: {key} can't be sent over HTTP; correct it."),
        };
        let uri = |endpoint: Endpoint| {
            format!("{base_url}{}", endpoint.provider_path()).parse().map_err(|_| wrong("its base_url"))
        };
        let authorization = api_key.map(|key| {
            let mut value = HeaderValue::try_from(format!("Bearer {}", key.reveal())).map_err(|_| wrong("its key"))?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Self {
            client,
            chat_completions: uri(Endpoint::ChatCompletions)?,
            embeddings: uri(Endpoint::Embeddings)?,
            authorization: authorization.transpose()?,
        })
    }

    pub(super) async fn ask(&self, request: ProviderRequest) -> Result<Response<ProviderBody>, ProviderError> {
        let uri = match request.endpoint {
            Endpoint::ChatCompletions => &self.chat_completions,
            Endpoint::Embeddings => &self.embeddings,
        };
        let mut asked = Request::new(Full::new(request.body));
        *asked.method_mut() = Method::POST;
        *asked.uri_mut() = uri.clone();
        *asked.headers_mut() = request.headers;
        asked.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = &self.authorization {
            asked.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        match self.client.0.request(asked).await {
            Ok(response) => Ok(response.map(ProviderBody::Network)),
            Err(error) if error.is_connect() => Err(ProviderError::Unreached { timed_out: timed_out(&error) }),
            Err(_) => Err(ProviderError::Broken),
        }
    }
}

/// Whether `error` comes down to a connection that took too long.
fn timed_out(error: &legacy::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}
