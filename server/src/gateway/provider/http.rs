//! Providers that speak OpenAI's or Anthropic's API over HTTP.

use std::{fmt, time::Duration};

use axum::http::{
    HeaderName, HeaderValue, Request, Response, Uri,
    header::{ACCEPT_ENCODING, AUTHORIZATION},
};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{ProviderError, ProviderRequest};
use crate::{
    config::{ConfigError, SecretText},
    gateway::payload::PayloadBody,
    v1::dialect::Dialect,
};

/// Time after which an idle connection is closed.
const IDLE_POOL_TIMEOUT: Duration = Duration::from_secs(30);

/// An HTTP client with a connection pool for all providers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ProviderClient(legacy::Client<HttpsConnector<HttpConnector>, PayloadBody>);

impl ProviderClient {
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
            .pool_idle_timeout(IDLE_POOL_TIMEOUT)
            .build(tls);
        Ok(Self(client))
    }
}

/// The API version of Anthropic's own clients, unless the client chooses another one.
const ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");
const ANTHROPIC_VERSION_NAME: HeaderName = HeaderName::from_static("anthropic-version");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A provider reached over HTTP.
pub(super) struct Http {
    client: ProviderClient,
    /// The base URL, without a trailing slash.
    base_url: String,
    pub(super) dialect: Dialect,
    credential: Option<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Http {
    pub(super) fn new(
        client: ProviderClient,
        dialect: Dialect,
        name: &str,
        base_url: &str,
        api_key: Option<&SecretText>,
    ) -> Result<Self, ConfigError> {
        let invalid = |key: &str| ConfigError::Setting {
            name: "provider",
            advice: format!("{name:?}: {key} can't be sent over HTTP; correct it."),
        };
        base_url.parse::<Uri>().map_err(|_| invalid("its base_url"))?;
        let credential = api_key.map(|key| {
            let (header, value) = match dialect {
                Dialect::OpenAi => (AUTHORIZATION, format!("Bearer {}", key.reveal())),
                Dialect::Anthropic => (API_KEY, key.reveal().to_owned()),
            };
            let mut value = HeaderValue::try_from(value).map_err(|_| invalid("its key"))?;
            value.set_sensitive(true);
            Ok((header, value))
        });
        Ok(Self { client, base_url: base_url.to_owned(), dialect, credential: credential.transpose()? })
    }

    pub(super) async fn send(&self, request: ProviderRequest) -> Result<Response<Incoming>, ProviderError> {
        let uri = Uri::try_from(format!("{}{}", self.base_url, request.path))
            .map_err(|_| ProviderError::Unreached { timed_out: false })?;
        let mut http_request = Request::new(request.body.send());
        *http_request.method_mut() = request.endpoint.verb.method();
        *http_request.uri_mut() = uri;
        *http_request.headers_mut() = request.headers;
        let headers = http_request.headers_mut();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if self.dialect == Dialect::Anthropic && !headers.contains_key(ANTHROPIC_VERSION_NAME) {
            headers.insert(ANTHROPIC_VERSION_NAME, ANTHROPIC_VERSION);
        }
        if let Some((name, value)) = &self.credential {
            headers.insert(name.clone(), value.clone());
        }
        match self.client.0.request(http_request).await {
            Ok(response) => Ok(response),
            Err(error) if error.is_connect() => Err(ProviderError::Unreached { timed_out: timed_out(&error) }),
            Err(_) => Err(ProviderError::Broken),
        }
    }
}

/// Whether the cause of `error` is a connection timeout.
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
