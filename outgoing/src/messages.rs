//! Requests and responses.

use std::fmt;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{
        ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};
use http_body_util::Full;

/// Headers about the connection and the length of the body, which hyper sets itself.
const CONNECTION_HEADERS: [HeaderName; 8] =
    [CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// A request to a URL that a user supplied.
#[derive(Clone)]
pub struct OutgoingRequest {
    pub method: Method,
    /// The URL as typed or stored. It is checked before each request, since the policy may have changed.
    pub url: String,
    /// Headers in addition to those that every request has. Those about the connection, such as `Host`, are dropped.
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl OutgoingRequest {
    /// Builds the request for hyper. Compressed answers aren't accepted, so that none expands beyond the limit.
    pub(crate) fn into_http(self, uri: Uri) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        let headers = request.headers_mut();
        for name in CONNECTION_HEADERS {
            headers.remove(name);
        }
        headers.insert(USER_AGENT, HeaderValue::from_static("Tollhouse"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        request
    }
}

/// Names the method only: URL, headers and body contain secrets.
impl fmt::Debug for OutgoingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A complete response, with any status.
#[derive(Clone, Debug)]
pub struct OutgoingResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as sent: it isn't decompressed.
    pub body: Bytes,
}
