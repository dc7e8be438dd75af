//! The client: it sends a request and reads its response within the limits.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{client::legacy, rt::TokioExecutor};
use rustls::{ClientConfig, crypto::ring};
use tokio::time::timeout;

use crate::{
    checked_url::CheckedUrl,
    connector::CheckedConnector,
    dialer::SystemDialer,
    error::OutgoingError,
    limits::{DEFAULT_TIMEOUT, MAX_ANSWER_BYTES, MAX_HEADER_BYTES},
    messages::{OutgoingRequest, OutgoingResponse},
    policy::OutgoingPolicy,
};

/// The client for requests to URLs that users supply. Cheap to clone.
#[derive(Clone)]
pub struct OutgoingClient {
    policy: Arc<OutgoingPolicy>,
    http: legacy::Client<HttpsConnector<CheckedConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl OutgoingClient {
    /// Builds a client that trusts Mozilla's root certificates.
    ///
    /// # Errors
    ///
    /// rustls supports no version of TLS with the algorithms of ring.
    pub fn new(policy: OutgoingPolicy) -> Result<Self, rustls::Error> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_webpki_roots()
            .with_no_client_auth();
        let policy = Arc::new(policy);
        let connector = CheckedConnector::new(Arc::clone(&policy), Arc::new(SystemDialer::new()));
        Ok(Self::with_connector(policy, connector, tls))
    }

    pub(crate) fn with_connector(policy: Arc<OutgoingPolicy>, connector: CheckedConnector, tls: ClientConfig) -> Self {
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(connector);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .build(connector);
        Self { policy, http, timeout: DEFAULT_TIMEOUT }
    }

    /// Sets the time for a whole request, instead of [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Checks a URL when a member supplies it: its syntax, scheme and port, and the host if it is an address. Names aren't looked up;
    /// each request does that anew.
    ///
    /// # Errors
    ///
    /// The URL is invalid, or the policy doesn't allow it.
    pub fn check_url(&self, url: &str) -> Result<CheckedUrl, OutgoingError> {
        CheckedUrl::parse(url, &self.policy)
    }

    /// Sends a request and reads the whole response. Any status is a response; redirects aren't followed.
    ///
    /// # Errors
    ///
    /// The URL isn't allowed, its host has an address that isn't, or there is no complete response within the limits.
    pub async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        let uri = self.check_url(&request.url)?.into_uri();
        let exchange = self.exchange(request.into_http(uri));
        timeout(self.timeout, exchange).await.unwrap_or(Err(OutgoingError::Timeout))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<OutgoingResponse, OutgoingError> {
        let response = self.http.request(request).await.map_err(|error| classify(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { OutgoingError::AnswerTooLarge } else { OutgoingError::InvalidAnswer }
        })?;
        Ok(OutgoingResponse { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

impl fmt::Debug for OutgoingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingClient").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Finds the reason why hyper returned no response. Errors of connecting are the connector's own, or those of TLS.
fn classify(error: &legacy::Error) -> OutgoingError {
    let cause = error.source();
    if error.is_connect() {
        let own = cause.and_then(|cause| cause.downcast_ref::<OutgoingError>());
        return own.copied().unwrap_or(OutgoingError::InsecureConnection);
    }
    match cause.and_then(|cause| cause.downcast_ref::<hyper::Error>()) {
        Some(error) if error.is_parse_too_large() => OutgoingError::HeadersTooLarge,
        _ => OutgoingError::InvalidAnswer,
    }
}
