//! `/v1/authz`: whether a proxy is to let a request through. For nginx's `auth_request`, Traefik's
//! `ForwardAuth` and Envoy's `ext_authz`.
//!
//! The request is the client's, as the proxy forwards it for the check: the client's key is where the client
//! put it, and the proxy's own admin key is in a separate header. The proxy's description of the request
//! counts, since it holds that key:
//!
//! - the destination: the rest of the path after `/v1/authz` (Envoy), or `X-Forwarded-Uri` (Traefik, and
//!   nginx as documented);
//! - the source: the last address in `X-Forwarded-For`, which is the one that the proxy saw itself.
//!
//! The operator's decisions, such as the scope that a route requires, are in the query, which no client can
//! write.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    api_keys::{Level, Scope, Secret},
    ids::{ApiKeyId, OrganizationId, ProjectId, UserId},
    permissions::Permission,
};
use services::api_keys::directory::KeyRecord;
use utoipa::{
    IntoParams, IntoResponses, PartialSchema,
    openapi::{
        self, RefOr, ResponseBuilder,
        header::HeaderBuilder,
        path::{Parameter, ParameterIn},
    },
};

use super::{
    ChecksState,
    key_check::{KeyCheck, RequestedUse},
};
use crate::{
    client_ip,
    v1::{
        caller, credentials,
        error::{ErrorDocument, V1Error},
        parameters::{header_param, query_param},
    },
};

pub(super) const PATH: &str = "/v1/authz";
/// Envoy appends the path to check.
pub(super) const SUBPATH: &str = "/v1/authz/{*path}";

/// The header with the proxy's own key: `Bearer`, as in `Authorization`, which is the client's here.
const PROXY_KEY: HeaderName = HeaderName::from_static("x-tollhouse-authorization");

const ORGANIZATION: HeaderName = HeaderName::from_static("x-tollhouse-organization-id");
const PROJECT: HeaderName = HeaderName::from_static("x-tollhouse-project-id");
const KEY: HeaderName = HeaderName::from_static("x-tollhouse-key-id");
const MEMBER: HeaderName = HeaderName::from_static("x-tollhouse-member-id");
const LEVEL: HeaderName = HeaderName::from_static("x-tollhouse-level");

/// Authorizes a request that a proxy forwards.
///
/// For nginx's `auth_request` and Traefik's `ForwardAuth`. Any method is accepted, since it is the client's. The
/// client's key is read from where the client put it, and the proxy's own from `X-Tollhouse-Authorization`. Each
/// request counts toward the key's rate limits.
#[utoipa::path(
    get,
    path = "/v1/authz",
    operation_id = "authorize-request",
    tag = "Checks",
    security(("proxy" = ["authz"], "bearer" = [])),
    params(RouteRequirement, ForwardedHeaders),
    responses(Admission, (status = 404, description = "The model isn't offered", body = ErrorDocument))
)]
pub(super) async fn authorize(State(state): State<ChecksState>, request: Request) -> Response {
    respond(&state, request).await
}

/// Authorizes a request whose path is appended.
///
/// For Envoy's `ext_authz`. It is like the operation without a path, except that the query is the client's. The
/// path may contain slashes.
#[utoipa::path(
    get,
    path = "/v1/authz/{path}",
    operation_id = "authorize-request-with-path",
    tag = "Checks",
    security(("proxy" = ["authz"], "bearer" = [])),
    params(("path" = String, Path, description = "Path of the client's request"), ForwardedHeaders),
    responses(Admission, (status = 404, description = "The model isn't offered", body = ErrorDocument))
)]
pub(super) async fn authorize_subpath(State(state): State<ChecksState>, request: Request) -> Response {
    respond(&state, request).await
}

async fn respond(state: &ChecksState, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match check(state, &parts).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.response(),
    }
}

async fn check(state: &ChecksState, request: &Parts) -> Result<Response, V1Error> {
    let ChecksState { v1, gateway } = state;
    let proxy = v1.identify_by(&proxy_key(&request.headers)?, peer(request)).await.map_err(|denied| denied.refusal)?;
    caller::require(&proxy.key, Permission::AuthorizeRequests)?;
    let requirement = RouteRequirement::read(request)?;
    // The client's key is read from the places where the gateway reads it.
    let secret = credentials::secret(&request.headers, requirement.query.as_deref())?;
    let key_check = KeyCheck {
        organization: proxy.key.organization.id,
        secret: &secret,
        requested: requirement.requested,
        model: requirement.model.as_deref(),
        // The addresses before it are the client's claim.
        ip: client_ip::client_seen_by_proxy(&request.headers),
    };
    let client = key_check.run(state).await.map_err(|denied| denied.refusal)?;
    v1.record_use(&client, request);
    // It counts as a call without tokens, since those are unknown here.
    let pace_result = gateway.pace(&client.key);
    let limit_headers = gateway.limit_headers(&client.key);
    let mut answer = match pace_result {
        Ok(_) => identity_headers(&client.key).into_response(),
        Err(refusal) => refusal.response(),
    };
    answer.headers_mut().extend(limit_headers);
    Ok(answer)
}

fn proxy_key(headers: &HeaderMap) -> Result<Secret, V1Error> {
    let wrong =
        || V1Error::key("Missing API key of the proxy. Send an admin key as `X-Tollhouse-Authorization: Bearer …`.");
    let value = headers.get(PROXY_KEY).and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
    let (scheme, key) = value.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(wrong());
    }
    Secret::parse(key.trim()).map_err(|_| credentials::unknown())
}

/// The connected peer: the proxy itself.
fn peer(request: &Parts) -> Option<IpAddr> {
    request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical())
}

/// The response to a request that may pass.
enum Admission {}

impl IntoResponses for Admission {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let headers = [
            (ORGANIZATION, "Organization of the key.", OrganizationId::schema()),
            (PROJECT, "Project of the key; missing for an admin key.", ProjectId::schema()),
            (KEY, "The key.", ApiKeyId::schema()),
            (MEMBER, "Creator of the key; missing if there is none.", UserId::schema()),
            (LEVEL, "Level of the key.", Level::schema()),
        ];
        let response = ResponseBuilder::new()
            .description("The request is allowed. Headers identify its key and state its rate limits.");
        let response = headers.into_iter().fold(response, |response, (name, description, schema)| {
            response.header(name.as_str(), HeaderBuilder::new().description(Some(description)).schema(schema).build())
        });
        BTreeMap::from([(StatusCode::OK.as_str().to_owned(), response.build().into())])
    }
}

/// The headers that describe the client's request.
enum ForwardedHeaders {}

impl IntoParams for ForwardedHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let address = "Addresses of the client and of proxies. The last one, which the proxy saw itself, is checked. If it is \
                       missing, only keys without an allowlist of networks pass.";
        vec![header_param("X-Forwarded-For", address, String::schema())]
    }
}

/// The use that a proxy's route requires.
struct RouteRequirement {
    requested: RequestedUse,
    model: Option<String>,
    /// The client's own query.
    query: Option<String>,
}

impl IntoParams for RouteRequirement {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            query_param("scope", "Scope that the key must have, instead of that of the path.", Scope::schema()),
            query_param("model", "Model that must exist, and that the key must be allowed to use.", String::schema()),
            header_param("X-Forwarded-Uri", "Path and query of the client's request.", String::schema()),
        ]
    }
}

impl RouteRequirement {
    fn read(request: &Parts) -> Result<Self, V1Error> {
        let (mut scope, mut model) = (None, None);
        // After a path that Envoy appended, the query is the client's.
        let subpath = request.uri.path().strip_prefix(PATH).filter(|path| !path.is_empty());
        let query = if subpath.is_some() { "" } else { request.uri.query().unwrap_or_default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "scope" if scope.is_none() => {
                    scope = Some(value.parse::<Scope>().map_err(|error| V1Error::invalid("scope", error))?);
                }
                "model" if model.is_none() => model = Some(value.into_owned()),
                _ => {
                    let message = "The query may contain `scope` and `model`, each only once.";
                    return Err(V1Error::invalid(name.into_owned(), message));
                }
            }
        }
        let (path, query) = match subpath {
            Some(path) => (Some(path.to_owned()), request.uri.query().map(str::to_owned)),
            None => forwarded_uri(&request.headers)?,
        };
        let requested = match (scope, path) {
            (Some(scope), _) => RequestedUse::Scope(scope),
            (None, Some(path)) => RequestedUse::of_path(&path),
            (None, None) => RequestedUse::Foreign,
        };
        Ok(Self { requested, model, query })
    }
}

/// The path and query that the client called. If the header comes twice, it is unknown which one the proxy
/// wrote.
fn forwarded_uri(headers: &HeaderMap) -> Result<(Option<String>, Option<String>), V1Error> {
    let mut values = headers.get_all("x-forwarded-uri").iter();
    let (value, more) = (values.next(), values.next());
    if more.is_some() {
        return Err(V1Error::malformed("X-Forwarded-Uri may be given only once."));
    }
    let text = value.map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    let (path, query) = text.split_once(['?', '#']).map_or((&*text, None), |(path, query)| (path, Some(query)));
    Ok((Some(path.to_owned()).filter(|path| !path.is_empty()), query.map(str::to_owned)))
}

/// The key's identity, as headers for the service behind the proxy.
fn identity_headers(key: &KeyRecord) -> HeaderMap {
    let ids = [
        (ORGANIZATION, Some(key.organization.id.to_string())),
        (PROJECT, key.project_id.map(|id| id.to_string())),
        (KEY, Some(key.api_key_id.to_string())),
        (MEMBER, key.member_id.map(|id| id.to_string())),
        (LEVEL, Some(key.level.to_string())),
    ];
    // Ids and levels are plain ASCII.
    ids.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value?).ok()?))).collect()
}
