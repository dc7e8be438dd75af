//! `GET /openapi.json`: the OpenAPI document of the APIs below `/v1`, except the gateway.
//!
//! Handlers carry their operation, and types of requests and responses their schema. A test compares the document
//! with the router.

mod errors;
mod references;

use std::{fmt::Write, sync::LazyLock};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::{
    OpenApi,
    openapi::{
        self, ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    checks::ChecksDocument,
    events::{self, EventsDocument},
    management::ManagementDocument,
};

pub(crate) const PATH: &str = "/openapi.json";

const DESCRIPTION: &str = "\
Keys, usage and costs for programs, checks of keys for other gateways, usage events, and reports of leaked keys. Paths \
below `/v1/organization` follow OpenAI's administration API.

The gateway's own paths, such as `/v1/chat/completions`, aren't part of this document: they are described by OpenAI and \
Anthropic.

Errors have OpenAI's form. Every response has the header `x-request-id`. Programs should ignore fields that they don't \
know.";

/// The document, built at its first use.
struct Document {
    json: Bytes,
    /// Changes with the document.
    etag: HeaderValue,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let json = build().to_string();
    let hash = Sha256::digest(json.as_bytes());
    let hex = hash.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    // Weak, since the response may be compressed.
    let etag = HeaderValue::try_from(format!("W/\"{hex}\"")).unwrap_or(HeaderValue::from_static("W/\"\""));
    Document { json: json.into(), etag }
});

/// The document as JSON.
pub fn json() -> &'static [u8] {
    &DOCUMENT.json
}

/// Answers with the document, or with 304 if the client has it already.
pub(crate) async fn show(request: HeaderMap) -> Response {
    let Document { json, etag } = &*DOCUMENT;
    let headers = [(ETAG, etag.clone()), (CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if is_known(&request, etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let json_type = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (headers, json_type, Body::from(json.clone())).into_response()
}

/// Whether the client has the document with this tag (RFC 9110, section 13.1.2).
fn is_known(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let tags = request.get_all(IF_NONE_MATCH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tags.map(<[u8]>::trim_ascii).any(|tag| tag == b"*" || tag == etag.as_bytes())
}

fn build() -> Value {
    let mut document = OpenApiBuilder::new().info(info()).components(Some(security_schemes())).build();
    for area in [ManagementDocument::openapi(), ChecksDocument::openapi(), EventsDocument::openapi()] {
        document.merge(area);
    }
    errors::add_responses(&mut document);
    let mut json = serde_json::to_value(&document).unwrap_or_default();
    references::replace_copies(&mut json);
    // utoipa's types have no room for all that a JSON schema may say.
    if let Some(schemas) = json.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(events::schemas());
    }
    json
}

fn info() -> openapi::Info {
    InfoBuilder::new()
        .title("Tollhouse")
        .description(Some(DESCRIPTION))
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build()
}

fn security_schemes() -> openapi::Components {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key, as `Authorization: Bearer toll_…`. Operations name the scope that it must have. An admin key without a \
             list of scopes has all.",
        ))
        .build();
    let proxy = ApiKeyValue::with_description(
        "X-Tollhouse-Authorization",
        "The proxy's own key, as `Bearer toll_admin_…`, beside the client's key.",
    );
    ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("proxy", SecurityScheme::ApiKey(ApiKey::Header(proxy)))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_that_has_the_document_gets_it_no_second_time() {
        let answer = show(HeaderMap::new()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let etag = answer.headers()[ETAG].clone();
        for (known, status) in [
            (etag.to_str().unwrap().to_owned(), StatusCode::NOT_MODIFIED),
            (format!("\"other\", {}", etag.to_str().unwrap()), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("W/\"other\"".to_owned(), StatusCode::OK),
        ] {
            let request = HeaderMap::from_iter([(IF_NONE_MATCH, known.parse().unwrap())]);
            let answer = show(request).await;
            assert_eq!((answer.status(), &answer.headers()[ETAG]), (status, &etag), "{known}");
        }
    }
}
